"""A fault of ours before there is a session: one line for the person, the end for hosts, a log."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.faults import FAILED
from qwen_dual.cli.parser import parse
from qwen_dual.cli.start import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """This process goes on: it takes signals as before."""
    before = {number: signal.getsignal(number) for number in signal.Signals}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("flags", "broken"),
    [
        (["-p", "hello"], "headless"),
        (["--input-format", "stream-json", "-o", "stream-json"], "streams"),
    ],
)
def test_no_traceback_reaches_a_person_when_a_start_fails(
    flags: list[str],
    broken: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise ValueError("nobody has foreseen this")

    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"qwen_dual.cli.{broken}.import_asyncio", fail)
    events = tmp_path / "events.jsonl"
    options = parse([*flags, "--offline", "--json-file", str(events)])
    assert run(options, {}) == FAILED
    (log,) = (tmp_path / "home" / "debug").iterdir()
    assert capfd.readouterr().err == (
        f"qwen-dual: internal error: ValueError: nobody has foreseen this\nDetails: {log}\n"
    )
    assert "Traceback" in log.read_text()
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert [event["subtype"] for event in told] == ["session_start", "session_end"]
