"""A prompt-toolkit program that is not ours, with the same two channels.

    python demos/own_bridge.py events.jsonl commands.jsonl

It upper-cases what is typed, or what a `submit` brings in; both sides see every line.
"""

from __future__ import annotations

import sys

import anyio
from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from qwen_dual.bridge.channel import Channel
from qwen_dual.protocol import events
from qwen_dual.protocol.command_shapes import Command, Submit


async def main(json_file: str, input_file: str) -> None:
    """Runs until Ctrl+D or a submit of `bye`."""
    prompt: PromptSession[str] = PromptSession("loud> ")

    def shout(text: str, origin: str) -> None:
        channel.emit(events.user_text(text, origin))
        channel.emit(events.notice(text.upper()))
        print(text.upper())

    def on_command(command: Command) -> None:
        if isinstance(command, Submit) and command.text == "bye":
            prompt.app.exit(exception=EOFError)
        elif isinstance(command, Submit):
            shout(command.text, "input")

    channel = Channel(json_file, input_file, on_command)
    channel.start("1.0", ["system", "user"], agent="loud")
    async with anyio.create_task_group() as group:
        group.start_soon(channel.run)
        with patch_stdout():
            try:
                while True:
                    shout(await prompt.prompt_async(), "keyboard")
            except (EOFError, KeyboardInterrupt):
                await channel.aclose()
        group.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
