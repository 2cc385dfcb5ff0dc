"""What of a recording may reach the terminal of who looks at it: pictures, and nothing that acts.

A recording may be anybody's. Played as it is it could write to the clipboard, have the terminal answer
questions as if somebody typed, change how keys and the mouse work, or show a title that lies. What is
left is what moves the cursor, erases, colours, and switches to the other screen and back.
"""

from __future__ import annotations

import re

from qwen_dual.protocol.hyperlinks import safe_target

_MAX_WAITING = 1 << 16
"""Characters of a sequence that has not ended; a longer one is none."""

_SEQUENCE = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\|(?=\x1b))"
    r"|\x1b[PX^_k](?:[^\x1b]|\x1b(?!\\))*\x1b\\"
    r"|\x1b(?P<intermediate>[ -/]*)(?P<last>[0-OQ-WYZ`-jl-~])"
    r"|[\x00-\x06\x0e-\x1f\x7f-\x9f]"
)
"""A sequence, or a control character that is none's part; an ESC that begins nothing is one."""
_BEGUN = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_k](?:[^\x1b]|\x1b(?!\\))*|[ -/]*)\Z"
)

_LINK_ID = re.compile(r"id=[\w.-]{1,250}", re.ASCII)
_MOVES = frozenset("@ABCDEFGHIJKLMPSTXZ`abdefgmrs")
_MODES = frozenset({"1", "6", "7", "12", "25", "47", "1047", "1048", "1049", "2026"})
_PLAIN_MODES = frozenset({"4", "20"})


class Screening:
    """Takes out of a terminal's output what does more than show; cut anywhere."""

    def __init__(self) -> None:
        self._waiting = ""

    def feed(self, text: str) -> str:
        """What of ``text``, and of what waited, may be shown."""
        text = self._waiting + text
        self._waiting = ""
        if begun := _BEGUN.search(text):
            if len(begun[0]) <= _MAX_WAITING:
                self._waiting = begun[0]
            text = text[: begun.start()]
        return _SEQUENCE.sub(_screened, text)


def _screened(found: re.Match[str]) -> str:
    whole = found[0]
    if found["final"] is not None:
        return whole if _shows(found["parameters"], found["between"], found["final"]) else ""
    if found["osc"] is not None:
        return _link(found["osc"])
    if found["last"] is not None:
        if found["intermediate"]:
            return whole if found["intermediate"] in ("(", ")") else ""  # a character set
        return whole if found["last"] in "78DEHM" else ""
    return ""


def _link(osc: str) -> str:
    """A hyperlink, if its target may be one; else the end of the one before. Nothing for all other OSC."""
    if not osc.startswith("8;"):
        return ""
    parameters, _, href = osc[2:].partition(";")
    target = safe_target(href) or ""
    kept = parameters if target and _LINK_ID.fullmatch(parameters) else ""
    return f"\x1b]8;{kept};{target}\x1b\\"


def _shows(parameters: str, between: str, final: str) -> bool:
    if between:
        return (between, final) in ((" ", "q"), ("!", "p"))  # the cursor's shape, a soft reset
    if final in "hl":
        if parameters.startswith("?"):
            return all(mode in _MODES for mode in parameters[1:].split(";"))
        return parameters in _PLAIN_MODES
    if final == "u":
        return not parameters
    if final in "JK":
        return parameters.removeprefix("?") in ("", "0", "1", "2")  # never what was there before
    return final in _MOVES and not parameters[:1] in ("<", "=", ">", "?")
