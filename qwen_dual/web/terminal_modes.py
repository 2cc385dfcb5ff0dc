"""Which modes a terminal is in after bytes that are not kept: as the bytes that put another one there. Pure.

No emulator: of the output only the sequences are looked for that change how what follows is shown. That is
some hundred times quicker than to keep a screen (``benchmarks`` has the ratio), and it is done for all output.
"""

from __future__ import annotations

import re

from qwen_dual.protocol.ansi import COLOUR

_MODES = re.compile(
    rb"\x1b(?:"
    rb"\[\?([0-9;]+)([hl])"  # 1, 2: private modes
    rb"|(\[[0-9;]*r)"  # 3: the rows that scroll
    rb"|(\[[0-9]* q)"  # 4: the cursor's shape
    rb"|(\[[<>=][0-9;]*[um])"  # 5: how keys are reported
    rb"|([=>])"  # 6: the keypad
    rb"|(\([0-9A-Z])"  # 7: the characters
    rb"|(c)"  # 8: all of it reset
    rb")"
)
_COLOURS = re.compile(COLOUR.pattern.encode())
_RESETS = (b"\x1b[m", b"\x1b[0m", b"\x1b[0;")
_OF_THE_MOMENT = frozenset((b"2026", b"6"))
"""Modes that a replay does not begin in: a frame that is being painted, and a way to count rows."""

MAX_KEPT = 64
"""Sequences of one kind that are kept: more than a program has, and a bound for one that only makes them up."""


class TerminalModes:
    """What was switched on by the output so far."""

    def __init__(self) -> None:
        self._private: dict[bytes, bytes] = {}
        self._others: dict[int, bytes] = {}
        self._keys: list[bytes] = []
        self._colours = b""

    def feed(self, data: bytes) -> None:
        """Takes output that holds no half sequence at its ends."""
        for found in _MODES.finditer(data):
            kind = found.lastindex or 0
            if kind == 2:
                for mode in found[1].split(b";"):
                    if len(self._private) < MAX_KEPT or mode in self._private:
                        self._private[mode] = found[2]
            elif kind == 8:
                self._private.clear()
                self._others.clear()
                self._keys.clear()
            elif kind == 5:
                self._keys = [*self._keys[-MAX_KEPT:], found[5]]
            else:
                self._others[kind] = found[kind]
        self._colour(data)

    def prelude(self) -> bytes:
        """What puts a terminal that was just reset into these modes; its screen is empty then."""
        alternate = [mode for mode in (b"47", b"1047", b"1049") if self._private.get(mode) == b"h"]
        rest = {
            mode: switch
            for mode, switch in self._private.items()
            if mode not in _OF_THE_MOMENT and mode not in (b"47", b"1047", b"1048", b"1049")
        }
        private = [b"\x1b[?%bh" % mode for mode in alternate]
        private += [b"\x1b[?%b%b" % (mode, switch) for mode, switch in rest.items()]
        others = [b"\x1b%b" % found for found in (*self._others.values(), *self._keys)]
        return b"".join((*private, *others, self._colours))

    def _colour(self, data: bytes) -> None:
        """Keeps the colours and weights in force, from the last place at which they were all taken back."""
        reset = max(map(data.rfind, _RESETS))
        kept = [] if reset >= 0 else [self._colours] if self._colours else []
        seen = _COLOURS.findall(data, max(reset, 0))
        # Of many that were never taken back all at once the last ones are what counts, nearly always.
        kept += [b"\x1b[%bm" % one for one in seen[-MAX_KEPT:]]
        colours = b"".join(kept)
        if len(kept) > 1 and len(colours) > 1024:
            colours = b"".join(kept[-MAX_KEPT:])[-1024:]
            colours = colours[max(0, colours.find(b"\x1b")) :]
        self._colours = b"" if colours in (b"\x1b[m", b"\x1b[0m") else colours
