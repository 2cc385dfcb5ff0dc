"""The saved sessions of a folder, for a person to pick from: listed beside the loop, since some are long."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.commands.screen import Asking

SHOWN = 100
"""Sessions that are offered."""

NONE_SAVED = "No earlier session is saved in {}."


class SessionPicker:
    """Those of one folder, but for the one that runs.

    Args:
        session: the one that runs.
        home: the person's settings folder.
        asking: puts questions to the person.
        changed: called when more is known than before.
    """

    def __init__(
        self, session: Session, home: str, asking: Asking, changed: Callable[[], object]
    ) -> None:
        self._session = session
        self._home = home
        self._asking = asking
        self._changed = changed
        # By the state of their files: counting the prompts of one takes reading it whole.
        self._known: dict[Any, Any] = {}
        self._latest: Sequence[Choice] = ()
        self._looking = False

    def choices(self) -> Sequence[Choice]:
        """Those that the latest look has found; another begins."""
        if not self._looking:
            self._looking = True
            self._session.services.spawn(self._look)
        return self._latest

    async def listed(self) -> list[Choice]:
        """Those that there are, the newest first."""
        return await in_thread(self._list)

    def ask(
        self,
        text: str,
        done: Callable[[Sequence[str]], object],
        then: Callable[[Sequence[Choice], Sequence[str]], Question | None] | None = None,
    ) -> None:
        """Begins to ask which.

        Args:
            text: the question.
            done: takes the answers.
            then: a second question, from all there are and the answers so far; with it several may be
                picked in the first.
        """
        self._session.services.spawn(partial(self._ask, text, done, then))

    async def _ask(
        self,
        text: str,
        done: Callable[[Sequence[str]], object],
        then: Callable[[Sequence[Choice], Sequence[str]], Question | None] | None,
    ) -> None:
        found = await self.listed()
        if not found:
            self._session.notice(NONE_SAVED.format(self._session.cwd))
            return

        def form(answers: Sequence[str]) -> Question | None:
            if not answers:
                return Question(text, tuple(found), several=then is not None)
            return None if then is None else then(found, answers)

        self._asking.open_form(form, done)

    async def _look(self) -> None:
        try:
            found = await self.listed()
        finally:
            self._looking = False
        if found != self._latest:
            self._latest = found
            self._changed()

    def _list(self) -> list[Choice]:
        from qwen_dual.chats.listing import recent

        return [
            Choice(
                summary.session_id,
                f"{when(summary.changed)}  {summary.prompt or '(no prompt)'}",
                f"{summary.prompts} prompt{'' if summary.prompts == 1 else 's'} · {summary.folder}",
            )
            for summary in recent(self._home, self._session.cwd, SHOWN, self._known)
            if summary.session_id != self._session.session_id
        ]


def when(seconds: float) -> str:
    """A time as a picker shows it: short, and in the person's own time zone."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
