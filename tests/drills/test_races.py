"""Keyboard and channel answering the same request at the same moment, in the real program."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 12


@pytest.mark.drill
@pytest.mark.timeout(60)
def test_each_request_is_resolved_once_and_runs_only_if_it_was_allowed(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        screen = program.ready().terminal
        for number in range(1, ROUNDS + 1):
            program.submit(f"run touch made-{number}")
            request = program.request(number)
            # The sign that the dialog takes keys; one that just appeared takes none.
            screen.wait_for(lambda terminal: any("› y  Yes" in row for row in terminal.screen))
            together = threading.Barrier(2)
            key = "\r" if number % 2 else "n"  # yes, or no and then a reason

            def by_channel(
                request: str = request,
                together: threading.Barrier = together,
                yes: bool = number % 3 == 0,
            ) -> None:
                together.wait(30)
                program.answer(request, yes, message="not this one")

            thread = threading.Thread(target=by_channel)
            thread.start()
            together.wait(30)
            screen.send(key)
            thread.join(30)
            program.result(number)
            screen.wait_for(lambda terminal: not any("y  Yes" in row for row in terminal.screen))
            screen.send("\x15")  # a key that came after the dialog had closed went to the editor
        assert program.quit() == 0
        responses = [event["response"] for event in program.of("control_response")]
        resolved = {
            response["request_id"]: response["response"]["allowed"]
            for response in responses
            if response["subtype"] == "success"
        }
        successes = [response for response in responses if response["subtype"] == "success"]
        assert len(successes) == len(resolved) == ROUNDS
        requests = [event["request_id"] for event in program.of("control_request")]
        for number, request_id in enumerate(requests, 1):
            made = (program.work / f"made-{number}").exists()
            assert made is resolved[request_id]
