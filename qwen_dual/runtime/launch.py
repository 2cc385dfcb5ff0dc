"""Everything up to the first event: settings, model and bus.

Whoever starts a session opens its channels between ``prepare``, which refuses what cannot be, and
``begin``, which tells them of it. The order is what makes the start quick: ``session_start`` goes out
before the event loop and a front end are imported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual import __version__
from qwen_dual.core.bus import Bus
from qwen_dual.fs.home import home_of
from qwen_dual.git.repository import Branch
from qwen_dual.protocol import COMMAND_TYPES, EVENT_TYPES, PROTOCOL_VERSION, events
from qwen_dual.protocol.records import shown
from qwen_dual.runtime.keys import names_of_keys, withhold
from qwen_dual.runtime.model_choice import BadChoice, choose_models
from qwen_dual.runtime.sandboxing import asked_for, facts
from qwen_dual.runtime.saved import NoSuchSession, chat_to_resume, check_new_id, reserve_chat
from qwen_dual.settings.load import load_settings, qwen_home
from qwen_dual.settings.secrets import is_secret
from qwen_dual.settings.trust import FolderTrust, TrustedFolders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from qwen_dual.chats.load import Chat
    from qwen_dual.core.secrets import Secrets
    from qwen_dual.runtime.model_choice import ModelChoice
    from qwen_dual.runtime.spec import SessionSpec
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
        describe: the text of ``/channels``.
    """

    greeting: Mapping[str, Any] = field(default_factory=dict)
    paths: Sequence[str] = ()
    describe: Callable[[], str] = lambda: "This session has no channels."


NO_CHANNELS = Outside()


class Launch(Struct):
    """What is decided before the event loop runs.

    Attributes:
        outside: the channels, once they are open.
        shell: the environment as it was before anything was added.
        withheld: variables with keys, which no child gets.
        sandbox: what is asked for; None for no sandbox.
    """

    spec: SessionSpec
    settings: Settings
    cwd: str
    home: str
    choice: ModelChoice
    approval_mode: str
    bus: Bus
    branch: Branch
    outside: Outside = NO_CHANNELS
    log_path: str = ""
    shell: Mapping[str, str] = field(default_factory=dict)
    chat: Chat | None = None
    withheld: Sequence[str] = ()
    sandbox: SandboxPolicy | None = None

    def __repr__(self) -> str:
        return shown(self, without={"shell"})

    @property
    def env(self) -> Mapping[str, str]:
        """The environment of the session, which what it starts is given."""
        return os.environ

    @property
    def session_id(self) -> str:
        """The id that events carry."""
        return self.bus.session_id


def prepare(spec: SessionSpec) -> Launch:
    """Decides all that a session is made of, and starts nothing.

    Raises:
        StartError: there is no folder, or something that is asked for by name is unusable.
    """
    try:
        cwd = os.getcwd()
    except OSError as error:
        raise StartError(f"the current folder is gone ({error.strerror}); cd to another") from None
    home = qwen_home(os.environ)
    trust = FolderTrust(TrustedFolders(home, home_of(os.environ)), cwd, by_host=spec.trust)
    shell = dict(os.environ)
    settings = load_settings(cwd, home, shell, flags=spec.as_settings(), trust=trust)
    # So that what runs for the session sees them too: the shell's commands, a proxy's address.
    os.environ.update(settings.environment.added)
    choice = _choose(spec, settings)
    try:
        recorded = settings.get("general.chatRecording", True)
        chat = chat_to_resume(spec, home, cwd, lock=recorded)
        check_new_id(spec.session_id, home, cwd)
    except NoSuchSession as error:
        raise StartError(str(error)) from None
    new_id = spec.session_id or spec.resume_or_new or events.new_uuid()
    bus = Bus(chat.session_id if chat else new_id)
    launch = Launch(
        spec,
        settings,
        cwd,
        home,
        choice,
        spec.approval_mode or settings.approval_mode or "default",
        bus,
        Branch(cwd),
        shell=shell,
        chat=chat,
    )
    launch.withheld = keep_secrets(bus.secrets, choice, settings)
    return launch


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
    launch.outside = outside
    launch.sandbox = asked_for(settings, launch.spec.sandbox)
    if launch.chat is None and settings.get("general.chatRecording", True):
        reserve_chat(launch.home, launch.cwd, bus.session_id)
    bus.publish(session_start(launch))
    from qwen_dual.runtime import debuglog  # logging takes a tenth of the time to here to import

    launch.log_path = debuglog.start(
        launch.home, bus.session_id, verbose=launch.spec.debug, scrub=bus.secrets.scrub
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
        },
    )


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
    withheld = names_of_keys(
        os.environ,
        secrets,
        (config.key_source for config in choice.configs.values() if config.api_key),
        settings.of_the_person("tools.shell.passEnvironment", []),
    )
    withhold(withheld)
    return withheld
