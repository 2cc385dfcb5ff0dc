"""Each check holds for a program that keeps its promise, and says what it saw of one that does not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import anyio
import pytest

from qwen_dual.conformance.judge import Verdict, judge, promises_of
from qwen_dual.conformance.promise import LEVELS
from qwen_dual.conformance.report import as_json, as_junit, line, summary
from qwen_dual.conformance.script import Script, read_script
from tests.support.program import COMMAND
from tests.support.pty import ROOT, terminal_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

FAULTY = [sys.executable, str(Path(__file__).with_name("faulty.py"))]
SCRIPT = Script(answer="answer", tool="tool", output="output", fail="fail")
BASE = [promise.name for promise in promises_of("base")]


def verdicts(
    command: Sequence[str],
    only: Sequence[str],
    script: Script = SCRIPT,
    broken: str = "",
    least: float = 15,
) -> list[Verdict]:
    environment = terminal_environment()
    if broken:
        environment["PYTHONPATH"] += f":break={broken}"

    async def run() -> list[Verdict]:
        promises = promises_of("full", only)
        return [
            verdict async for verdict in judge(command, promises, script, environment, least=least)
        ]

    return anyio.run(run)


def test_a_program_that_keeps_the_base_is_found_to() -> None:
    found = verdicts(FAULTY, BASE)
    assert [line(verdict) for verdict in found if verdict.outcome != "held"] == []
    assert summary(found) == f"base: {len(BASE)} of {len(BASE)} held"


@pytest.mark.parametrize("name", BASE)
def test_a_promise_that_is_broken_is_found_to_be(name: str) -> None:
    [found] = verdicts(FAULTY, [name], broken=name, least=2)
    assert found.outcome == "broken", line(found)
    assert found.why
    assert found.promise.loses in line(found)


@pytest.mark.parametrize("name", ["end_by_sigterm", "end_by_sighup"])
def test_what_a_program_says_after_its_launcher_has_ended_counts(name: str) -> None:
    launched = ["sh", "-c", '"$@" & wait', "launcher", *FAULTY]
    [found] = verdicts(launched, [name], broken="slow_end")
    assert found.outcome == "held", line(found)


def test_prompts_that_become_one_are_said_to() -> None:
    [found] = verdicts(FAULTY, ["queue"], broken="together", least=1)
    told = "4 of 5 are told as user events, and the model was asked for 2 of them together"
    assert found.why.endswith(told)


@pytest.mark.parametrize("name", ["seq", "receipts", "interrupt", "replaced"])
def test_a_program_of_the_base_alone_breaks_what_is_beyond_it(name: str) -> None:
    [found] = verdicts(FAULTY, [name], least=2)
    assert found.outcome == "broken", line(found)


@pytest.mark.parametrize(
    ("broken", "why"),
    [("", "its session_start has no supported_commands"), ("rewind", "lack rewind, rewind_points")],
)
def test_a_part_that_a_program_leaves_out_is_not_held_against_it(broken: str, why: str) -> None:
    found = verdicts(FAULTY, ["submit", "rewind"], broken=broken)
    assert [verdict.outcome for verdict in found] == ["held", "not offered"]
    assert line(found[1]).endswith(why)
    assert summary(found) == "base: 1 of 1 held; full: 0 of 0 held, 1 not offered"
    assert ElementTree.fromstring(as_junit(found)).get("skipped") == "1"


def test_ours_keeps_what_it_promises_of_each_part() -> None:
    some = ["keyboard", "allowed", "receipts", "fifo_readers", "replaced", "draft_untouched"]
    found = verdicts(COMMAND, some, Script())
    assert [line(verdict) for verdict in found if verdict.outcome != "held"] == []


def test_what_a_script_does_not_say_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('{"answer": "hello"}')
    found = verdicts(FAULTY, ["submit", "allowed"], read_script(str(tmp_path / "script.json")))
    assert [verdict.outcome for verdict in found] == ["held", "not judged"]
    assert "not judged, the script has no prompt for 'tool'" in line(found[1])


@pytest.mark.parametrize("text", ["", "[]", '{"answers": "x"}', '{"answer": 5}'])
def test_what_is_no_script_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "script.json").write_text(text)
    with pytest.raises(ValueError, match=r"script\.json: is no script"):
        read_script(str(tmp_path / "script.json"))


def test_the_reports_of_ci_have_each_promise() -> None:
    found = [*verdicts(FAULTY, ["submit"]), *verdicts(FAULTY, ["stream"], broken="stream")]
    suite = ElementTree.fromstring(as_junit(found))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite] == ["submit", "stream"]
    told = json.loads(as_json(FAULTY, found))
    assert [promise["outcome"] for promise in told["promises"]] == ["held", "broken"]
    assert told["summary"] == "base: 1 of 2 held"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "check", *arguments],
        env=terminal_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_demo_keeps_the_base_and_the_command_says_so(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('{"answer": "hello"}')
    some = [part for name in ("submit", "stream", "end_by_sigterm") for part in ("--only", name)]
    demo = ["--script", str(tmp_path / "script.json"), "--", sys.executable, "demos/own_bridge.py"]
    told = check(*some, *demo)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.splitlines()[-1] == "base: 3 of 3 held"


def test_the_page_for_authors_names_each_promise_under_its_level() -> None:
    _, _, page = (
        (ROOT / "docs/hosts.md").read_text().partition("\n## For authors of other programs\n")
    )
    named: list[tuple[str, str]] = []
    level = ""
    for row in page.splitlines():
        if row.startswith("**"):
            level = row[2:].partition("**")[0].lower()
        elif row.startswith("|") and not row.startswith(("| step", "| part")):
            named += [(level, name) for name in re.findall(r"`(\w+)`", row.split("|")[3])]
    promises = [(promise.level, promise.name) for promise in promises_of("full")]
    assert sorted(named) == sorted(promises)
    assert [level for level, _ in promises] == sorted(
        (one for one, _ in promises), key=LEVELS.index
    )


def test_what_has_no_channel_is_one_error() -> None:
    told = check("--", "sleep", "5")
    assert told.returncode == 2
    assert "sleep: says no session_start on its channel, so nothing can be judged" in told.stderr
    assert check("--", "no-such-program").returncode == 2
    assert "there is no promise 'x'" in check("--only", "x").stderr
    assert len(check("--level", "plus", "--list").stdout.splitlines()) == len(promises_of("plus"))


def test_what_asyncio_logs_of_its_own_server_is_no_part_of_the_report() -> None:
    script = (
        "import logging, anyio\n"
        "from qwen_dual.cli import check_command\n"
        "anyio.run = lambda *_: logging.getLogger('asyncio').error('Exception in callback') or []\n"
        "check_command.main(['--level', 'base'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
