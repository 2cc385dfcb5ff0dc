"""Which sandbox is asked for, what cannot be had, and what that means for a call."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.cli.parser import parse
from qwen_dual.core.permissions.proposals import rules_for
from qwen_dual.core.secrets import Secrets
from qwen_dual.core.tools.tool import InvalidArguments, Subject
from qwen_dual.runtime.sandboxing import BadPolicy, asked_for, choose_policy
from qwen_dual.runtime.workspace import names_of_keys
from qwen_dual.sandbox import bubblewrap
from qwen_dual.sandbox.confine import Sandbox
from qwen_dual.sandbox.confinement import returncode
from qwen_dual.sandbox.denials import denied
from qwen_dual.sandbox.policy import SandboxPolicy, SandboxUnavailable
from qwen_dual.sandbox.view import View
from qwen_dual.settings.load import Settings, SystemFiles, load_settings
from qwen_dual.tools.toolset import toolset
from tests.support.declared import parse_rule, policy_of
from tests.support.fakes import FakeCall, FakeTool
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

MINE = {"tools": {"executionSandbox": {"backend": "bwrap", "network": "open"}}}


def settings_of(folder: Path, *, trusted: bool = True, **files: Any) -> Settings:
    home, work = folder / "home", folder / "work"
    paths = {
        "user": home / "settings.json",
        "project": work / ".qwen" / "settings.json",
        "system": folder / "system.json",
        "defaults": folder / "defaults.json",
    }
    for name, content in files.items():
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        paths[name].write_text(text)
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    if trusted:
        (home / "trustedFolders.json").write_text(json.dumps({str(work): "TRUST_FOLDER"}))
    system = SystemFiles(str(paths["defaults"]), str(paths["system"]))
    return load_settings(str(work), str(home), {"HOME": str(home)}, system=system)


def asked(backend: str) -> dict[str, Any]:
    return {"tools": {"executionSandbox": {"backend": backend}}}


def test_there_is_none_unless_asked_for(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert choose_policy(settings, None) is None
    assert choose_policy(settings, "auto") == SandboxPolicy("auto", "workspace-write", "closed")
    assert choose_policy(settings_of(tmp_path, user=MINE), "none") is None


def test_one_object_counts_and_the_machines_goes_first(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, user=MINE, defaults=asked("landlock"))
    assert choose_policy(settings, None) == SandboxPolicy("bwrap", network="open")
    assert choose_policy(settings, "landlock") == SandboxPolicy("landlock", network="open")
    settings = settings_of(tmp_path, user=MINE, system=asked("auto"))
    assert choose_policy(settings, "none") == SandboxPolicy("auto")
    assert choose_policy(settings_of(tmp_path, user=asked("none"), system={}), "auto") is not None


@pytest.mark.parametrize("trusted", [True, False])
def test_a_project_neither_sets_nor_loosens_it(tmp_path: Path, trusted: bool) -> None:
    loose = {"tools": {"executionSandbox": {"backend": "none", "network": "open"}}}
    settings = settings_of(tmp_path, trusted=trusted, user=asked("auto"), project=loose)
    assert choose_policy(settings, None) == SandboxPolicy()
    told = [*settings.warnings, *settings.held_back]
    assert any("tools.executionSandbox" in text for text in told)
    assert choose_policy(settings_of(tmp_path, user={}, project=MINE), None) is None


@pytest.mark.parametrize(
    "content",
    [
        asked("docker"),
        {"tools": {"executionSandbox": True}},
        {"tools": {"executionSandbox": {"net": "closed"}}},
        '{"tools": {"executionSandbox": {"backend": "auto"',
    ],
)
def test_what_cannot_be_understood_counts_as_asked_for(tmp_path: Path, content: Any) -> None:
    settings = settings_of(tmp_path, user=content)
    with pytest.raises(BadPolicy, match="executionSandbox"):
        choose_policy(settings, None)
    assert asked_for(settings, None) is not None


def test_the_flag_is_taken_as_the_reference_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--sandbox"]).sandbox == parse(["-s"]).sandbox == "auto"
    assert parse(["--sandbox", "bwrap", "--debug"]).sandbox == "bwrap"
    assert parse(["--sandbox=false"]).sandbox == parse(["--no-sandbox"]).sandbox == "none"
    asked = parse(["--sandbox", "list the files"])
    assert (asked.sandbox, asked.prompt) == ("auto", "list the files")
    with pytest.raises(SystemExit):
        parse(["--sandbox", "list"])
    assert "is no sandbox here" in capsys.readouterr().err


def unavailable(folder: Path) -> Sandbox:
    return Sandbox(SandboxPolicy("landlock", network="closed"), os.path.realpath(folder), {})


def test_a_sandbox_that_cannot_be_had_runs_nothing(tmp_path: Path) -> None:
    sandbox = unavailable(tmp_path)
    with pytest.raises(SandboxUnavailable, match=r"Landlock cannot close the network.*apt install"):
        sandbox.prepare()
    tools = toolset(tmp_path, os.environ, sandbox=sandbox)
    result = call(tools, "run_shell_command", command="touch made")
    assert result.is_error and "apt install bubblewrap" in result.text
    assert not (tmp_path / "made").exists()
    background = call(tools, "run_shell_command", command="touch made", is_background=True)
    assert background.is_error and not (tmp_path / "made").exists()
    assert call(tools, "list_directory", path=".").is_error is False
    tools.close()


def test_bubblewrap_is_not_taken_from_the_workspace(tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o755)
    assert bubblewrap.find(str(tmp_path), str(tmp_path)) != str(fake)


def test_leaving_it_always_asks_and_says_why(tmp_path: Path) -> None:
    tools = toolset(tmp_path, os.environ, sandbox=unavailable(tmp_path))
    tool = tool_of(tools, "run_shell_command")
    assert {"outside_sandbox", "reason"} <= set(tool.parameters["properties"])
    assert "It runs in a sandbox" in tool.description
    with pytest.raises(InvalidArguments, match="reason"):
        tool.prepare({"command": "ls", "outside_sandbox": True})
    leaving = tool.prepare({"command": "git push", "outside_sandbox": True, "reason": "a\nremote"})
    inside = tool.prepare({"command": "git push"})
    assert (inside.subject.leaves_sandbox, leaving.subject.leaves_sandbox) == (False, True)
    for mode in ("default", "auto-edit", "yolo"):
        policy = policy_of(mode, allow=["run_shell_command"])
        assert policy.judge(tool, leaving).action == "ask"
        assert policy.judge(tool, inside).action == "allow"
    assert policy_of("plan").judge(tool, leaving).action == "refuse"
    assert policy_of("yolo", deny=["Bash(git push)"]).judge(tool, leaving).action == "refuse"
    assert rules_for(tool, leaving.subject, outside=False) == ()
    tools.close()


def test_no_rule_allows_to_leave_it() -> None:
    subject = Subject(leaves_sandbox=True)
    tool = FakeTool("run_shell_command", "execute", subject=subject)
    policy = policy_of("yolo", allow=[parse_rule("run_shell_command")])
    policy.remember("run_shell_command")
    assert policy.judge(tool, FakeCall(tool, {})).action == "ask"


def test_without_a_sandbox_nothing_is_said_of_one(tmp_path: Path) -> None:
    tools = toolset(tmp_path, os.environ)
    tool = tool_of(tools, "run_shell_command")
    assert "outside_sandbox" not in tool.parameters["properties"]
    asked = tool.prepare({"command": "ls", "outside_sandbox": True})
    assert not asked.subject.leaves_sandbox
    tools.close()


def test_deeper_entries_come_later() -> None:
    view = View("/a/w", True, ["/a", "/a/w/secret"], ["/a/w/.git", "/a/w/secret/.git"])
    assert view.entries() == [
        ("/a", "hidden"),
        ("/a/w", "write"),
        ("/a/w/secret", "hidden"),
        ("/a/w/.git", "read"),
    ]


def test_the_way_to_what_is_guarded_cannot_be_renamed() -> None:
    view = View("/w", True, (), ["/w/a/b/.git", "/w/.git"])
    assert view.entries() == [
        ("/w", "write"),
        ("/w/.git", "read"),
        ("/w/a", "write"),
        ("/w/a/b", "write"),
        ("/w/a/b/.git", "read"),
    ]


def test_a_status_above_128_is_the_signal() -> None:
    assert [returncode(code) for code in (None, 0, 1, 128, 137, 143, 255)] == [
        *(None, 0, 1, 128, -9, -15),
        255,
    ]


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("touch: cannot touch 'x': Read-only file system", "a file"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "the network"),
        ("AssertionError: 1 != 2", ""),
    ],
)
def test_a_want_of_rights_is_recognised(output: str, what: str) -> None:
    assert denied(output, SandboxPolicy()) == what


def test_keys_are_found_by_value_and_by_name() -> None:
    secrets = Secrets()
    secrets.add("0123456789abcdef", "KEY")
    env = {"A": "x0123456789abcdefx", "SHORT_KEY": "abc", "B": "b", "C": "0123456789abcdef"}
    assert names_of_keys(env, secrets, ["SHORT_KEY"], ["C"]) == ["A", "SHORT_KEY"]
