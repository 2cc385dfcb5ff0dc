"""A session with a sandbox, and its keys, as a person and a host meet them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox import bubblewrap
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-0123456789abcdef0123"
bwrap = pytest.mark.skipif(bubblewrap.find("/nowhere", "") is None, reason="bubblewrap is missing")


def script(folder: Path, *commands: dict[str, object]) -> list[str]:
    """The arguments that make the model call the shell with each, then end."""
    lines = [
        {"blocks": [{"type": "tool_use", "name": "run_shell_command", "input": command}]}
        for command in commands
    ]
    path = folder / "script.jsonl"
    path.write_text(
        "".join(
            json.dumps(line) + "\n"
            for line in [*lines, {"blocks": [{"type": "text", "text": "done"}]}]
        )
    )
    return ["--offline-script", str(path)]


def results(program: Program) -> list[str]:
    blocks = [event["message"]["content"][0] for event in program.of("user")]
    return [str(block["content"]) for block in blocks if block["type"] == "tool_result"]


@bwrap
def test_the_sandbox_is_in_force_and_left_only_with_leave(tmp_path: Path) -> None:
    outside = {"command": "touch ../made", "outside_sandbox": True, "reason": "it goes beside"}
    arguments = script(tmp_path, {"command": "touch here && touch /etc/qwen-dual-made"}, outside)
    with Program(tmp_path, ["--sandbox", "--yolo", *arguments]) as program:
        program.ready()
        program.terminal.wait_for(lambda at: any("· sandbox ·" in row for row in at.screen))
        start = program.of("system", "session_start")[0]["data"]
        assert start["sandbox"] == {
            "backend": "auto",
            "filesystem": "workspace-write",
            "network": "closed",
        }
        program.submit("go")
        request = program.request()
        assert "outside_sandbox: true" in results(program)[0]
        assert (program.work / "here").exists() and not (tmp_path / "made").exists()
        program.terminal.wait_for("outside the sandbox")
        program.terminal.wait_for("it goes beside")
        assert "outside_sandbox" not in program.terminal.text
        asked = program.of("control_request")[0]["request"]
        assert asked["preview"]["title"] == (
            "Run outside the sandbox in the workspace · reason: it goes beside"
        )
        assert asked["rule"] is None
        program.answer(request, True)
        program.result()
        assert (tmp_path / "made").exists()
        program.submit("/sandbox")
        assert "Sandbox: bwrap (auto)" in program.result(2)["result"]
        program.quit()


def test_a_sandbox_that_is_missing_is_told_and_refuses(tmp_path: Path) -> None:
    arguments = script(tmp_path, {"command": "touch made"})
    with Program(tmp_path, ["--sandbox=landlock", "--yolo", *arguments]) as program:
        program.ready()
        notice = program.until(
            lambda event: "commands are refused" in str(event.get("data", {}).get("text", ""))
        )
        assert "apt install bubblewrap" in str(notice)
        program.submit("go")
        program.result()
        assert "it cannot be had" in results(program)[0]
        assert not (program.work / "made").exists()
        program.quit()


def test_commands_do_not_get_the_keys(tmp_path: Path) -> None:
    command = "env | rev; tr '\\0' '\\n' < /proc/$PPID/environ | rev; echo :$KEPT_TOKEN"
    home = tmp_path / "home" / ".qwen"
    home.mkdir(parents=True)
    shell = {"passEnvironment": ["KEPT_TOKEN"]}
    (home / "settings.json").write_text(json.dumps({"tools": {"shell": shell}}))
    env = {"OPENAI_API_KEY": KEY, "GH_TOKEN": f"ghp-{KEY}", "KEPT_TOKEN": "kept-0123456789abcdef"}
    arguments = script(tmp_path, {"command": command})
    with Program(tmp_path, ["--yolo", *arguments], env=env) as program:
        program.ready()
        program.submit("go")
        program.result()
        (text,) = results(program)
        assert KEY[::-1] not in text and "HTAP" in text
        assert ":[KEPT_TOKEN]" in text
        program.quit()


def test_the_persons_editor_does_not_get_the_keys(tmp_path: Path) -> None:
    editor, seen = tmp_path / "editor", tmp_path / "seen"
    editor.write_text(f"#!/bin/sh\nenv > {seen}.new\nmv {seen}.new {seen}\n")
    editor.chmod(0o755)
    env = {"EDITOR": str(editor), "VISUAL": None, "OPENAI_API_KEY": KEY, "OTHER_TOKEN": f"t-{KEY}"}
    with Program(tmp_path, ["--offline"], env=env) as program:
        program.ready()
        program.terminal.send("\x18")
        program.terminal.wait_for(lambda _: seen.exists())
        text = seen.read_text()
        assert KEY not in text
        assert f"EDITOR={editor}\n" in text and "QWEN_CODE_SESSION_ID=" in text
        program.quit()
