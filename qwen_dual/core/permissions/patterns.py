"""What stands in the parentheses of a permission rule: patterns of commands, of paths and of hosts.

Pure. A pattern is matched against what a tool said of its call (``tool.Subject``); which calls a
rule speaks of, and what follows from a match, is ``permissions``'s.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.text import gitignore
from qwen_dual.core.text.wildcard import stars
from qwen_dual.core.tools.tool import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from qwen_dual.core.tools.tool import FileAccess


class CommandPattern(Struct, frozen=True):
    """Words and stars: ``git *``, ``npm run *``, ``git * main``; without a star a beginning.

    With ``=`` before them (``=make test``) just these words, and a star in them is a star.

    A star on its own stands for any number of words, none included; one inside a word for any
    text of it. A program never matches by the beginning of its name unless the pattern says so.

    Attributes:
        tokens: the words of the pattern; None for a star on its own.
    """

    tokens: tuple[re.Pattern[str] | None, ...]

    @classmethod
    def parse(cls, text: str) -> CommandPattern:
        """The pattern of ``text``; ``git:*`` is an older way to say ``git *``.

        Raises:
            ValueError: its quotes do not close.
        """
        text = re.sub(r":\*$", " *", text.strip())
        exact = text.startswith("=")
        try:
            import shlex

            words = shlex.split(text.removeprefix("=") if exact else text)
        except ValueError as error:
            raise ValueError(f"its quotes do not close ({error})") from None
        if exact and words:
            return cls(tuple(re.compile(re.escape(word)) for word in words))
        tokens = [None if set(word) == {"*"} else stars(word) for word in words]
        if tokens[-1] is not None and ("*" not in text or words[-1].endswith("*")):
            tokens.append(None)
        return cls(tuple(tokens))

    @property
    def exact(self) -> bool:
        """Whether it means just its words."""
        return None not in self.tokens

    def allows(self, words: Sequence[str], spelled: Collection[int]) -> bool:
        """Whether a rule of it allows the command ``words``, which are what the program gets.

        Args:
            words: of the strict reader; a ``GLOB`` among them matches no word of a pattern.
            spelled: indexes of words that no star covers; with 0 among them only just these words
                will do. Where the program is named by a path, the pattern has to have that path.
        """
        if 0 in spelled and not self.exact:
            return False
        first = self.tokens[0]
        if "/" in words[0] and (first is None or first.pattern != re.escape(words[0])):
            return False
        return self._match(words, spelled, unknown_is_any=False)

    def matches(self, words: Sequence[str]) -> bool:
        """Whether it speaks of the command ``words`` of the grammar, to deny it or to ask."""
        return self._match(words, (), unknown_is_any=False)

    def may_match(self, words: Sequence[str]) -> bool:
        """Whether it does or would, were the unknown words something else."""
        return self._match(words, (), unknown_is_any=True)

    def _match(
        self, words: Sequence[str], spelled: Collection[int], *, unknown_is_any: bool
    ) -> bool:
        end = len(self.tokens)
        at = self._past_stars({0})
        for index, word in enumerate(words):
            after: set[int] = set()
            for position in at:
                if unknown_is_any and word == UNKNOWN:
                    # It may turn out as any number of words, so any of the rest may be done with.
                    after.update(range(position, end + 1))
                elif position < end:
                    token = self.tokens[position]
                    if token is None:
                        if index not in spelled:
                            after.add(position)
                    elif not word.startswith(UNKNOWN) and token.fullmatch(word):
                        after.add(position + 1)
            if not after:
                return False
            at = self._past_stars(after)
        return end in at

    def _past_stars(self, positions: set[int]) -> set[int]:
        """``positions`` and those behind the stars that stand there."""
        found = set(positions)
        for position in positions:
            after = position
            while after < len(self.tokens) and self.tokens[after] is None:
                after += 1
                found.add(after)
        return found


class PathPattern(Struct, frozen=True):
    """A path in the notation of .gitignore, from the project, from home or from ``/``.

    ``//etc/**`` counts from ``/``, ``~/x`` from home, ``./x`` from the project, and ``x`` is
    anywhere in it. ``/x`` is taken both ways, from ``/`` and from the project: both are in use.

    Attributes:
        text: as it was written.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> PathPattern:
        """The pattern of ``text``.

        Raises:
            ValueError: it is none.
        """
        if text.startswith("!"):
            raise ValueError("a path cannot begin with '!'; use another list for what is excepted")
        if "\\" in text or "[" in text:  # only these can be wrong
            try:
                _rule(text)
            except ValueError as error:
                raise ValueError(f"it is no path pattern ({error})") from None
        return cls(text)

    def matches(self, path: str, root: str, home: str, *, is_folder: bool) -> bool:
        """Whether the absolute ``path`` is meant.

        Args:
            path: what is looked at.
            root: the project's folder, absolute.
            home: the person's, absolute.
            is_folder: whether ``path`` stands for all below it.
        """
        return any(
            _below(path, anchor, line, is_folder=is_folder)
            for anchor, line in self._lines(root, home)
        )

    def means(self, file: FileAccess, root: str, home: str) -> bool:
        """Whether ``file`` is meant where it really is."""
        return self.matches(file.real, root, home, is_folder=file.is_folder)

    def may_mean(self, file: FileAccess, root: str, home: str) -> bool:
        """Whether ``file`` is meant where it really is or by the name it was called."""
        return self.means(file, root, home) or self.matches(
            file.path, root, home, is_folder=file.is_folder
        )

    def may_reach(self, folder: str, root: str, home: str) -> bool:
        """Whether anything below the absolute ``folder`` may be meant."""
        for anchor, line in self._lines(root, home):
            plain = re.split(r"[*?\[\\]", line.rstrip("/"), maxsplit=1)[0]
            if "/" in line.rstrip("/"):
                anchor = posixpath.join(anchor, plain.rpartition("/")[0].lstrip("/"))
            below, above = anchor.rstrip("/") + "/", folder.rstrip("/") + "/"
            if below.startswith(above) or above.startswith(below):
                return True
        return False

    def _lines(self, root: str, home: str) -> list[tuple[str, str]]:
        """Folders to count from, each with its line of a .gitignore."""
        text = self.text
        if text.startswith("//"):
            return [("/", text[1:])]
        if text == "~" or text.startswith("~/"):
            return [(home, text[1:] or "/")]
        if text.startswith("/"):
            return [("/", text), (root, text)]
        if text.startswith("../") or "/../" in text:
            return [("/", posixpath.normpath(posixpath.join(_escaped(root), text)))]
        if text.startswith("./"):
            return [(root, text[1:])]
        return [(root, text if not text.startswith("#") else "\\" + text)]


