"""Records of running sessions: kept under a lock, listed without a write, taken away by the next."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.running.keeper import Keeper, Locks
from qwen_dual.running.leftovers import remove_leftovers
from qwen_dual.running.listing import in_order, running
from qwen_dual.running.record import MAX_BYTES, Record, lock_of, record_of, titled
from tests.support.users import NOBODY, as_root, in_child

if TYPE_CHECKING:
    from pathlib import Path

ONE = Record(
    pid=os.getpid(), session_id="one", agent="qwen-dual", version="1", cwd="/w", started_at=1.0
)

HOLDER = """
import sys
from qwen_dual.running.keeper import Keeper, Locks
from qwen_dual.running.record import Record
keeper = Keeper(sys.argv[1], Locks())
keeper.open()
keeper.write(Record(pid=int(sys.argv[2]), session_id="killed", agent="a", version="1", cwd="/",
                    started_at=1.0))
print(keeper.path, flush=True)
sys.stdin.read()
"""


def killed(folder: Path, pid: int = 1) -> Path:
    """The record of a process that was killed while it ran a session."""
    command = [sys.executable, "-c", HOLDER, str(folder), str(pid)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None
        path = holder.stdout.readline().strip()
        assert [one.session_id for one in running(str(folder))] == ["killed"]
        holder.kill()
    return type(folder)(path)


def state_of(folder: Path) -> dict[str, object]:
    """All that a write to the folder, or to a file in it, would change."""
    found: dict[str, object] = {}
    for path in (folder, *folder.iterdir()):
        told = path.lstat()
        found[path.name] = (told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
    return found


def kept(folder: Path, record: Record = ONE, locks: Locks | None = None) -> Keeper:
    keeper = Keeper(str(folder), locks or Locks())
    keeper.open()
    keeper.write(record)
    return keeper


def test_a_record_is_there_from_its_first_write_until_it_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert running(str(folder)) == []
    keeper = Keeper(str(folder), Locks())
    keeper.open()
    assert running(str(folder)) == []  # locked, and nothing is told yet
    keeper.write(ONE)
    told = replace(ONE, state="thinking", session_id="another", title="Why?", socket="/run/s")
    keeper.write(told)
    assert running(str(folder)) == [told]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    keeper.close()
    keeper.close()
    assert list(folder.iterdir()) == []


def test_whoever_was_killed_runs_no_more_whatever_became_of_its_pid(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    record = killed(folder, pid=os.getpid())  # a number that another process has
    assert record.exists()
    told = record_of(record.read_bytes())
    assert told is not None and told.pid == os.getpid()
    assert running(str(folder)) == []


def test_who_looks_writes_nothing_and_needs_no_right_to(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    killed(folder)
    living = kept(folder)
    folder.chmod(0o500)
    before = state_of(folder)
    assert running(str(folder)) == [ONE]
    assert state_of(folder) == before
    folder.chmod(0o700)
    living.close()


def test_sessions_of_one_process_have_a_record_each_and_one_lock(tmp_path: Path) -> None:
    locks = Locks()
    first = kept(tmp_path, locks=locks)
    second = kept(tmp_path, replace(ONE, session_id="two"), locks)
    assert len(list(tmp_path.glob("*.lock"))) == 1
    assert {one.session_id for one in running(str(tmp_path))} == {"one", "two"}
    first.close()
    assert [one.session_id for one in running(str(tmp_path))] == ["two"]
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_ones_left_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    killed(folder)
    killed(folder)
    torn = killed(folder)
    (folder / f".{torn.name}.{'0' * 12}.tmp").touch()
    type(folder)(lock_of(str(torn))).unlink()  # as if whoever cleaned was killed in the middle
    others = ["notes.json", "7.lock", "8.events", ".x.json.tmp"]
    for name in others:
        (folder / name).touch()
    living = kept(folder)
    assert remove_leftovers(str(folder)) == 3
    own = [os.path.basename(path) for path in (living.path, lock_of(living.path))]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*others, *own])
    assert running(str(folder)) == [ONE]
    living.close()


def test_no_session_that_begins_loses_its_record_to_one_that_cleans(tmp_path: Path) -> None:
    done = threading.Event()

    def clean() -> None:
        while not done.is_set():
            remove_leftovers(str(tmp_path))

    cleaners = [threading.Thread(target=clean) for _ in range(3)]
    for cleaner in cleaners:
        cleaner.start()
    try:
        for count in range(200):
            keeper = kept(tmp_path, replace(ONE, session_id=str(count)))
            assert [one.session_id for one in running(str(tmp_path))] == [str(count)]
            keeper.close()
    finally:
        done.set()
        for cleaner in cleaners:
            cleaner.join()


def test_a_session_whose_folder_was_emptied_is_there_again_at_the_next_change(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    keeper = kept(folder)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    keeper.write(ONE)
    assert running(str(folder)) == [ONE]
    keeper.close()


def test_a_folder_that_others_may_have_a_hand_in_is_refused(tmp_path: Path) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link"
    elsewhere.mkdir(mode=0o700)
    link.symlink_to(elsewhere)
    for act in (lambda: kept(link), lambda: running(str(link))):
        with pytest.raises(ForeignFileError, match=r"link|no directory"):
            act()
    elsewhere.chmod(0o777)
    with pytest.raises(ForeignFileError, match="written to by others"):
        running(str(elsewhere))
    assert list(elsewhere.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(ForeignFileError, match="no directory"):
        running(str(tmp_path / "file"))


@as_root
def test_another_users_folder_and_records_are_no_sessions_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    keeper = kept(folder)
    os.chown(keeper.path, NOBODY, NOBODY)
    assert running(str(folder)) == []
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(ForeignFileError, match="another user"):
        running(str(folder))
    with pytest.raises(ForeignFileError, match="another user"):
        kept(folder)
    os.chown(folder, 0, 0)
    keeper.close()
    assert in_child(NOBODY, lambda: _refused(str(folder))) == "refused"


def _refused(folder: str) -> str:
    try:
        return str(running(folder))
    except OSError:
        return "refused"


def _replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_text('{"v": 0}'),
        lambda path: path.write_text('{"v": 1, "pid": "7"}'),
        lambda path: path.write_bytes(b" " * (MAX_BYTES + 1)),
        lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
        lambda path: _replace_by_fifo(path),
        lambda path: path.unlink(),
    ],
)
def test_a_record_that_cannot_be_used_is_left_out(tmp_path: Path, spoil: object) -> None:
    broken, whole = kept(tmp_path, replace(ONE, session_id="broken")), kept(tmp_path)
    assert callable(spoil)
    spoil(tmp_path / os.path.basename(broken.path))
    assert running(str(tmp_path)) == [ONE]
    broken.close()
    whole.close()


def test_a_record_of_a_later_program_may_hold_more(tmp_path: Path) -> None:
    text = ONE.to_bytes().replace(b'{"v":1', b'{"v":2,"mood":"good"')
    assert record_of(text) == replace(ONE, v=2)


def test_those_that_wait_for_a_person_come_first() -> None:
    states = ["idle", "thinking", "awaiting_approval", "running_tool"]
    records = [
        replace(
            ONE,
            state=state,
            state_at=float(at),
            session_id=f"{state} {at}",
            waits=state == "awaiting_approval",
        )
        for at, state in enumerate([*states, *states])
    ]
    records.append(replace(ONE, state="idle", session_id="to be looked at", waits=True))
    assert [one.session_id for one in in_order(records)] == [
        *("awaiting_approval 6", "awaiting_approval 2", "to be looked at"),
        *("running_tool 7", "thinking 5", "running_tool 3", "thinking 1"),
        *("idle 4", "idle 0"),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [("", ""), (" Why\n\tnot? ", "Why not?"), ("x" * 200, "x" * 119 + "…"), ("a b" * 10**6, None)],
)
def test_a_title_is_one_bounded_line(text: str, title: str | None) -> None:
    made = titled(text)
    assert len(made) <= 120 and "\n" not in made
    assert title is None or made == title
