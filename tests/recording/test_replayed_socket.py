"""A recording on a socket: what hosts that connect to it get, and what becomes of what they send."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual import host
from qwen_dual.cli.replayed_socket import ReplayedSocket
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.recorded import Recorded
from tests.host.support import everything

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

DELTA = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "é" * 500},
}


def recording(folder: Path, count: int, *, counted: bool = True) -> Recorded:
    """So many events behind a ``session_start``."""
    data = {"session_id": "s", "cwd": "/", "protocol_version": 2, "supported_commands": ["submit"]}
    told: list[dict[str, Any]] = [{"type": "system", "subtype": "session_start", "data": data}]
    told += [{"type": "stream_event", "event": DELTA} for _ in range(count)]
    if counted:
        told = [{**event, "seq": seq} for seq, event in enumerate(told, 1)]
    path = folder / "events.jsonl"
    path.write_text("".join(json.dumps({**event, "session_id": "s"}) + "\n" for event in told))
    return Recorded(str(path))


@pytest.mark.parametrize("counted", [True, False])
async def test_a_host_gets_every_event_also_where_more_comes_than_is_kept(
    tmp_path: Path, counted: bool
) -> None:
    recorded, path = recording(tmp_path, 6_000, counted=counted), str(tmp_path / "s")
    served = ReplayedSocket(path)
    async with anyio.create_task_group() as group:
        group.start_soon(served.run, recorded, math.inf)
        async with host.connect(path, name="dashboard", from_seq=1) as session:
            assert session.rights == {"observe"}
            with pytest.raises(host.CommandRejected, match="unavailable"):
                await session.submit("x")
            events, gone = await everything(session)
            assert gone is not None  # a recording that was cut off has no end
            seen = [event.seq for event in events if event.type == "stream_event"]
    assert seen == list(range(2, 6_002))
    assert served.sent == 6_001
    assert not (tmp_path / "s").exists()


async def test_what_a_host_sends_is_refused_to_it_alone(tmp_path: Path) -> None:
    recorded, path = recording(tmp_path, 3), str(tmp_path / "s")
    served = ReplayedSocket(path)
    async with anyio.create_task_group() as group:
        group.start_soon(served.run, recorded, 1.0)
        stream = await anyio.connect_unix(path)
        sent = [{"type": "hello", "name": "a"}, {"type": "get_state", "id": "1"}, {"type": "x"}]
        await stream.send("".join(json.dumps(line) + "\n" for line in sent).encode())
        data = b""
        while True:
            try:
                data += await stream.receive()
            except anyio.EndOfStream:
                break
        await stream.aclose()
    told = [json.loads(line) for line in data.splitlines()]
    codes = [event["data"]["code"] for event in told if "code" in event.get("data", {})]
    assert codes == ["unavailable", "unknown_type"]
    assert told[0]["data"]["supported_commands"] == []


async def test_what_does_not_begin_as_a_session_does_greets_nobody(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"type":"user"}\n')
    served = ReplayedSocket(str(tmp_path / "s"))
    with pytest.raises(RecordingError, match="session_start"):
        await served.run(Recorded(str(path)), 1.0)
    assert not (tmp_path / "s").exists()
    with pytest.raises(RecordingError, match="nowhere"):
        ReplayedSocket(str(tmp_path / "nowhere" / "s"))


def test_the_index_says_which_event_was_the_latest_at_a_moment(tmp_path: Path) -> None:
    recording(tmp_path, 1)
    entries = [(0.0, 1, 3), (1.5, 4, 9), (2.0, None, None), (3.0, 10, 10)]
    lines = [
        {"t": at, "offset": 0, "lines": 1, "from_seq": first, "to_seq": last}
        for at, first, last in entries
    ]
    (tmp_path / "index.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines) + "{\n"
    )
    recorded = Recorded(str(tmp_path))
    moments = (-1.0, 0.0, 1.4, 1.5, 2.5, 99.0)
    assert [recorded.seq_at(at) for at in moments] == [None, 3, 3, 9, 9, 10]
    assert Recorded(str(tmp_path / "events.jsonl")).seq_at(5.0) is None
