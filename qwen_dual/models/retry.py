"""When a model call that failed before it answered is made again, and how long is waited until then.

A ``RetryPolicy`` is what a session is given; ``Tries`` is one call under it. Which failures may pass
by waiting, ``failures`` says. Knows no connection and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from qwen_dual.core.models.model import RetryWait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from qwen_dual.core.models.model import ModelError
    from qwen_dual.models.failures import CallFailed

UNATTENDED = "QWEN_CODE_UNATTENDED_RETRY"
"""The variable that says that nobody waits, so that a full service is waited for as long as it takes."""

FIRST_WAIT = 1.5
LONGEST_BACKOFF = 30.0
LONGEST_UNATTENDED_BACKOFF = 300.0
"""Seconds before the second try, doubled for each one that follows, and what they end at."""

LONGEST_WAIT = 300.0
LONGEST_UNATTENDED_WAIT = 6 * 3600.0
"""Seconds that a service may ask to wait. For more than the first nobody sits and watches a countdown;
where nobody sits, more than the second is waited for in parts."""

HEARTBEAT = 30.0
"""Seconds of waiting, of one call or of several waits of it, after which ``on_waiting`` is called."""

_CAPACITY = frozenset({429, 529})


def _chance() -> float:
    import random  # what it is made ready for takes longer than most failures

    return random.random()


class RetryPolicy(Struct, frozen=True):
    """How persistent the calls of a session are.

    As it is made without arguments: up to ``generationConfig.maxRetries`` further tries, for a person
    who watches. A front end without a person, in an environment that asks for it, waits for a full
    service (429, 529) for as long as it takes; all other failures are bounded as before::

        def waiting(attempt: int, seconds: float) -> None:
            print(f"… attempt {attempt}, retry in {seconds:.0f}s", file=sys.stderr, flush=True)

        retry = RetryPolicy(unattended=asks_for_persistence(environment), on_waiting=waiting)
        spec = SessionSpec(…, retry=retry)

    Each wait is a ``model_retry`` event as well. What bounds such a session cancels it.

    Attributes:
        unattended: whether a full service is asked again for ever.
        on_waiting: called every ``HEARTBEAT`` seconds of such waiting, on the loop, with the number of
            the try that follows and the seconds until then. For a line where a person may look later.
        sleep: waits so many seconds.
        chance: a number from 0 to 1, for the jitter.
    """

    unattended: bool = False
    on_waiting: Callable[[int, float], object] | None = None
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    chance: Callable[[], float] = _chance

    def longest_wait(self, status: int) -> float:
        """Seconds that a service may ask to wait with this status; for more it is not tried again."""
        endless = self.unattended and status in _CAPACITY
        return float("inf") if endless else LONGEST_WAIT

    def is_endless(self, error: ModelError) -> bool:
        """Whether ``error`` is waited out, however often it comes.

        Also one that came in the stream of an answer that has no status: Anthropic's overload does.
        """
        full = error.status is None and error.kind in ("rate_limit", "overloaded")
        return self.unattended and (full or error.status in _CAPACITY)


WATCHED = RetryPolicy()
"""For a session with a person."""


class Tries:
    """The tries of one call.

    Args:
        policy: of the session.
        max_retries: tries after the first one, for failures that are not waited out.

    Attributes:
        made: how many there were, the one that runs included.
    """

    def __init__(self, policy: RetryPolicy, max_retries: int) -> None:
        self.made = 1
        self._policy = policy
        self._left = max(0, max_retries)
        self._full = 0  # how often the service was full
        self._beat_in = HEARTBEAT

    def after(self, failed: CallFailed) -> RetryWait | None:
        """What is waited for before the next try; None where there is none."""
        if not failed.retry:
            return None
        endless = self._policy.is_endless(failed.error)
        if endless:
            self._full += 1
            seconds = self._wait(failed, self._full, LONGEST_UNATTENDED_BACKOFF)
            attempts = None
        elif self._left:
            self._left -= 1
            seconds = self._wait(failed, self.made, LONGEST_BACKOFF)
            attempts = self.made + 1 + self._left
        else:
            return None
        self.made += 1
        return RetryWait(failed.reason, seconds, self.made, attempts)

    async def pause(self, wait: RetryWait) -> None:
        """Waits, and says so every ``HEARTBEAT`` seconds where nobody knows for how long."""
        left = wait.seconds
        told = self._policy.on_waiting
        if wait.attempts is not None or told is None:
            await self._policy.sleep(left)
            return
        while left > 0:
            step = min(left, self._beat_in)
            await self._policy.sleep(step)
            left -= step
            self._beat_in -= step
            if self._beat_in <= 0 and left > 0:
                self._beat_in = HEARTBEAT
                told(wait.attempt, left)

    def _wait(self, failed: CallFailed, failures: int, longest: float) -> float:
        """Seconds before the next try; no shorter than the service asked for."""
        chance = self._policy.chance()
        if failed.wait is not None:
            return min(failed.wait + chance, LONGEST_UNATTENDED_WAIT)
        # 2 to the number of failures leaves the floats after a thousand of them.
        backoff: float = min(longest, FIRST_WAIT * 2 ** min(failures - 1, 16))
        return backoff * (1 - chance / 4)


def asks_for_persistence(environment: Mapping[str, str]) -> bool:
    """Whether the environment says that nobody waits; ``CI`` alone does not."""
    return environment.get(UNATTENDED) in ("true", "1")
