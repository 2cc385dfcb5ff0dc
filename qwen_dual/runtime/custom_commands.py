"""Runs the commands that people write as files: fills in their text, which then is the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.commands.slash import Asks, SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.turns.entered_calls import CallNotAllowed
from qwen_dual.protocol.blocks import images_in, text_block, text_in
from qwen_dual.tools.calls import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.definitions.commands import CustomCommand
    from qwen_dual.definitions.template import Piece
    from qwen_dual.protocol.shapes import ImageBlock, TextBlock
    from qwen_dual.runtime.assembly import Parts

MAX_CHARS = 400_000
"""Of one filled text; what is put in behind it is left out, and that is said."""


class CustomCommands:
    """The commands of one session.

    Args:
        parts: the session and its tools.
        short: a path for a person.
    """

    def __init__(self, parts: Parts, short: Callable[[str], str]) -> None:
        self._parts = parts
        self._short = short

    def command(self, custom: CustomCommand) -> SlashCommand:
        """What is registered for one."""

        async def run(arguments: str, actor: Actor) -> Asks:
            return await self._asked(custom, arguments)

        whose = "project" if custom.source == "project" else "yours"
        return SlashCommand(
            custom.name,
            f"{custom.description} ({whose})",
            run,
            while_busy=False,
            hint=custom.argument_hint,
            takes_lines=True,
        )

    def lines_of(self, custom: CustomCommand) -> str:
        """Two lines for a person."""
        hint = f" {custom.argument_hint}" if custom.argument_hint else ""
        return f"/{custom.name}{hint}  {custom.description}\n    {self._short(custom.path)}"

    async def _asked(self, custom: CustomCommand, arguments: str) -> Asks:
        try:
            pieces = custom.template.filled(arguments)
        except ValueError as error:
            raise CommandFailed(f"/{custom.name} ({self._short(custom.path)}): {error}") from None
        texts: list[str] = []
        images: list[ImageBlock] = []
        room = MAX_CHARS
        for piece in pieces:
            text = await self._put_in(custom, piece, images) if room > 0 else ""
            if len(text) > room:
                text = f"{text[:room]}\n[… the rest is left out: the text is too long …]"
            room -= len(text)
            texts.append(text)
        text = "".join(texts).strip()
        if arguments and not custom.template.takes_all:
            text += f"\n\n{arguments}"
        if not text:
            raise CommandFailed(f"/{custom.name}: nothing is left to ask.")
        content: tuple[TextBlock | ImageBlock, ...] = ()
        if images:
            content = (text_block(text), *images)
        return Asks(text, content, own=arguments)

    async def _put_in(self, custom: CustomCommand, piece: Piece, images: list[ImageBlock]) -> str:
        """What stands in the place of a piece."""
        if piece.kind == "text":
            return piece.text
        tools, entered = self._parts.tools, self._parts.session.entered
        if piece.kind == "command":
            try:
                result = await entered.run(*tools.entered_command(piece.text))
            except CallNotAllowed as error:
                what = one_line(piece.text, 100)
                raise CommandFailed(
                    f"/{custom.name} is not sent, since `{what}` did not run: {error}"
                ) from None
            return _printed(result)
        read = tools.entered_file(piece.text)
        if read is None:
            where = one_line(piece.text, 100)
            told = f"/{custom.name}: there is no file {where!r}, so {piece.written} stays as it is."
            self._parts.session.notice(told, "warning")
            return piece.written
        try:
            result = await entered.run(*read)
        except CallNotAllowed as error:
            what = one_line(piece.text, 100)
            raise CommandFailed(
                f"/{custom.name} is not sent, since {what} was not read: {error}"
            ) from None
        images += images_in(result.content)
        return text_in(result.content)


def _printed(result: ToolResult) -> str:
    """What a command printed; of one that failed, all that is known of it."""
    shown = result.shown
    if shown is not None and shown.exit_code == 0 and not shown.output.strip():
        return ""
    return result.text
