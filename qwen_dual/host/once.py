"""Submits prompts such that each runs once, whatever dies in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.host.errors import CommandRejected, NotSupported
from qwen_dual.host.records import Result
from qwen_dual.host.turn import Turn
from qwen_dual.host.turns import Submitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.host.commands import Commands

UNDER_WAY = ("queued", "running")


class Once:
    """The part of ``Session`` that submits under ids of the host's own."""

    _commands: Commands

    async def submit_once(
        self, command_id: str, text: str, *, content: Sequence[Mapping[str, Any]] = ()
    ) -> Turn:
        """Submits a prompt under an id of yours; sent again under the same id, it is not run again.

        Keep the id before you call this. Should you or the program die, resume the session and call it
        again: ``turn.receipt`` says what became of the prompt.

        | ``receipt.status`` | ``receipt.outcome`` | ``turn.result()`` |
        |---|---|---|
        | ``accepted``, ``queued`` | empty: it never began | of the turn that runs now |
        | ``duplicate`` | ``done`` | the result that it had |
        | ``duplicate`` | ``interrupted`` | ``stop_reason`` is ``interrupted``, and nobody knows how far it came |
        | ``duplicate`` | ``queued``, ``running`` | of the turn that you submitted before |

        Args:
            command_id: 1 to 200 characters; it counts within the name of the host and the session.
            text: what is typed.
            content: what follows it, as ``submit`` takes it.

        Raises:
            CommandRejected: it was refused, now or before.
            NotSupported: the program gives no receipts, so that nobody could know.
            HostTimeout: nothing shows that it was taken.
            SessionExited: the program is gone.
        """
        greeting = self._commands.greeting
        if not greeting.told:
            raise NotSupported("submit_once", greeting.agent)
        submitted = Submitted(command_id, text)
        fields: dict[str, Any] = {"text": text}
        fields |= {"content": list(content)} if content else {}
        receipt = await self._commands.submit_as(submitted, fields)
        if receipt.status == "duplicate" and receipt.outcome not in UNDER_WAY:
            if receipt.outcome == "interrupted":
                ended = Result("", True, "interrupted", command_id=command_id, derived=True)
                self._commands.done(submitted, ended)
            elif receipt.result is not None:
                self._commands.done(submitted, receipt.result)
            else:
                code = receipt.code or receipt.outcome or receipt.status
                self._commands.done(submitted, Result("", True, "unknown", derived=True))
                raise CommandRejected("submit", code, receipt.message)
        elif receipt.status == "rejected":
            raise CommandRejected("submit", receipt.code, receipt.message)
        return Turn(submitted, receipt, self._commands)
