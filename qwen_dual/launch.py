"""Everything up to the first event: options, settings, channels, model and bus.

``interactive`` goes on from there. The order is what makes the start quick: the channels open and
``session_start`` goes out before the event loop and the UI are imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual import __version__
from qwen_dual.channels import Channels, open_channels, wanted
from qwen_dual.core.bus import Bus
from qwen_dual.fs.home import home_of
from qwen_dual.git.repository import Branch
from qwen_dual.keys import names_of_keys, withhold
from qwen_dual.model_choice import BadChoice, choose_models
from qwen_dual.protocol import COMMAND_TYPES, EVENT_TYPES, PROTOCOL_VERSION, events
from qwen_dual.protocol.records import shown
from qwen_dual.sandboxing import asked_for, facts
from qwen_dual.saved import NoSuchSession, chat_to_resume, check_new_id, reserve_chat
from qwen_dual.settings.load import load_settings, qwen_home
from qwen_dual.settings.secrets import is_secret
from qwen_dual.settings.trust import FolderTrust, TrustedFolders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.chats.load import Chat
    from qwen_dual.cli import Options
    from qwen_dual.core.secrets import Secrets
    from qwen_dual.model_choice import ModelChoice
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


class Launch(Struct):
    """What is decided before the event loop runs.

    Attributes:
        shell: the environment as it was before anything was added.
        withheld: variables with keys, which no child gets.
        sandbox: what is asked for; None for no sandbox.
    """

    options: Options
    settings: Settings
    cwd: str
    home: str
    choice: ModelChoice
    approval_mode: str
    bus: Bus
    channels: Channels
    branch: Branch
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


def check_terminal() -> None:
    """Checks that there is a terminal to show the UI on.

    Raises:
        StartError: there is none.
    """
    for fd, name in ((0, "stdin"), (1, "stdout")):
        if not os.isatty(fd):
            raise StartError(
                f"{name} is not a terminal, and this version has an interactive UI only. "
                "Run it in a terminal, or host it in a PTY (tmux, node-pty, ptyprocess) and send "
                "prompts through --input-file."
            )


def prepare(options: Options, inputs: Mapping[str, os.stat_result | None]) -> Launch:
    """Everything up to ``session_start``.

    Raises:
        StartError: there is no folder, or a file named on the command line is unusable.
    """
    try:
        cwd = os.getcwd()
    except OSError as error:
        raise StartError(f"the current folder is gone ({error.strerror}); cd to another") from None
    home = qwen_home(os.environ)
    trust = FolderTrust(TrustedFolders(home, home_of(os.environ)), cwd, by_host=options.trust)
    shell = dict(os.environ)
    settings = load_settings(cwd, home, shell, flags=options.as_settings(), trust=trust)
    # So that what runs for the session sees them too: the shell's commands, a proxy's address.
    os.environ.update(settings.environment.added)
    choice = _choose(options, settings)
    try:
        recorded = settings.get("general.chatRecording", True)
        chat = chat_to_resume(options, home, cwd, lock=recorded)
        check_new_id(options.session_id, home, cwd)
    except NoSuchSession as error:
        raise StartError(str(error)) from None
    new_id = options.session_id or options.resume_or_new or events.new_uuid()
    bus = Bus(chat.session_id if chat else new_id)
    withheld = keep_secrets(bus.secrets, choice, settings)
    try:
        asked = wanted(options, settings.json_file, settings.input_file)
    except OSError as error:
        from qwen_dual.core.failures import describe

        raise StartError(f"--channel-dir: {describe(error)}") from None
    named = {
        path: f"{key} in {settings.sources[key]}"
        for key, path in (
            ("dualOutput.jsonFile", settings.json_file),
            ("dualOutput.inputFile", settings.input_file),
        )
        if path is not None
    }
    channels = open_channels(
        asked, inputs, from_start=options.input_from == "start", named_by=named
    )
    for warning in channels.warnings:
        print(warning, file=sys.stderr)
    mode = options.approval_mode or settings.approval_mode or "default"

    if channels.tee is not None:
        bus.subscribe(channels.tee)
    launch = Launch(
        options,
        settings,
        cwd,
        home,
        choice,
        mode,
        bus,
        channels,
        Branch(cwd),
        shell=shell,
        chat=chat,
    )
    launch.withheld = withheld
    launch.sandbox = asked_for(settings, options.sandbox)
    if chat is None and settings.get("general.chatRecording", True):
        reserve_chat(home, cwd, bus.session_id)
    bus.publish(session_start(launch))
    from qwen_dual import debuglog  # logging takes a tenth of the time to here to import

    launch.log_path = debuglog.start(
        home, bus.session_id, verbose=options.debug, scrub=bus.secrets.scrub
    )
    return launch


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
            **launch.channels.greeting(),
            **facts(launch.sandbox),
        },
    )


def _choose(options: Options, settings: Settings) -> ModelChoice:
    try:
        return choose_models(options, settings)
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
