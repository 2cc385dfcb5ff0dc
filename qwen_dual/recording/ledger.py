"""The turns and calls of an audit, on disk as soon as they are over: those that wait for more are few."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from qwen_dual.recording.audited import Audit, Call, FileChange, Totals, Turn, both
from qwen_dual.recording.spool import MAX_ENTRIES, MAX_WEIGHT, SpilledDict, Spool

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_BATCH_ROWS = 1000
_BATCH_BYTES = 2 << 20
_CALL = msgspec.json.Decoder(Call)
_TURN = msgspec.json.Decoder(Turn)


class _Open(Struct):
    """A call that waits for its result.

    Attributes:
        number: of it, among all.
        turn: in which it was made.
        call: what is known so far.
    """

    number: int
    turn: int
    call: Call


class Ledger:
    """Turns and calls, added in their order.

    Args:
        max_open: how many calls without a result are held in memory.
        max_weight: bytes of lines that made them.
    """

    def __init__(self, max_open: int = MAX_ENTRIES, max_weight: int = MAX_WEIGHT) -> None:
        self._spool = Spool()
        self._spool.run("CREATE TABLE calls (number INTEGER PRIMARY KEY, id BLOB, data BLOB)")
        self._spool.run("CREATE TABLE turns (number INTEGER PRIMARY KEY, data BLOB)")
        self._open = SpilledDict(self._spool, "open", _Open, max_open, max_weight)
        self._calls: list[tuple[int, bytes, bytes]] = []
        self._turns: list[tuple[int, bytes]] = []
        self._bytes = 0
        self._count = 0
        self._totals: Totals | None = None
        self.requests = SpilledDict(self._spool, "requests", str, max_open, max_weight)
        """Which call a request is about."""
        self._files = SpilledDict(self._spool, "files", FileChange, max_open, max_weight)
        self._hosts = SpilledDict(self._spool, "hosts", bool, max_open, max_weight)

    # -- adding -------------------------------------------------------------------------------

    def begin_call(self, call_id: str, call: Call, turn: Turn, weight: int) -> None:
        """A turn, which is not over, makes a call; it may be changed until its result comes."""
        self.end_call(call_id)
        self._count += 1
        if not turn.call_count:
            turn.first_call = self._count
        turn.call_count += 1
        self._open.set(call_id, _Open(self._count, turn.number, call), weight)

    def waiting(self, call_id: str, grows_by: int = 0) -> Call | None:
        """A call that waits for its result, to be changed at once; None where none does.

        Args:
            call_id: its id.
            grows_by: bytes of the line that changes it.
        """
        found = self._open.get(call_id)
        if found is None:
            return None
        if grows_by:
            self._open.set(call_id, found, grows_by)
        return found.call

    def end_call(self, call_id: str) -> None:
        """A call is over; one that is not there is none."""
        found = self._open.pop(call_id)
        if found is not None:
            self._keep(call_id.encode(), found.number, found.call)

    def end_turn(self, turn: Turn) -> None:
        """A turn is over."""
        self._turns.append((turn.number, msgspec.json.encode(turn)))
        self._bytes += len(self._turns[-1][1])
        self._flush_full()

    def deny(self, turn: Turn, call_ids: Collection[str]) -> None:
        """Calls of a turn were refused, says its end: of more with the same id the last one."""
        settled = set()
        for call_id in call_ids:
            found = self._open.get(call_id)
            if found is not None and found.turn == turn.number:
                _deny(found.call)
            else:
                settled.add(call_id.encode())
        if not settled or not turn.call_count:
            return
        self._flush()
        last = {id_: number for number, id_, _ in self._rows_of(turn) if id_ in settled}
        for id_, number in last.items():
            select = "SELECT data FROM calls WHERE number = ?"
            for (data,) in list(self._spool.rows(select, (number,))):
                assert isinstance(data, bytes)
                call = _CALL.decode(data)
                _deny(call)
                self._keep(id_, number, call)

    def finish(self) -> None:
        """No more will come: what waits has no result."""
        for call_id, found in self._open.items():
            self._keep(call_id.encode(), found.number, found.call)
        self._flush()

    # -- reading, when all is added -----------------------------------------------------------

    def turns(self) -> Iterator[Turn]:
        """All of them, each read anew."""
        for (data,) in self._spool.rows("SELECT data FROM turns ORDER BY number"):
            assert isinstance(data, bytes)
            yield _TURN.decode(data)

    def calls(self, turn: Turn | None = None) -> Iterator[Call]:
        """Those of a turn, or all of them, each read anew."""
        return map(_CALL.decode, self.encoded_calls(turn))

    def encoded_calls(self, turn: Turn | None = None) -> Iterator[bytes]:
        """The same as JSON."""
        if turn is not None:
            yield from (data for _, _, data in self._rows_of(turn))
            return
        for (data,) in self._spool.rows("SELECT data FROM calls ORDER BY number"):
            assert isinstance(data, bytes)
            yield data

    def totals(self) -> Totals:
        """The sums, made once."""
        if self._totals is None:
            made = self._totals = Totals()
            for turn in self.turns():
                made.turns += 1
                made.duration_ms += turn.duration_ms or 0
            for call in self.calls():
                made.calls += 1
                made.denied += call.outcome == "denied"
                made.failed += call.outcome == "failed"
                for host in call.hosts:
                    self._hosts.set(host, True)
                for file in call.files if call.outcome == "done" else ():
                    before = self._files.get(file.path)
                    changed = file if before is None else both(before, file)
                    self._files.set(file.path, changed, len(file.path))
        return self._totals

    def files(self) -> Iterator[FileChange]:
        """What became of each file that a call changed, all changes to it together."""
        self.totals()
        return (file for _, file in self._files.items())

    def hosts(self) -> Iterator[str]:
        """The hosts that calls named, in the order of their names."""
        self.totals()
        return (host for host, _ in self._hosts.items(by_key=True))

    def close(self) -> None:
        """Gives back the room on the disk; idempotent."""
        self._spool.close()

    def _rows_of(self, turn: Turn) -> Iterator[tuple[int, bytes, bytes]]:
        select = (
            "SELECT number, id, data FROM calls WHERE number >= ? AND number < ? ORDER BY number"
        )
        end = turn.first_call + turn.call_count
        for number, id_, data in self._spool.rows(select, (turn.first_call, end)):
            assert isinstance(number, int)
            assert isinstance(id_, bytes)
            assert isinstance(data, bytes)
            yield number, id_, data

    def _keep(self, id_: bytes, number: int, call: Call) -> None:
        data = msgspec.json.encode(call)
        self._calls.append((number, id_, data))
        self._bytes += len(data)
        self._flush_full()

    def _flush_full(self) -> None:
        if len(self._calls) + len(self._turns) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._spool.run_all("INSERT OR REPLACE INTO calls VALUES (?, ?, ?)", self._calls)
        self._spool.run_all("INSERT OR REPLACE INTO turns VALUES (?, ?)", self._turns)
        self._calls.clear()
        self._turns.clear()
        self._bytes = 0


def _deny(call: Call) -> None:
    if call.outcome != "denied":
        call.outcome, call.remark = "denied", call.result


class Audited(NamedTuple):
    """An audit: what there is one of, and what there may be very many of.

    Attributes:
        audit: the first.
        ledger: the turns and calls.
    """

    audit: Audit
    ledger: Ledger
