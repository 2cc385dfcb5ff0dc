"""An image from the clipboard of the terminal's own machine, such as over SSH: kitty's OSC 5522.

Asked only when the person pastes and this machine has no clipboard to look into. What comes is taken for
an image by nobody before it was looked at; it is bounded in size and time.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING

import anyio

from qwen_dual.frontends.tui.terminal.clipboard_image import KINDS, MAX_BYTES, Pasted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECONDS = 60.0
"""For all of it: the terminal asks the person for leave."""

QUIET = 30.0
"""Seconds without a word after which nothing more is waited for."""

_BEGIN = "5522;"


def can_be_asked(env: Mapping[str, str]) -> bool:
    """Whether the terminal gives its clipboard's images, as far as the environment tells."""
    if env.get("TMUX") or env.get("STY"):
        return False
    return "kitty" in env.get("TERM", "") or bool(env.get("KITTY_WINDOW_ID"))


class Answer:
    """The terminal's answer as it comes in.

    Attributes:
        done: set with the last of it.
        heard: set with each part.
    """

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.heard = anyio.Event()
        self._parts: dict[str, bytearray] = {}
        self._size = 0
        self._failed = ""

    def take(self, osc: str) -> None:
        """Takes one OSC; any other than of this answer is left alone."""
        if not osc.startswith(_BEGIN) or self.done.is_set():
            return
        head, _, payload = osc.removeprefix(_BEGIN).partition(";")
        fields = dict(part.partition("=")[::2] for part in head.split(":"))
        if fields.get("type") != "read":
            return
        self.heard.set()
        match fields.get("status"):
            case "OK":
                pass
            case "DATA":
                self._add(fields.get("mime", ""), payload)
            case "DONE":
                self.done.set()
            case status:
                self._failed = str(status)
                self.done.set()

    def _add(self, kind: str, payload: str) -> None:
        try:
            name = b64decode(kind).decode(errors="replace")
            data = b64decode(payload, validate=True)
        except (NotBase64, ValueError):
            return
        self._size += len(data)
        if self._size > MAX_BYTES:
            self._failed, self._parts = "too large", {}
            self.done.set()
        elif name in KINDS:
            self._parts.setdefault(name, bytearray()).extend(data)

    @property
    def found(self) -> Pasted:
        """What came of it."""
        if self._failed == "EPERM":
            return Pasted(why="The terminal did not give its clipboard.")
        if self._failed == "too large":
            return Pasted(why=f"The image in the clipboard has more than {MAX_BYTES:,} bytes.")
        image = next((bytes(self._parts[kind]) for kind in KINDS if kind in self._parts), b"")
        return Pasted(image) if image else Pasted(why="There is no image in the clipboard.")


async def ask_terminal(
    write: Callable[[str], object], collect: Callable[[Callable[[str], None] | None], object]
) -> Pasted | None:
    """What the terminal's clipboard holds; None where it says nothing.

    Args:
        write: writes to the terminal, as it is.
        collect: says who gets what the terminal answers.
    """
    answer = Answer()
    collect(answer.take)
    wanted = b64encode(" ".join(KINDS).encode()).decode()
    write(f"\x1b]5522;type=read;{wanted}\x1b\\")
    try:
        with anyio.move_on_after(SECONDS):
            while not answer.done.is_set():
                answer.heard = anyio.Event()
                with anyio.move_on_after(QUIET) as quiet:
                    await answer.heard.wait()
                if quiet.cancelled_caught:
                    return None
    finally:
        collect(None)
    return answer.found if answer.done.is_set() else None
