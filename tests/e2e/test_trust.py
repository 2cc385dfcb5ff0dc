"""The first start in a folder: the question, the answers, and that nobody has to wait for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

QUESTION = "Do you trust the files in this folder?"
ASKS = "› 3. Not now"
SETTINGS = {
    "tools": {"approvalMode": "auto-edit"},
    "permissions": {"allow": ["Bash(touch made)"], "deny": ["Bash(touch denied)"]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a test in whose ``work`` somebody else has left something of each kind."""
    work = tmp_path / "work"
    (work / ".qwen" / "commands").mkdir(parents=True)
    (work / ".qwen" / "commands" / "x.md").touch()
    (work / ".qwen" / "settings.json").write_text(json.dumps(SETTINGS))
    (work / "AGENTS.md").write_text("Say nothing.\n")
    (work / ".env").write_text("FROM_FOLDER=yes\n")
    (work / ".mcp.json").write_text('{"mcpServers": {"one": {"command": "true"}}}')
    return tmp_path


def start(folder: Path, arguments: Sequence[str] = (), **more: Any) -> Program:
    (folder / "events.jsonl").unlink(missing_ok=True)
    (folder / "input.jsonl").write_text("")
    return Program(folder, arguments, **more).ready()


def kept(folder: Path) -> dict[str, str]:
    file = folder / "home" / ".qwen" / "trustedFolders.json"
    if not file.exists():
        return {}
    assert file.stat().st_mode & 0o777 == 0o600
    return dict(json.loads(file.read_text()))


def notices(program: Program) -> str:
    return "\n".join(event["data"]["text"] for event in program.of("system", "notice"))


def asked(program: Program, prompt: str) -> bool:
    """Whether a prompt of the host led to a request."""
    before = len(program.of("control_request"))
    results = len(program.of("result"))
    program.submit(prompt)
    program.until(
        lambda event: (
            len(program.of("control_request")) > before or len(program.of("result")) > results
        )
    )
    if len(program.of("control_request")) == before:
        return False
    program.answer(program.request(before + 1), allowed=False)
    program.result(results + 1)
    return True


def test_a_yes_takes_effect_at_once_and_is_remembered(folder: Path) -> None:
    with start(folder) as program:
        program.terminal.wait_for(ASKS)
        for held in (".qwen/settings.json", ".mcp.json", "AGENTS.md", ".env", ".qwen/commands"):
            assert held in program.terminal.text
        assert "tools.approvalMode auto-edit" in program.terminal.text.replace("\n  ", " ")
        program.terminal.send("1")
        program.until(lambda event: event.get("subtype") == "mode_changed")
        program.result()
        assert kept(folder) == {str(folder / "work"): "TRUST_FOLDER"}
        assert not asked(program, "run touch made")
        assert (folder / "work" / "made").exists()
        program.submit('run echo "$FROM_FOLDER" >&2; echo "$FROM_FOLDER"')
        program.answer(program.request(), allowed=True)
        program.result(3)
        assert '"yes' in json.dumps(program.of("user"))
        program.submit("/memory")
        program.result(4)
        assert "AGENTS.md" in notices(program)
        assert program.quit() == 0
    with start(folder) as program:
        program.submit("/trust")
        program.result()
        assert QUESTION not in program.terminal.text
        assert "is trusted" in notices(program)
        [first] = program.of("system", "session_start")
        assert first["data"]["approval_mode"] == "auto-edit"


def test_a_no_is_remembered_and_trust_changes_it(folder: Path) -> None:
    with start(folder) as program:
        program.terminal.wait_for(ASKS)
        program.terminal.send("2")
        program.result()
        assert kept(folder) == {str(folder / "work"): "DO_NOT_TRUST"}
        assert asked(program, "run touch made")
    with start(folder) as program:
        assert asked(program, "run touch made")
        program.submit("/memory")
        program.result(2)
        assert "No context file" in notices(program)
        assert QUESTION not in program.terminal.text
        program.terminal.send("/trust\r")
        program.terminal.wait_for("› 3. No, don't ask again")
        program.terminal.send("1")
        program.result(3)
        assert kept(folder) == {str(folder / "work"): "TRUST_FOLDER"}
        assert not asked(program, "run touch made")
        assert asked(program, "run touch other")


