"""Megabytes in one event hold up nothing: encoded in one pass of the loop, written in another."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

from qwen_dual.bridge.pacing import LONG, REST
from qwen_dual.bridge.tee import Tee
from qwen_dual.protocol import events
from qwen_dual.protocol.events import stamp
from tests.bridge_out.outputs import Output

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "x" * (LONG + 1)
START = events.system("session_start", {"session_id": "s"})


def long_message(text: str = TEXT) -> dict[str, Any]:
    usage = {"input_tokens": 0, "output_tokens": 0}
    blocks = [{"type": "text", "text": text}]
    return events.assistant("m", "fake", blocks, stop_reason=None, usage=usage)


def seqs(output: Output) -> list[int]:
    return [line["seq"] for line in output.lines()]


def test_it_is_encoded_in_one_pass_and_written_in_another(tmp_path: Path) -> None:
    output = Output("file", tmp_path)

    async def main() -> None:
        tee = Tee(output.sink)
        tee(stamp(START, session_id="s", seq=1))
        tee.attach(asyncio.get_running_loop())
        bodies = [events.notice("before"), long_message(), events.notice("after")]
        for seq, body in enumerate([*bodies, long_message(), events.notice("end")], 2):
            tee(stamp(body, session_id="s", seq=seq))
        assert tee.status().written == 2
        seen: list[tuple[int, int]] = []
        while not seen or seen[-1][1] < 6:
            await asyncio.sleep(0)
            seen.append((tee.status().written, seqs(output)[-1]))
        # One long one at most is encoded in a pass, and none in the pass in which it is written.
        for (encoded, written), (more, further) in itertools.pairwise(seen):
            assert more == encoded or further == written
        assert {encoded for encoded, _ in seen} == {2, 4, 6}
        assert seqs(output) == [1, 2, 3, 4, 5, 6]
        tee.close()

    asyncio.run(main())
    output.close()


def test_a_key_has_time_to_be_shown_between_any_two_of_its_steps(tmp_path: Path) -> None:
    output = Output("file", tmp_path)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        tee = Tee(output.sink)
        tee(stamp(START, session_id="s", seq=1))
        tee.attach(loop)
        changed, before = [loop.time()], (1, 1)
        for seq in (2, 3):
            tee(stamp(long_message(), session_id="s", seq=seq))
        while before != (3, 3):
            await asyncio.sleep(0)
            now = (tee.status().written, seqs(output)[-1])
            if now != before:
                changed.append(loop.time())
                before = now
        assert len(changed) == 5  # each encoded, then written
        assert all(later - sooner >= REST / 2 for sooner, later in itertools.pairwise(changed))
        tee.close()

    asyncio.run(main())
    output.close()


def test_the_end_waits_for_it(tmp_path: Path) -> None:
    output = Output("file", tmp_path)

    async def main() -> None:
        tee = Tee(output.sink)
        tee(stamp(START, session_id="s", seq=1))
        tee.attach(asyncio.get_running_loop())
        tee(stamp(long_message(), session_id="s", seq=2))
        tee(stamp(events.notice("end"), session_id="s", seq=3))
        assert await tee.drain(5)
        tee.close()

    asyncio.run(main())
    assert output.lines()[1]["message"]["content"][0]["text"] == TEXT
    assert seqs(output) == [1, 2, 3]
    output.close()
