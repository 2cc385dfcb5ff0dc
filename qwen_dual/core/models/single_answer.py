"""One answer of a model outside of the conversation: its text, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.models.model import RetryWait, TextDelta, ThoughtSoFar, TokenUsage

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.models.model import Model, ModelRequest


class SingleAnswer:
    """As much of an answer as has come.

    Attributes:
        usage: its tokens, as far as the service has told; known too where the rest never came.
    """

    def __init__(self) -> None:
        self.usage = TokenUsage()
        self._pieces: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        """Its words; what turned out to be thinking is not among them."""
        return "".join(self._pieces)

    async def read(
        self,
        model: Model,
        request: ModelRequest,
        waits: Callable[[RetryWait], object],
        most: int | None = None,
    ) -> None:
        """Asks, and takes in the answer.

        Args:
            model: is asked.
            request: what it is asked.
            waits: told before each further try.
            most: characters after which the rest is not waited for; None for no bound.

        Raises:
            ModelError: there is no answer.
        """
        async for delta in model.stream(request):
            if isinstance(delta, TextDelta):
                self._pieces.append(delta.text)
                self._length += len(delta.text)
            elif isinstance(delta, ThoughtSoFar):
                self._pieces, self._length = [], 0
            elif isinstance(delta, TokenUsage):
                self.usage = delta
            elif isinstance(delta, RetryWait):
                waits(delta)
            if most is not None and self._length > most:
                return
