"""A service that is full for a while, without a screen: waited for where the environment says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anyio.from_thread import start_blocking_portal

from qwen_dual.cli.headless import report_waiting
from tests.headless.program import Ended, Runner
from tests.models.server import Reply, reply, serve
from tests.support.services import answer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FULL = reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"})
NO_RETRIES = '{"model": {"generationConfig": {"maxRetries": 0}}}'


def ran(
    folder: Path,
    replies: list[Reply],
    *arguments: str,
    unattended: str | None,
    settings: str = NO_RETRIES,
) -> Ended:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(*replies)) as server,
    ):
        runner = Runner(
            folder,
            {
                "OPENAI_API_KEY": "sk-x",
                "OPENAI_BASE_URL": server.url,
                "OPENAI_MODEL": "mock",
                "QWEN_CODE_UNATTENDED_RETRY": unattended,
                "CI": "true",
            },
        )
        path = runner.home / ".qwen" / "settings.json"
        path.parent.mkdir()
        path.write_text(settings)
        return runner.run("-p", "hello", "-o", "json", *arguments)


def test_it_is_waited_for_where_the_environment_says_so(tmp_path: Path) -> None:
    ended = ran(tmp_path, [FULL, FULL, answer("At last.")], unattended="1")
    assert (ended.status, ended.result["result"]) == (0, "At last.")


def test_a_ci_alone_waits_for_nothing(tmp_path: Path) -> None:
    ended = ran(tmp_path, [FULL, answer("never")], unattended=None)
    assert ended.status == 1
    assert "429" in ended.result["error"]["message"]


def test_a_call_that_is_made_again_is_told_of_where_no_line_redraws_itself(tmp_path: Path) -> None:
    again = '{"model": {"generationConfig": {"maxRetries": 2}}}'
    ended = ran(tmp_path, [FULL, answer("At last.")], unattended=None, settings=again)
    assert (ended.status, ended.result["result"]) == (0, "At last.")
    assert "429" in ended.err
    # Half a second, more or less by chance.
    assert re.search(r"; trying again in [01] s \(2 of 3\)", ended.err), ended.err


def test_the_bound_of_time_holds_for_waiting_too(tmp_path: Path) -> None:
    busy = reply({"error": {"message": "no"}}, status=429, headers={"Retry-After": "3600"})
    ended = ran(tmp_path, [busy] * 3, "--max-wall-time", "1", unattended="true")
    assert (ended.status, ended.result["stop_reason"]) == (55, "budget")
    assert "--max-wall-time" in ended.result["error"]["message"]


def test_the_line_on_stderr_is_the_reference_s(capsys: pytest.CaptureFixture[str]) -> None:
    report_waiting(3, 45.2)
    told = capsys.readouterr()
    assert told.err == "[qwen-dual] Waiting for API capacity... attempt 3, retry in 45s\n"
    assert told.out == ""