def test_without_an_answer_it_is_asked_again_and_enter_alone_trusts_nothing(folder: Path) -> None:
    for key in ("\r", "\x1b"):
        with start(folder) as program:
            program.terminal.wait_for(ASKS)
            program.terminal.send(key)
            program.until(lambda event: "asked at the next start" in str(event))
            assert kept(folder) == {}


def test_a_host_is_told_what_waits_and_held_up_by_nothing(folder: Path) -> None:
    with start(folder) as program:
        program.terminal.wait_for(ASKS)
        told = program.until(lambda e: e.get("subtype") == "notice" and "AGENTS.md" in str(e))
        assert told["data"]["level"] == "warning"
        program.submit("say 3 words")
        program.result()
        program.submit("run touch made")
        request = program.request()
        program.terminal.wait_for("Run this command?")
        assert QUESTION not in program.terminal.screen
        program.terminal.wait_for("› y  Yes")
        program.terminal.send("\r")
        program.until(lambda event: event["type"] == "control_response")
        assert request
        program.result(2)
        assert (folder / "work" / "made").exists()
        program.terminal.wait_for(ASKS)
        program.submit("/trust yes")
        program.result(3)
        assert "is trusted in this session" in notices(program)
        program.terminal.wait_for(lambda screen: QUESTION not in "\n".join(screen.screen))
        assert kept(folder) == {}
        assert not asked(program, "run touch made")


def test_who_types_at_once_is_not_interrupted(folder: Path) -> None:
    with start(folder) as program:
        program.terminal.wait_for(ASKS)
        program.terminal.send("say 3 words")
        program.terminal.wait_for("> say 3 words")
        program.terminal.send("\r")
        program.result()
        [sent] = [event for event in program.of("user") if "say 3 words" in str(event)]
        assert sent["message"]["content"] != ""
        program.terminal.wait_for(ASKS)
        assert kept(folder) == {}


def test_a_host_that_knows_says_so_and_it_is_not_remembered(folder: Path) -> None:
    with start(folder, ["--trust"]) as program:
        assert not asked(program, "run touch made")
        program.submit("/trust")
        program.result(2)
        assert "is trusted in this session" in notices(program)
        assert QUESTION not in program.terminal.text
        assert kept(folder) == {}


def test_a_folder_that_holds_nothing_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "work" / ".qwen").mkdir(parents=True)
    settings = {"permissions": {"deny": ["Bash(touch denied)"]}, "ui": {"hideTips": False}}
    (tmp_path / "work" / ".qwen" / "settings.json").write_text(json.dumps(settings))
    with start(tmp_path) as program:
        program.submit("run touch denied")
        program.result()
        program.submit("/trust")
        program.result(2)
        assert program.of("control_request") == []
        assert not (tmp_path / "work" / "denied").exists()
        assert "nobody has decided" in notices(program)
        assert QUESTION not in program.terminal.text


@pytest.mark.parametrize("arguments", [(), ("--trust",)])
def test_what_is_always_allowed_in_this_project_holds_after_a_restart(
    folder: Path, arguments: Sequence[str]
) -> None:
    (folder / "work" / ".qwen" / "settings.json").unlink()
    with start(folder, arguments) as program:
        program.submit("run mkdir -p made")
        program.terminal.wait_for("Run this command?")
        program.terminal.wait_for("in this project")
        program.answer(program.request(), allowed=True, remember="project")
        program.result()
    assert not (folder / "work" / ".qwen" / "settings.json").exists()
    with start(folder, arguments) as program:
        assert not asked(program, "run mkdir -p made")
        assert "not used" not in notices(program)
