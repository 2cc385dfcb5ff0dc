"""One submitted prompt, for whoever submitted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.host.errors import HostTimeout

if TYPE_CHECKING:
    from qwen_dual.host.commands import Commands
    from qwen_dual.host.records import Receipt, Result
    from qwen_dual.host.turns import Submitted


class Turn:
    """A prompt that the program took.

    Attributes:
        id: its command id; the ``result`` event carries it as ``command_id``.
        text: the prompt.
        receipt: ``accepted``, or ``queued`` with its position; ``held`` where a person looks at it first.
    """

    def __init__(self, submitted: Submitted, receipt: Receipt, commands: Commands) -> None:
        self.id = submitted.id
        self.text = submitted.text
        self.receipt = receipt
        self._submitted = submitted
        self._commands = commands

    @property
    def done(self) -> bool:
        """It has ended, one way or the other."""
        return self._submitted.result.done

    @property
    def joined(self) -> str:
        """The id of the turn that it joined; empty where it has one of its own, or waits."""
        return self._submitted.joined

    async def reviewed(self) -> Receipt:
        """What the person made of it, as soon as they have looked.

        Returns:
            ``accepted``, ``edited`` (its ``user`` event has both texts) or ``refused``, with their reason as
            ``message``; ``rejected`` where nobody will look at it, ``cancelled`` where this host did not
            wait for that. At once the first receipt where nobody
            was to.

        Raises:
            SessionExited: the program ended before.
        """
        return await self._submitted.review.wait()

    async def result(self, timeout: float | None = None) -> Result:
        """Waits for its end; may be called again, and by several tasks.

        A turn that failed or was interrupted is a ``Result`` like any other; ``raise_for_error``
        makes an exception of a failed one.

        Args:
            timeout: seconds; the turn goes on after it.

        Raises:
            HostTimeout: it still runs.
            SessionExited: the program ended before the turn did.
            CommandRejected: it was taken, and then not run after all.
        """
        if timeout is None:
            return await self._submitted.result.wait()
        with anyio.move_on_after(timeout):
            return await self._submitted.result.wait()
        raise HostTimeout("result", timeout, self._commands.state)

    async def cancel(self) -> bool:
        """Takes it out of the queue; its result says ``cancelled``.

        Returns:
            False if it is not in the queue any more; ``interrupt`` ends one that runs.

        Raises:
            NotSupported: the program has no such command.
        """
        return await self._commands.cancel(self._submitted)
