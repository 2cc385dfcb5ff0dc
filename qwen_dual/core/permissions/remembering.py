"""What an answer allows for longer: for the session in the policy, for good where rules are kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import EDITS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.permissions.policy import Policy


class Remembering:
    """Takes the rules of answers that last.

    Args:
        policy: has them for the session.
        keep: keeps one beyond it, for ``project`` or ``user``; raises OSError or ValueError, with a
            text for a person, when it cannot. None where nothing is kept.
        set_mode: changes the approval mode.
        notice: tells a person something, and how grave it is.
        recheck: resolves what waits and is allowed by now.
        spawn: begins what nothing waits for.
    """

    def __init__(
        self,
        policy: Policy,
        keep: Callable[[str, str], None] | None,
        set_mode: Callable[[str, Actor], object],
        notice: Callable[[str, str], object],
        recheck: Callable[[], object],
        spawn: Callable[[Callable[[], Awaitable[object]]], object],
    ) -> None:
        self._policy = policy
        self._keep = keep
        self._set_mode = set_mode
        self._notice = notice
        self._recheck = recheck
        self._spawn = spawn

    def __call__(self, rule: str, scope: str, actor: Actor) -> None:
        """Allows what ``rule`` covers from now on, as long as ``scope`` says."""
        if rule == EDITS:  # for this session it means the mode that does so; it cannot be kept
            self._set_mode("auto-edit", actor)
            return
        self._policy.remember(rule)
        if scope != "session" and self._keep is not None:
            self._spawn(partial(self._keep_for_good, self._keep, rule, scope))
        self._recheck()

    async def _keep_for_good(self, keep: Callable[[str, str], None], rule: str, scope: str) -> None:
        """In a thread, which the end of the session waits for: another may be changing the file."""
        try:
            with anyio.CancelScope(shield=True):
                await in_thread(partial(keep, rule, scope), abandon=False)
        except (OSError, ValueError) as error:
            why = error if isinstance(error, ValueError) else describe(error)
            self._notice(f"{rule} is allowed for this session only: {why}", "warning")
