"""docs/dual-output.md: every shell block runs, and every list is the code's.

A comment before each shell block says how it is run: ``ui`` starts the program in a fresh folder,
``host`` runs beside it, ``host: ends`` as well and then the program has ended, ``fails: N`` exits with N.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from qwen_dual.cli.parser import _parser
from qwen_dual.protocol import COMMAND_TYPES, EVENT_TYPES
from qwen_dual.protocol.failures import Remedy
from qwen_dual.protocol.schema import STRICT, schemas
from tests.support.program import in_terminal

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dual-output.md"
TEXT = PAGE.read_text()
FENCE = re.compile(r"(?:<!-- (?P<role>[^>]*) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)


@dataclass
class Block:
    role: str
    body: str


def shell_blocks() -> list[Block]:
    return [Block(m["role"] or "", m["body"]) for m in FENCE.finditer(TEXT) if m["kind"] == "sh"]


def sessions() -> list[list[Block]]:
    """Each ``ui`` block with the ``host`` blocks that follow it."""
    groups: list[list[Block]] = []
    for block in shell_blocks():
        if block.role == "ui":
            groups.append([block])
        elif block.role.startswith("host"):
            groups[-1].append(block)
    return groups


def environment(folder: Path) -> dict[str, str]:
    """A home of its own, and ``qwen-dual`` on the path."""
    bin_folder, home = folder / "bin", folder / "home"
    for made in (bin_folder, home):
        made.mkdir()
    shim = bin_folder / "qwen-dual"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@"\n')
    shim.chmod(0o755)
    path = f"{bin_folder}:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("group", sessions(), ids=lambda group: group[0].body.split("\n")[-2][:40])
def test_the_blocks_of_a_session_run_as_they_stand(tmp_path: Path, group: list[Block]) -> None:
    env = environment(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    with in_terminal(["bash", "-ec", group[0].body], work, env=env) as terminal:
        terminal.wait_for("Type a prompt")
        for block in group[1:]:
            host = subprocess.Popen(
                ["bash", "-ec", block.body],
                env={**os.environ, **env},
                cwd=work,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if block.role == "host: ends":
                assert terminal.wait_exit() == 0
            else:
                running = host.poll
                terminal.wait_for(lambda _: running() is not None)  # noqa: B023
            said, _ = host.communicate(timeout=30)
            assert host.returncode == 0, f"{block.body}\n{said}"
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize(
    "block",
    [block for block in shell_blocks() if block.role.startswith("fails")],
    ids=lambda b: b.body,
)
def test_the_blocks_that_fail_fail_as_they_say(tmp_path: Path, block: Block) -> None:
    env = environment(tmp_path)
    with in_terminal(["bash", "-ec", block.body], tmp_path, env=env) as terminal:
        assert terminal.wait_exit() == int(block.role.partition(":")[2])
        assert "qwen-dual: " in terminal.text


def test_every_shell_block_says_how_it_is_run() -> None:
    roles = [block.role for block in shell_blocks()]
    known = {"ui", "host", "host: ends"}
    assert all(role in known or re.fullmatch(r"fails: \d+", role) for role in roles)
    assert len(roles) > 5


def blocks(kind: str) -> list[str]:
    return [match["body"] for match in FENCE.finditer(TEXT) if match["kind"] == kind]


def test_the_example_of_an_event_is_one_and_the_settings_are_json() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs the jsonschema package")
    examples = [json.loads(body) for body in blocks("json")]
    [event] = [example for example in examples if "type" in example]
    jsonschema.validate(event, schemas()[STRICT])
    [preview] = [example for example in examples if "files" in example]
    request = {**event["request"], "preview": preview}
    jsonschema.validate({**event, "request": request}, schemas()[STRICT])
    assert len(examples) == 3


def test_the_host_in_python_runs_as_it_stands(tmp_path: Path) -> None:
    [code] = blocks("python")
    work = tmp_path / "work"
    work.mkdir()
    env = {**os.environ, **environment(tmp_path)}
    argv = [sys.executable, "-c", code]
    ran = subprocess.run(
        argv, cwd=work, env=env, capture_output=True, text=True, timeout=50, check=False
    )
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout.splitlines()
    assert (said[0], said[1], said[-1]) == (
        "asks: touch made",
        "end_turn `touch made` done.",
        "exit 0",
    )
    assert (work / "made").exists()


def test_every_flag_is_the_programs_and_the_other_way_round() -> None:
    flags = {flag for action in _parser()._actions for flag in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"<!--.*?-->", "", TEXT)))
    named -= {"--no-such-flag"}
    assert named <= flags
    channels = {flag for flag in flags if re.match(r"--(json-f|input-f(?!ormat)|channel-)", flag)}
    assert channels <= named


def test_every_event_and_command_is_documented_and_no_other() -> None:
    events_schema = schemas()[STRICT]
    subtypes: set[str] = set()
    for definition in events_schema["$defs"].values():
        properties = definition.get("properties", {})
        if properties.get("type", {}).get("const") == "system":
            subtype = properties["subtype"]
            subtypes |= set(subtype.get("enum", [])) | {subtype.get("const")}
    subtypes.discard(None)
    table = TEXT[TEXT.index("| `system` subtype |") : TEXT.index("### seq")]
    rows = [line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("|")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert documented == subtypes
    events = TEXT[TEXT.index("| `type` |") : TEXT.index("Order within a turn")]
    rows = [line.split("|")[1] for line in events.splitlines()[2:] if line.startswith("|")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(EVENT_TYPES)
    commands = TEXT[TEXT.index("| command |") : TEXT.index("Each takes an optional")]
    assert set(re.findall(r'"type":"(\w+)"', commands)) == set(COMMAND_TYPES)


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("demos/*.md")],
    ids=lambda p: p.name,
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_what_the_readme_tells_to_type_exists() -> None:
    readme = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)|^    make (\w+)", readme, re.MULTILINE)):
        name = target[0] or target[1]
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name
    flags = {flag for action in _parser()._actions for flag in action.option_strings}
    suite = set(
        re.findall(r'^ +"(--[a-z-]+)",$', (ROOT / "tests/conftest.py").read_text(), re.MULTILINE)
    )
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme)) <= flags | suite


def test_the_table_of_remedies_has_each_of_them() -> None:
    table = TEXT.partition("| `remedy` |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert tuple(rows) == get_args(Remedy)
