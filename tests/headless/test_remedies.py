"""A failed run says what a script can do, and waits for a full service where it is asked to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

from anyio.from_thread import start_blocking_portal

from qwen_dual.frontends.headless.remedies import SENTENCES, what_helps
from qwen_dual.protocol.failures import Remedy
from tests.headless.program import Runner
from tests.models.calling import WHOLE
from tests.models.server import reply, serve

if TYPE_CHECKING:
    from pathlib import Path


def test_every_remedy_has_its_words() -> None:
    assert sorted(SENTENCES) == sorted(get_args(Remedy))
    assert what_helps({"error": {"remedy": "connect"}}) == SENTENCES["connect"]
    assert what_helps({}) == what_helps({"error": {"remedy": None}}) == ""


def test_a_failure_says_on_stderr_what_helps_and_in_the_result_as_a_word(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    failure = {"error": {"message": "no.", "kind": "content_filter", "remedy": "rephrase"}}
    ended = runner.run("-p", "hello", "-o", "json", *runner.script(failure))
    assert ended.status == 1
    assert (ended.result["error"]["kind"], ended.result["error"]["remedy"]) == (
        "content_filter",
        "rephrase",
    )
    assert SENTENCES["rephrase"] in ended.err
    assert SENTENCES["rephrase"] not in ended.out


def test_a_full_service_is_waited_for_beyond_the_bound_of_tries_where_nobody_waits(
    tmp_path: Path,
) -> None:
    runner = Runner(tmp_path, {"QWEN_CODE_UNATTENDED_RETRY": "1"})
    settings = {"model": {"generationConfig": {"maxRetries": 0}}}
    (runner.home / ".qwen").mkdir()
    (runner.home / ".qwen" / "settings.json").write_text(json.dumps(settings))
    full = [reply("busy", status=code, headers={"Retry-After": "0"}) for code in (429, 529, 429)]
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(*full, WHOLE, full[0])) as server,
    ):
        service = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k", "OPENAI_MODEL": "m"}
        runner.env.update(service)
        ended = runner.run("-p", "hello", "-o", "json")
        assert (ended.status, ended.result["result"]) == (0, "hi"), ended.err
        assert len(server.requests) == 4
        del runner.env["QWEN_CODE_UNATTENDED_RETRY"]
        refused = runner.run("-p", "hello", "-o", "json")
    assert refused.status == 1
    assert refused.result["error"]["kind"] == "rate_limit"
    assert SENTENCES["change_model"] in refused.err


def test_an_output_style_that_is_not_there_is_named_on_stderr(tmp_path: Path) -> None:
    ended = Runner(tmp_path).run("--offline", "--output-style", "terse", "-p", "say 2 words")
    assert (ended.status, ended.out) == (0, "some words\n")
    assert "There is no output style 'terse'; /output-style lists them." in ended.err
