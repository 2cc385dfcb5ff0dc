"""Which folders the user trusts: ``trustedFolders.json`` in the user's own settings folder.

A path maps to ``TRUST_FOLDER`` (it and all below), ``TRUST_PARENT`` (the folder above it and all
below that) or ``DO_NOT_TRUST``. The most specific rule decides; without one a folder is not trusted,
and the person has not been asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from qwen_dual.fs.home import expanded, home_of
from qwen_dual.settings.files import BadFile, read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE = "trustedFolders.json"

Level = Literal["TRUST_FOLDER", "TRUST_PARENT", "DO_NOT_TRUST"]
LEVELS: tuple[Level, ...] = ("TRUST_FOLDER", "TRUST_PARENT", "DO_NOT_TRUST")


class Ruling(Struct, frozen=True):
    """What decides about a folder.

    Attributes:
        trusted: whether it trusts.
        root: the folder that the rule is about, its real path.
    """

    trusted: bool
    root: str


class TrustedFolders:
    """The user's list, read when it is first asked; one that cannot be read trusts nothing.

    Args:
        home: the user's settings folder.
        person: the person's own folder, which ``~`` stands for.

    Attributes:
        path: the file.
        person: as given.
        problem: why it cannot be used.
    """

    def __init__(self, home: str, person: str) -> None:
        self.path = os.path.join(home, FILE)
        self.person = person
        self.problem: str | None = None
        self._rules: list[Ruling] | None = None

    def ruling(self, folder: str) -> Ruling | None:
        """The rule that decides about ``folder``; None where no rule does."""
        if self._rules is None:
            try:
                self._rules = rulings(read_object(self.path)[0], self.person)
            except BadFile as error:
                self.problem = str(error)
                self._rules = []
        return most_specific(folder, self._rules)

    def trusts(self, folder: str) -> bool:
        """Whether ``folder`` may bring settings that reach beyond it."""
        found = self.ruling(folder)
        return found is not None and found.trusted

    def reread(self) -> None:
        """Reads the file again at the next question: somebody has written it."""
        self._rules, self.problem = None, None


class FolderTrust:
    """Whether the folder of one session is trusted: a fact that may change while it runs.

    Args:
        folders: the user's list.
        folder: the session's.
        by_host: whether whoever started the program vouches for the folder, or rules it out; None
            where they say nothing. Not remembered.

    Attributes:
        folders: the user's list.
        folder: the session's, its real path.
    """

    def __init__(
        self, folders: TrustedFolders, folder: str, *, by_host: bool | None = None
    ) -> None:
        self.folders = folders
        self.folder = os.path.realpath(folder)
        self._for_session = by_host

    @property
    def trusted(self) -> bool:
        """Whether what the folder brings takes effect."""
        return self.trusts(self.folder)

    @property
    def decided(self) -> bool:
        """Whether anybody has said yes or no."""
        return self._for_session is not None or self.folders.ruling(self.folder) is not None

    @property
    def for_session(self) -> bool | None:
        """What holds until the end of the session, whatever the list says; None where it decides."""
        return self._for_session

    def trusts(self, folder: str) -> bool:
        """Whether ``folder``, the session's or one around or below it, is trusted."""
        if self._for_session is not None and _within(os.path.realpath(folder), self.folder):
            return self._for_session
        return self.folders.trusts(folder)

    def decide(self, trusted: bool | None) -> None:
        """Decides for the rest of the session; None leaves it to the list, which is read anew."""
        self._for_session = trusted
        self.folders.reread()


def rulings(rules: Mapping[str, Any], person: str) -> list[Ruling]:
    """What each of ``rules`` is about; symbolic links are resolved.

    A rule whose path is not absolute says nothing: it would be about whatever folder one is in.

    Args:
        rules: as the file has them.
        person: what ``~`` stands for.
    """
    found = []
    for path, level in rules.items():
        root = expanded(path, person)
        if level not in LEVELS or not os.path.isabs(root):
            continue
        if level == "TRUST_PARENT":
            root = os.path.dirname(os.path.normpath(root))
        found.append(Ruling(level != "DO_NOT_TRUST", os.path.realpath(root)))
    return found


def most_specific(folder: str, rules: Iterable[Ruling]) -> Ruling | None:
    """The one that decides about ``folder``; of two for one folder the cautious one."""
    folder = os.path.realpath(folder)
    about = [rule for rule in rules if _within(folder, rule.root)]
    return max(about, key=lambda rule: (len(rule.root), not rule.trusted), default=None)


def is_broad(folder: str, env: Mapping[str, str]) -> bool:
    """Whether trusting ``folder`` for good would trust what somebody else may put there tomorrow.

    The home, what is around it, and the folders for temporary files hold the work of many.

    Args:
        folder: a real path.
        env: the session's environment: it names the person's home and a folder for temporary files.
    """
    temporary = ("/tmp", "/var/tmp", "/dev/shm", env.get("TMPDIR") or "/tmp")
    return _within(os.path.realpath(home_of(env)), folder) or folder in map(
        os.path.realpath, temporary
    )


def _within(folder: str, root: str) -> bool:
    return folder == root or folder.startswith(root.rstrip(os.sep) + os.sep)
