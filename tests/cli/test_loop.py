"""A session from start to end on its event loop, while observers of it fail."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.channels import Channels
from qwen_dual.cli.early import EarlySignals
from qwen_dual.cli.faults import FAILED
from qwen_dual.cli.loop import run_session
from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

    Front = Callable[[OpenSession], Awaitable[int]]

SIGNALS = [getattr(signal, f"SIG{name}") for name in ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"]]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    # This process goes on: it looks for garbage, logs and takes signals as before.
    monkeypatch.setattr("qwen_dual.cli.loop.end_collection", lambda: None)
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(front: Front, log: Log) -> tuple[int, list[str]]:
    """The exit status, and what the last screen says."""
    factory, hints = SessionFactory(), list[str]()
    launch = factory.prepare(SessionSpec(offline=True))
    factory.begin(launch, Channels().outside(), [log])
    with EarlySignals() as signals:
        status = run_session(factory, launch, Channels(), signals, front, on_saved=hints.append)
    return status, hints


def fail_at(kind: str) -> Callable[[Event], None]:
    def observer(event: Event) -> None:
        if kind in (event["type"], event.get("subtype")):
            raise ValueError("broken")

    return observer


def test_an_observer_that_must_not_fail_ends_the_session_and_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = Log()

    async def front(handle: OpenSession) -> int:
        handle.attach()
        handle.subscribe(fail_at("assistant"), name="stdout", on_error="end")
        handle.submit("say 3 words", CLI)
        await handle.closing.wait()
        return 0

    status, hints = run(front, log)
    assert status == FAILED
    said = capsys.readouterr().err
    assert "qwen-dual: stdout failed and cannot go on, so the session ends: ValueError" in said
    assert "Traceback" not in said
    kinds = [event.get("subtype") or event["type"] for event in log.events]
    assert kinds[-1] == "session_end"
    [notice] = [event for event in log.events if event.get("subtype") == "notice"]
    assert notice["data"]["text"] in said
    assert "--resume" in hints[0]  # what was said by then is saved


def test_one_that_fails_at_the_very_end_is_told_of_on_the_last_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = Log()

    async def front(handle: OpenSession) -> int:
        handle.attach()
        handle.subscribe(fail_at("session_end"), name="The mirror")
        return 0

    status, _ = run(front, log)
    assert status == 0
    assert "qwen-dual: The mirror failed and is told nothing more" in capsys.readouterr().err
    assert log.events[-1]["subtype"] == "session_end"


def test_a_session_that_is_not_saved_to_its_end_is_not_offered_to_be_resumed() -> None:
    log = Log()

    async def front(handle: OpenSession) -> int:
        handle.attach()
        handle.submit("say 3 words", CLI)
        await log.results()
        # Something that no recorder can take: a fault of whoever published it.
        handle.launch.bus.publish({"type": "user", "message": {"role": "user", "content": [{}]}})
        handle.submit("say 2 words", CLI)
        await log.results(2)
        return 0

    status, [hint] = run(front, log)
    assert status == 0
    assert "this session is not saved any more" in hint
    assert "--resume" not in hint
    notices = [event["data"]["text"] for event in log.events if event.get("subtype") == "notice"]
    assert [text for text in notices if text in hint]


def test_a_traceback_goes_to_the_sessions_log_and_to_no_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a process of the program's own

    async def front(handle: OpenSession) -> int:
        raise ValueError("nobody has foreseen this")

    status, _ = run(front, Log())
    logging.getLogger("asyncio").error("after the end")
    (log,) = (tmp_path / "home" / "debug").iterdir()
    assert status == FAILED
    assert capfd.readouterr().err == (
        f"qwen-dual: internal error: ValueError: nobody has foreseen this\nDetails: {log}\n"
    )
    assert "Traceback" in log.read_text()
