"""A prompt-toolkit program that is not ours, with the base of dual output: `own_bridge.py --json-file F --input-file G`.

It upper-cases what is typed, or what a `submit` brings in; both sides see every line.
"""

from __future__ import annotations

import signal
import sys

import anyio
from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from qwen_dual.bridge.channel import Channel
from qwen_dual.protocol import events
from qwen_dual.protocol.command_shapes import Command, Submit


async def main() -> None:
    """Runs until Ctrl+D, /quit or a signal."""
    prompt: PromptSession[str] = PromptSession("loud> ")

    def shout(text: str, origin: str) -> None:
        channel.emit(events.user_text(text, origin))
        channel.say(text.upper(), "loud")
        print(text.upper())

    def on_command(command: Command) -> None:
        if isinstance(command, Submit) and command.text == "/quit":
            prompt.app.exit(exception=EOFError)
        elif isinstance(command, Submit):
            shout(command.text, "input")

    async def on_signal() -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
            async for _ in signals:
                prompt.app.exit(exception=EOFError)

    channel, _ = Channel.of_arguments(sys.argv[1:], on_command)
    channel.start("1.0", ["system", "user", "stream_event", "assistant", "control_response"])
    async with anyio.create_task_group() as group:
        group.start_soon(channel.run)
        group.start_soon(on_signal)
        with patch_stdout():
            try:
                while True:
                    shout(await prompt.prompt_async(handle_sigint=False), "keyboard")
            except (EOFError, KeyboardInterrupt):
                await channel.aclose()
        group.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)