class HostPattern(Struct, frozen=True):
    """A host and all below it: ``example.com``, ``*.example.com`` only those below."""

    host: str

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """The pattern of ``text``, which may begin with ``domain:``.

        Raises:
            ValueError: it is no host.
        """
        host = text.removeprefix("domain:").strip().lower().rstrip(".")
        if not re.fullmatch(r"(\*\.)?[\w.:\[\]-]+", host):
            raise ValueError("expected a host such as example.com or *.example.com, without a path")
        return cls(host)

    def matches(self, host: str) -> bool:
        """Whether ``host``, in lower case, is meant."""
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return host == self.host or host.endswith("." + self.host)


def escape_path(path: str) -> str:
    """The absolute ``path`` as a pattern that means just it, counted from ``/``."""
    return "/" + _escaped(path)


def _escaped(path: str) -> str:
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)


def _below(path: str, anchor: str, line: str, *, is_folder: bool) -> bool:
    top = anchor.rstrip("/") + "/"
    if path.rstrip("/") + "/" == top:
        return is_folder and line in ("/", "*", "**", "/*", "/**")
    if not path.startswith(top):
        return False
    rule = _rule(line)
    return rule is not None and rule.covers(
        path[len(top) :].rstrip("/").split("/"), is_folder=is_folder
    )


@lru_cache(maxsize=1024)
def _rule(line: str) -> gitignore.Rule | None:
    return gitignore.Rule.parse(line)
