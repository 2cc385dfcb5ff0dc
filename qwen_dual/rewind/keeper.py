"""The kept files of one session: what its calls may change is kept before, what they changed is noted.

The store is opened with the first call that may change something, or when somebody wants to go back.
Everything that blocks runs in threads; a call waits until what it may change is kept, within bounds, and
runs all the same where that fails: then that is said once.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread

from qwen_dual.core.failures import describe
from qwen_dual.rewind.comparing import hunks_of, is_binary
from qwen_dual.rewind.database import StoreError
from qwen_dual.rewind.looking import look
from qwen_dual.rewind.planning import plan_back, plan_done, points_of
from qwen_dual.rewind.records import Difference
from qwen_dual.rewind.restoring import finish, restore, take_back

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from qwen_dual.core.tools.tool import Call, Subject
    from qwen_dual.rewind.looking import State
    from qwen_dual.rewind.opening import Opened
    from qwen_dual.rewind.planning import Plan, Step
    from qwen_dual.rewind.records import Commit, Point, Preview, Recovered, Restored
    from qwen_dual.rewind.store import Owner, Span, Store

log = logging.getLogger(__name__)

T = TypeVar("T")

END_SECONDS = 2.0
"""How long an interrupted call waits for what it changed to be noted; that goes on in its thread."""

MAX_NAMED = 200
"""Files that one call names of which each is kept."""

MAX_PREVIEWS = 8
"""Of which is known what they would do."""


class SessionFiles:
    """``records.Rewinding`` and ``core.tools.ports.Keeper``, for one session after the other.

    Args:
        opened: opens the store; blocks, and raises ``OSError``.
        session_id: of the session, now.
        owner: on whose behalf calls run, now; None before the first prompt.
        tell: takes what a person should know, on the loop's thread.
        only_named: why the folder is never gone through; empty where it is.

    Attributes:
        opened: whether the store is: something was kept, or somebody asked for it.
    """

    unavailable = ""

    def __init__(
        self,
        opened: Callable[[], Opened],
        session_id: Callable[[], str],
        owner: Callable[[], Owner | None],
        tell: Callable[[str], object],
        only_named: str = "",
    ) -> None:
        self._open = opened
        self._session_id = session_id
        self._owner = owner
        self._tell = tell
        self.only_named = only_named
        self._opening = threading.Lock()
        self._opened: Opened | None = None
        self._closed = False
        self._adopted: set[str] = set()
        self._told: set[str] = set()
        self._plans: dict[int, Plan] = {}

    # -- calls -----------------------------------------------------------------------------

    @asynccontextmanager
    async def keeping(self, call: Call) -> AsyncIterator[None]:
        """Within, ``call`` runs; see ``core.tools.ports.Keeper``."""
        owner = self._owner()
        span = None if owner is None else await self._begin(call, owner)
        try:
            yield
        finally:
            if span is not None:
                with anyio.move_on_after(END_SECONDS, shield=True):
                    await self._end(span)

    async def _begin(self, call: Call, owner: Owner) -> Span | None:
        given_up = threading.Event()
        narrowed = False

        def begin() -> Span | None:
            nonlocal narrowed
            # Of a person's own command it is not known yet, and takes a while.
            subject = call.subject
            if only_reads(subject):
                return None
            whole = subject.commands != () or not subject.files  # a command, or who knows what
            narrowed = whole and self.only_named != ""
            store = self._store()
            paths = named_paths(subject)
            span = store.begin(owner, paths, whole=whole and not narrowed, gone=given_up)
            if given_up.is_set():
                store.cancel(span)
            return span

        try:
            span = await to_thread.run_sync(begin, abandon_on_cancel=True)
        except OSError as error:
            self._warn_once(f"What this changes is not kept for /rewind: {describe(error)}.")
            return None
        except Exception as error:  # the call runs all the same
            log.exception("keeping files failed")
            self._warn_once(f"What this changes is not kept for /rewind: {describe(error)}.")
            return None
        except BaseException:
            given_up.set()
            raise
        if narrowed:
            self._warn_once(f"Only files that edits name are kept for /rewind: {self.only_named}.")
        self._say_remarks()
        return span

    async def _end(self, span: Span) -> None:
        try:
            await to_thread.run_sync(self._store().end, span, abandon_on_cancel=True)
        except OSError as error:
            self._warn_once(f"What this changed is not noted for /rewind: {describe(error)}.")
        except Exception as error:
            log.exception("noting changed files failed")
            self._warn_once(f"What this changed is not noted for /rewind: {describe(error)}.")
        self._say_remarks()

    def _warn_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)

    def _say_remarks(self) -> None:
        if self._opened is not None:
            if (recovered := self._opened.take_recovered()) is not None:
                self._warn_once(recovered.message)
            for remark in self._opened.store.take_remarks():
                self._warn_once(remark)

    # -- going back ------------------------------------------------------------------------

    async def points(self) -> Sequence[Point]:
        """Where one can go back to; see ``records.Rewinding``."""
        return await self._in_thread(lambda store: points_of(store, self._session_id()))

    async def preview(self, since: Sequence[str]) -> Preview | None:
        """What going back would do; see ``records.Rewinding``."""
        return self._keep(
            await self._in_thread(lambda store: plan_back(store, self._session_id(), since))
        )

    async def changes(self) -> Preview | None:
        """What the session has changed; see ``records.Rewinding``."""
        return self._keep(await self._in_thread(lambda store: plan_done(store, self._session_id())))

    async def restore(
        self, preview: Preview, overwrite: Collection[str] = (), commit: Commit | None = None
    ) -> Restored:
        """Goes back; see ``records.Rewinding``.

        Raises:
            OSError: the preview is not of this session, or is long gone; or it cannot be done.
        """
        plan = self._plans.get(preview.made)
        if plan is None or not plan.undoing or plan.preview.point.session_id != self._session_id():
            raise OSError("that preview is no longer known; make another one")
        chosen = frozenset(overwrite)
        # Not cut short: it is done whole, or taken back at the next start.
        return await self._in_thread(
            lambda store: restore(store, plan, chosen, commit=commit), abandon=False
        )

    async def finish(self, unfinished: str, *, stands: bool) -> None:
        """Notes that a going back counts, or takes it back; see ``records.Rewinding``."""
        end = finish if stands else take_back
        await self._in_thread(lambda store: end(store, unfinished), abandon=False)

    async def difference(self, preview: Preview, path: str) -> Difference:
        """How one file of a preview changes; see ``records.Rewinding``."""
        plan = self._plans.get(preview.made)
        steps = () if plan is None else plan.steps
        step = next((step for step in steps if step.path == path and step.file), None)
        if plan is None or step is None:
            raise KeyError(path)
        undoing = plan.undoing
        return await self._in_thread(lambda store: _difference(store, step, undoing=undoing))

    async def recover(self) -> Recovered | None:
        """Takes back or finishes a going back that was broken off; None where there is none."""
        await self._in_thread(lambda store: None)
        return None if self._opened is None else self._opened.take_recovered()

    @property
    def opened(self) -> bool:
        """Whether the store is open."""
        return self._opened is not None

    def close(self) -> None:
        """Closes the store; nothing is kept any more."""
        with self._opening:
            self._closed = True
            if self._opened is not None:
                self._opened.store.stop()
                self._opened.close()

    def _store(self) -> Store:
        with self._opening:
            if self._closed:
                raise OSError("the session has ended")
            session_id = self._session_id()
            if self._opened is None:
                self._opened = self._open()
            elif session_id not in self._adopted:
                self._opened.adopt(session_id)
            self._adopted.add(session_id)
            return self._opened.store

    async def _in_thread(self, work: Callable[[Store], T], *, abandon: bool = True) -> T:
        def run() -> T:
            try:
                store = self._store()
                store.settle()
                return work(store)
            except (TypeError, ValueError, LookupError, ArithmeticError) as error:
                log.exception("what is kept cannot be understood")  # no other program writes it
                raise StoreError(f"what is kept is damaged: {describe(error)}") from error

        return await to_thread.run_sync(run, abandon_on_cancel=abandon)

    def _keep(self, plan: Plan | None) -> Preview | None:
        if plan is None:
            return None
        self._plans[plan.preview.made] = plan
        while len(self._plans) > MAX_PREVIEWS:
            del self._plans[next(iter(self._plans))]
        return plan.preview


def only_reads(subject: Subject) -> bool:
    """Whether a command line is known to change nothing."""
    line = subject.line
    return line is not None and len(subject.unasked) == len(line.commands) and not subject.files


def named_paths(subject: Subject) -> list[str]:
    """The files that a call writes, or may write, by name: wherever they are."""
    files = [*subject.files, *(file for file in subject.named if not file.walks)]
    real = (file.real for file in files if file.writes and not file.is_folder)
    return list(dict.fromkeys(path for path in real if os.path.isabs(path)))[:MAX_NAMED]


def _difference(store: Store, step: Step, *, undoing: bool) -> Difference:
    file = step.file
    assert file is not None
    now = look(step.path, store.bounds.named_bytes)
    if now.state != step.now:
        return Difference(file, note="it was changed since")
    try:
        contents = now.data or b"", _content(store, step.target)
    except StoreError as error:
        return Difference(file, note=str(error))
    old, new = contents if undoing else contents[::-1]
    states = (step.now, step.target) if undoing else (step.target, step.now)
    note = _note(*states)
    if is_binary(old) or is_binary(new) or file.link:
        return Difference(file, note=note)
    hunks, cut = hunks_of(old, new)
    return Difference(file, hunks, cut, note)


def _content(store: Store, state: State) -> bytes:
    if state.kind != "file" or store.database.missing(state):
        return b""
    return store.database.content(state)


def _note(old: State, new: State) -> str:
    if new.kind == "link":
        return f"a symbolic link to {os.fsdecode(new.detail)}"
    for state in (old, new):
        if state.kind == "unkept":
            return state.why
    if (old.kind, new.kind) == ("file", "file") and old.mode != new.mode:
        return f"mode {old.mode:04o} becomes {new.mode:04o}"
    return ""
