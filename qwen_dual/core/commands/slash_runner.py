"""Runs slash commands for a session: at once, or as a turn of their own with a ``result``.

What a command does is its own affair; a failure that it can foresee becomes a text for the person.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.core.commands.slash import Asks
from qwen_dual.core.errors import CommandFailed, UnknownMode
from qwen_dual.core.models.model import ModelError
from qwen_dual.core.turns.results import instant_result
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.slash import Output, Said, SlashCommand, SlashCommands
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.session.state import StatePublisher
    from qwen_dual.core.session.worker import Needed
    from qwen_dual.core.turns.hook_slot import HookSlot
    from qwen_dual.core.turns.hooks import Hooks
    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.protocol.events import Event


NO_IMAGES = "Images go with what the model is asked: this command does without."


class _Blocked(CommandFailed):
    """A hook did not let through what a command has the model asked."""


class SlashRunner:
    """Runs the commands of one session.

    Args:
        commands: all there are.
        publish: takes the event bodies.
        hooks: who has a say in what becomes a prompt.
        ready: waited for before they are asked: they are loaded when a prompt needs them.
        spawn: begins what goes on beside a turn.
        state: tells before a result that nothing runs any more, whatever a command told meanwhile.
    """

    def __init__(
        self,
        commands: SlashCommands,
        publish: Callable[[Event], object],
        hooks: HookSlot,
        ready: Callable[[Needed], Awaitable[object]] | None,
        spawn: Callable[[Callable[[], Awaitable[object]]], object],
        state: StatePublisher,
    ) -> None:
        self._commands = commands
        self._publish = publish
        self._hooks = hooks
        self._ready = ready
        self._spawn = spawn
        self._state = state

    def try_now(self, text: str, actor: Actor) -> bool:
        """Runs what a person typed in the middle of a turn; False where it has to wait.

        What a command says that has to wait for something is told when it is there.
        """
        found = self._commands.find(text)
        if found is not None and not found[0].while_busy:
            return False
        self._publish(events.slash_command(text, str(actor)))
        if found is None:
            self._publish_output(self._commands.unknown(text), failed=True, command=text.strip())
            return True
        command, arguments = found
        try:
            self._check(command)
            output, failed = command.run(arguments, actor), False
        except _FORESEEN as error:
            output, failed = str(error), True
        if isinstance(output, Awaitable):
            self._spawn(partial(self._answer_later, output, text.strip()))
            return True
        assert output is None or isinstance(output, str), f"/{command.name} has to wait"
        self._publish_output(output or "", failed=failed, command=text.strip())
        return True

    async def _answer_later(self, awaited: Awaitable[Said], typed: str) -> None:
        try:
            output, failed = await awaited, False
        except _FORESEEN as error:
            output, failed = str(error), True
        assert output is None or isinstance(output, str), f"{typed} has to wait"
        self._publish_output(output or "", failed=failed, command=typed)

    async def run(
        self, prompt: Prompt, give_back: Callable[[Sequence[Prompt]], object]
    ) -> Prompt | None:
        """Runs a command as a turn of its own, so that a host gets its ``result``.

        Args:
            prompt: names it.
            give_back: takes what a person typed and a hook did not let through.

        Returns:
            What the model is to be asked in its place: the result is then that turn's.
        """
        who, proposed = str(prompt.actor), prompt.proposed
        self._publish(events.slash_command(prompt.text, who, prompt.command_id, proposed))
        try:
            output, failed = self._start(prompt), False
            if isinstance(output, Awaitable):
                output = await output
            if isinstance(output, Asks):
                if self._ready is not None:
                    await self._ready("prompt")
                if self._hooks.current is not None:
                    output = await self._heard(self._hooks.current, prompt, output)
        except _FORESEEN as error:
            output, failed = str(error), True
            if (
                isinstance(error, _Blocked)
                and prompt.actor.at_keyboard
                and prompt.action == "prompt"
            ):
                give_back([prompt])  # to be mended, not typed again
        if isinstance(output, Asks):
            text, own, content = output.text, output.own, _with_images(output, prompt)
            return replace(
                prompt, text=text, action="asked", own=own, content=content, command=prompt.text
            )
        if prompt.has_images:
            self._publish(events.notice(NO_IMAGES, "warning"))
        self._publish_output(output or "", failed=failed)
        stop_reason = "error" if failed else "end_turn"
        self._state.set("idle")
        result = instant_result(output or "", prompt.command_id, stop_reason, prompt.host)
        self._publish(result)
        return None

    def _start(self, prompt: Prompt) -> Output:
        found = self._commands.find(prompt.text)
        if found is None:
            raise CommandFailed(self._commands.unknown(prompt.text))
        command, arguments = found
        self._check(command)
        if prompt.action == "form":
            return _answered(command, prompt)
        return command.run(arguments, prompt.actor)

    async def _heard(self, hooks: Hooks, prompt: Prompt, asks: Asks) -> Asks:
        """What the model is asked once hooks have had their say of it.

        Raises:
            _Blocked: it is not to be asked.
        """
        found = self._commands.find(prompt.text)
        name, arguments = ("", "") if found is None else (found[0].name, found[1])
        said = await hooks.before_expansion(name, " ".join(prompt.answers) or arguments, asks.text)
        if said.decision == "deny" or said.stop is not None:
            who, why = said.stop or said.by, said.stop_reason or said.reason
            raise _Blocked(f"{who} did not let /{name} through: {why or 'no reason given'}")
        if not said.context:
            return asks
        content = (*asks.content, text_block(said.context)) if asks.content else ()
        return replace(asks, text=f"{asks.text}\n\n{said.context}", content=content)

    def _check(self, command: SlashCommand) -> None:
        if lacking := self._commands.lacking(command):
            raise CommandFailed(lacking)

    def _publish_output(self, output: str, *, failed: bool, command: str = "") -> None:
        if output:
            extra = {"command": command} if command else {}
            self._publish(events.notice(output, "error" if failed else "info", **extra))


def _with_images(asks: Asks, prompt: Prompt) -> tuple[PromptBlock, ...]:
    """What a command has the model asked, with the images that its prompt had; nothing for text alone."""
    images = [block for block in prompt.content if block["type"] == "image"]
    if not images:
        return asks.content
    return (*(asks.content or (text_block(asks.text),)), *images)


def _answered(command: SlashCommand, prompt: Prompt) -> Output:
    if command.answered is not None:
        return command.answered(prompt.answers, prompt.actor)
    return command.run(prompt.answers[0], prompt.actor)


_FORESEEN = (CommandFailed, ModelError, OSError, UnknownMode)
