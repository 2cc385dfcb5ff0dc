"""Where a session works: its folder, the person's home, its own environment, what is configured.

Immutable, and given to whatever the session consists of; nothing else asks the process where it is. A
decision about trust makes another workspace, which takes the place of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.fs.home import home_of, qwen_home, shortened
from qwen_dual.protocol.records import shown
from qwen_dual.settings.load import load_settings
from qwen_dual.settings.trust import FolderTrust, TrustedFolders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from qwen_dual.core.secrets import Secrets
    from qwen_dual.settings.load import Settings

SESSION_VARIABLE = "QWEN_CODE_SESSION_ID"
"""Tells commands which session runs them."""


class Workspace(Struct, frozen=True):
    """What one session finds around it.

    Attributes:
        cwd: its folder, absolute.
        home: the person's settings folder, ``~/.qwen`` as a rule.
        env: what each child is given: the variables of the shell, of .env files and of the settings
            less the keys.
        settings: what is in force.
        trust: whether the folder is trusted, now; another decision shows in here at once.
        shell: the environment before anything was added, keys and all.
    """

    cwd: str
    home: str
    env: Mapping[str, str]
    settings: Settings
    trust: FolderTrust
    shell: Mapping[str, str]

    def __repr__(self) -> str:
        return shown(self, without={"env", "settings", "trust", "shell"})

    @property
    def person(self) -> str:
        """The person's own folder, which ``~`` stands for."""
        return home_of(self.settings.environment.values)

    @property
    def trusted(self) -> bool:
        """Whether what the folder brings takes effect, now."""
        return self.trust.trusted

    def read_again(self, flags: Mapping[str, object]) -> Workspace:
        """This workspace with the settings as they are by now; children get what they got before.

        Args:
            flags: what the command line sets, as for ``open_workspace``.
        """
        settings = load_settings(self.cwd, self.home, self.shell, flags=flags, trust=self.trust)
        return replace(self, settings=settings)

    def of_session(self, session_id: str, withheld: Collection[str]) -> Workspace:
        """This workspace with what children get.

        Args:
            session_id: they are told of it.
            withheld: variables that none of them gets.
        """
        every = self.settings.environment.values
        env = {name: value for name, value in every.items() if name not in withheld}
        return replace(self, env={**env, SESSION_VARIABLE: session_id})

    def short(self, path: str) -> str:
        """``path`` for a person to read."""
        return shortened(path, self.person)


def open_workspace(
    cwd: str, env: Mapping[str, str], *, flags: Mapping[str, object], trusted: bool | None = None
) -> Workspace:
    """The workspace of a session that begins; children get nothing until its keys are known.

    Args:
        cwd: its folder, absolute.
        env: its environment; nothing of it is changed.
        flags: what the command line sets, as the settings would.
        trusted: whether whoever begins the session vouches for the folder; None where they say nothing.
    """
    home = qwen_home(env, cwd)
    trust = FolderTrust(TrustedFolders(home, home_of(env)), cwd, by_host=trusted)
    settings = load_settings(cwd, home, env, flags=flags, trust=trust)
    return Workspace(cwd, home, {}, settings, trust, env)


def names_of_keys(
    env: Mapping[str, str], secrets: Secrets, named: Iterable[str], passed: Collection[str]
) -> list[str]:
    """The variables that hold a secret: what is started gets none of them, be it a command or an editor.

    Args:
        env: the environment.
        secrets: what must not be shown.
        named: variables that keys of services come from, however short.
        passed: variables that the person wants children to get all the same.
    """
    keys = set(named)
    found = (name for name, value in env.items() if name in keys or secrets.holds(value))
    return sorted(name for name in found if name not in passed)
