"""How persistent the model calls of a session are that nobody watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.models.retry import RetryPolicy

UNATTENDED = "QWEN_CODE_UNATTENDED_RETRY"
"""Looked for before anything is imported that most runs do not need; ``models.retry`` decides."""


def unattended(
    environment: Mapping[str, str], on_waiting: Callable[[int, float], object]
) -> RetryPolicy | None:
    """What waits for a full service as long as it takes, where the environment asks for that.

    Args:
        environment: of the process.
        on_waiting: told of the waiting now and then (``RetryPolicy.on_waiting``).
    """
    if not environment.get(UNATTENDED):
        return None
    from qwen_dual.models.retry import RetryPolicy, asks_for_persistence

    if not asks_for_persistence(environment):
        return None
    return RetryPolicy(unattended=True, on_waiting=on_waiting)
