"""Everything up to the first event: settings, model and bus.

Whoever starts a session opens its channels between ``prepare``, which refuses what cannot be, and
``begin``, which tells them of it. The order is what makes the start quick: ``session_start`` goes out
before the event loop and a front end are imported.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from qwen_dual import __version__
from qwen_dual.core.bus import Bus
from qwen_dual.git.repository import Branch
from qwen_dual.protocol import COMMAND_TYPES, EVENT_TYPES, PROTOCOL_VERSION, events
from qwen_dual.runtime.model_choice import BadChoice, choose_models
from qwen_dual.runtime.process import environment, folder
from qwen_dual.runtime.sandboxing import asked_for, facts
from qwen_dual.runtime.saved import NoSuchSession, chat_to_resume, check_new_id, reserve_chat
from qwen_dual.runtime.workspace import names_of_keys, open_workspace
from qwen_dual.settings import keys
from qwen_dual.settings.secrets import is_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from qwen_dual.chats.load import Chat
    from qwen_dual.core.secrets import Secrets
    from qwen_dual.core.session.begun import Begun
    from qwen_dual.runtime.debuglog import SessionLog
    from qwen_dual.runtime.model_choice import ModelChoice
    from qwen_dual.runtime.spec import SessionSpec
    from qwen_dual.runtime.telemetry import Telemetry
    from qwen_dual.runtime.workspace import Workspace
    from qwen_dual.sandbox.policy import SandboxPolicy
    from qwen_dual.settings.load import Settings

LONG_SECRET = 16
"""Characters from which on the value of a variable is kept out of sight for its name alone."""

SUPPORTS = {"supported_events": EVENT_TYPES, "supported_commands": COMMAND_TYPES}


class StartError(Exception):
    """The program cannot start; the text is for the person, ``status`` for the shell."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class Outside(Struct, frozen=True):
    """What a session knows of the channels that somebody opened for it.

    Attributes:
        greeting: what ``session_start`` says of them.
        paths: the files behind them, which no command may touch.
        addresses: where other programs reach them: paths, by ``socket``, ``events`` and ``input``, of those
            that have one.
        describe: the text of ``/channels``.
    """

    greeting: Mapping[str, Any] = field(default_factory=dict)
    paths: Sequence[str] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    describe: Callable[[], str] = lambda: "This session has no channels."


NO_CHANNELS = Outside()


class Launch(Struct):
    """What is decided before the event loop runs.

    Attributes:
        workspace: where it works; a decision about trust puts another in its place.
        outside: the channels, once they are open.
        log: of the session, once it has begun.
        withheld: variables with keys, which no child gets.
        sandbox: what is asked for; None for no sandbox.
        begun: the prompt that was there already, told before the session is assembled.
        telemetry: who else is told what happens; None for nobody.
        server_rules: what runs without asking since the person trusts an MCP server.
    """

    spec: SessionSpec
    workspace: Workspace
    choice: ModelChoice
    approval_mode: str
    bus: Bus
    branch: Branch
    outside: Outside = NO_CHANNELS
    log: SessionLog | None = None
    chat: Chat | None = None
    withheld: Sequence[str] = ()
    sandbox: SandboxPolicy | None = None
    server_rules: Sequence[str] = ()
    begun: Begun | None = None
    telemetry: Telemetry | None = None

    @property
    def cwd(self) -> str:
        """The folder of the session."""
        return self.workspace.cwd

    @property
    def home(self) -> str:
        """The person's settings folder."""
        return self.workspace.home

    @property
    def env(self) -> Mapping[str, str]:
        """What children are given, now."""
        return self.workspace.env

    @property
    def settings(self) -> Settings:
        """What is in force, now."""
        return self.workspace.settings

    @property
    def log_path(self) -> str:
        """Where the session's log is, or would be."""
        return self.log.path if self.log is not None else ""

    def in_log(self) -> AbstractContextManager[None]:
        """Within, what the calling task logs, and what it starts, stands in the session's log."""
        return nullcontext() if self.log is None else self.log.active()

    def close_log(self) -> None:
        """Ends the session's log, behind all that could say something; idempotent."""
        if self.log is not None:
            self.log.close()

    def abandon(self) -> None:
        """Lets go of what it holds where no session comes of it: the chat and the log."""
        if self.chat is not None and self.chat.journal is not None:
            self.chat.journal.close()
        self.close_log()

    @property
    def session_id(self) -> str:
        """The id that events carry."""
        return self.bus.session_id


