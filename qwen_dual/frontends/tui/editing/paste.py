"""Large pastes folded into placeholders that are expanded when the text is sent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

MAX_LINES = 10
MAX_CHARS = 1_000
"""A paste beyond either is folded."""

_PLACEHOLDER = regex(r"\[Pasted text #(\d+) \+\d+ (?:lines|characters)\]")


class Pastes:
    """The folded pastes of a session, by number."""

    def __init__(self) -> None:
        self._texts: list[tuple[str, str]] = []  # the placeholder and what it stands for

    def fold(self, text: str) -> str:
        """What to insert for a pasted ``text``: the text itself or a placeholder."""
        lines = text.count("\n") + (not text.endswith("\n"))
        if lines <= MAX_LINES and len(text) <= MAX_CHARS:
            return text
        size = f"{lines} lines" if lines > 1 else f"{len(text)} characters"
        placeholder = f"[Pasted text #{len(self._texts) + 1} +{size}]"
        self._texts.append((placeholder, text))
        return placeholder

    def expand(self, text: str) -> str:
        """``text`` with every placeholder of ours replaced; others stay as they are."""
        return _PLACEHOLDER.sub(self._expansion, text)

    def standing_in(self, text: str) -> dict[str, str]:
        """What the placeholders of ours in ``text`` stand for."""
        found = {match[0]: self._expansion(match) for match in _PLACEHOLDER.finditer(text)}
        return {shown: whole for shown, whole in found.items() if whole != shown}

    def adopt(self, text: str, pastes: Mapping[str, str]) -> str:
        """``text`` of another session, with placeholders of this one for its ``pastes``.

        A placeholder that stands for nothing any more must not stand for a paste of this session.
        """

        def own(match: re.Match[str]) -> str:
            whole = pastes.get(match[0])
            return f"[{match[0][1:-1]}, not kept]" if whole is None else self.fold(whole)

        return _PLACEHOLDER.sub(own, text)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the placeholders in ``text`` that stand for a paste begin and end."""
        for match in _PLACEHOLDER.finditer(text):
            if self._expansion(match) != match[0]:
                yield match.span()

    def _expansion(self, match: re.Match[str]) -> str:
        index = int(match[1]) - 1
        if 0 <= index < len(self._texts) and self._texts[index][0] == match[0]:
            return self._texts[index][1]
        return match[0]