def prepare(spec: SessionSpec) -> Launch:
    """Decides all that a session is made of, and starts nothing.

    Raises:
        StartError: there is no folder, or something that is asked for by name is unusable.
    """
    env = environment() if spec.env is None else spec.env
    try:
        cwd = folder() if spec.cwd is None else spec.cwd
    except OSError as error:
        raise StartError(f"the current folder is gone ({error.strerror}); cd to another") from None
    workspace = open_workspace(cwd, env, flags=spec.as_settings(), trusted=spec.trust)
    settings, home = workspace.settings, workspace.home
    choice = _choose(spec, settings)
    try:
        recorded = settings.get(keys.CHAT_RECORDING)
        chat = chat_to_resume(spec, home, cwd, lock=recorded)
        check_new_id(spec.session_id, home, cwd)
    except NoSuchSession as error:
        raise StartError(str(error)) from None
    if spec.resume_last and chat is None:
        told = f"--continue: no session was saved in {cwd}; this is a new one."
        spec = replace(spec, remarks=(*spec.remarks, told))
    new_id = spec.session_id or spec.resume_or_new or events.new_uuid()
    bus = Bus(chat.session_id if chat else new_id)
    withheld = keep_secrets(bus.secrets, choice, settings)
    mode = spec.approval_mode or settings.get(keys.APPROVAL_MODE)
    if refused := refusal_of(mode, settings):
        mode = "default"
        spec = replace(spec, remarks=(*spec.remarks, f"{refused} The mode is default."))
    return Launch(
        spec,
        workspace.of_session(bus.session_id, withheld),
        choice,
        mode,
        bus,
        Branch(cwd),
        chat=chat,
        withheld=withheld,
    )


def refusal_of(mode: str, settings: Settings) -> str:
    """Why an approval mode cannot be had; empty where it can.

    What judges calls in auto mode goes by what it is told of the work, and a folder that nobody trusts
    may be made to mislead it.
    """
    if mode != "auto" or settings.trusted:
        return ""
    return "There is no auto mode in a folder that you have not trusted; /trust changes that."


def begin(
    launch: Launch, outside: Outside, observers: Iterable[Callable[[events.Event], None]]
) -> None:
    """Publishes ``session_start``.

    Args:
        launch: what ``prepare`` decided.
        outside: the channels.
        observers: get every event, from this first one on.
    """
    bus, settings = launch.bus, launch.settings
    for observer in observers:
        bus.subscribe(observer)
    if _wants_telemetry(launch):
        from qwen_dual.runtime.telemetry import telemetry_for

        launch.telemetry = telemetry_for(launch)
    launch.outside = outside
    launch.sandbox = asked_for(settings, launch.spec.sandbox)
    if launch.chat is None and settings.get(keys.CHAT_RECORDING):
        reserve_chat(launch.home, launch.cwd, bus.session_id)
    bus.publish(session_start(launch))
    # Logging takes a tenth of the time to here to import.
    from qwen_dual.runtime.debuglog import open_log

    launch.log = open_log(
        launch.home, bus.session_id, verbose=launch.spec.debug, scrub=bus.secrets.scrub
    )


def _wants_telemetry(launch: Launch) -> bool:
    """Whether anybody asked for telemetry; without that nothing of it is imported."""
    settings = launch.settings
    return bool(
        launch.spec.telemetry
        or "telemetry" in settings.values
        or "QWEN_TELEMETRY_ENABLED" in settings.environment.values
    )


def session_start(launch: Launch) -> events.Event:
    """The body of the first event."""
    return events.system(
        "session_start",
        {
            "session_id": launch.bus.session_id,
            "cwd": launch.cwd,
            "protocol_version": PROTOCOL_VERSION,
            "version": __version__,
            **SUPPORTS,
            "agent": "qwen-dual",
            "pid": os.getpid(),
            "model": launch.choice.first_name,
            "approval_mode": launch.approval_mode,
            **launch.outside.greeting,
            **facts(launch.sandbox),
            **_habits(launch.settings),
        },
    )


def _habits(settings: Settings) -> dict[str, str]:
    """What another place to write prompts has to know of the person, where it is not the usual."""
    return {"enter_while_busy": "queue"} if settings.get(keys.ENTER_WHILE_BUSY) == "queue" else {}


def _choose(spec: SessionSpec, settings: Settings) -> ModelChoice:
    try:
        return choose_models(spec, settings)
    except BadChoice as error:
        raise StartError(str(error)) from None


def keep_secrets(secrets: Secrets, choice: ModelChoice, settings: Settings) -> Sequence[str]:
    """Keeps every key that the session knows of from sight, and from the children's environment.

    Returns:
        The variables that no child gets.
    """
    for config in choice.configs.values():
        secrets.add(config.api_key, config.key_source.partition(" ")[0] or "API key")
    for name, value in settings.environment.values.items():
        # A short one may be a plain word, such as a test's password, that files hold as well.
        if len(value) >= LONG_SECRET and not value.startswith("/") and is_secret((name,)):
            secrets.add(value, name)
            if name.endswith("_HEADERS"):  # of collectors: key=value, …
                for header in value.split(","):
                    secrets.add(header.partition("=")[2].strip(), name)
    return names_of_keys(
        settings.environment.values,
        secrets,
        (config.key_source for config in choice.configs.values() if config.api_key),
        settings.get(keys.PASS_ENVIRONMENT),
    )
