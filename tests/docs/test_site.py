"""The site builds with every link leading somewhere, and what its pages show runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import demos, docstrings, reference
from qwen_dual import host
from qwen_dual.core.commands.slash import RETRY

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def examples(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)


EXAMPLES = [
    (path.name, number, code)
    for path in (ROOT / "README.md", DOCS / "embedding.md", DOCS / "hosts.md")
    for number, code in enumerate(examples(path), 1)
]


IN_HOSTS = {
    "host.attach(": "True ['approve', 'control', 'observe', 'submit']",
    "for session in sessions": "0 sessions run",
    "session.submit_once(": "done ",
    "session.complete(prompt)": (
        "/approval-mode plan · reads only; nothing that writes or runs\n['offline']\n['default']"
    ),
    "session.list_sessions()": "say 3 words 1\ngoes on: True",
    "host.connect(": "zed may observe",
}
"""What an example of the page for hosts holds, and what it prints."""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which `qwen-dual` is this checkout."""
    command = tmp_path / "bin" / "qwen-dual"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("page", "number", "code"),
    EXAMPLES,
    ids=lambda value: str(value) if len(str(value)) < 20 else "",
)
def test_an_example_runs_as_it_stands(
    page: str, number: int, code: str, tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "events.jsonl").write_text(
        '{"type":"system","subtype":"session_start","seq":1,"data":{}}\n'
        '{"type":"system","subtype":"session_end","seq":2,"data":{}}\n'
    )
    script = tmp_path / "example.py"
    script.write_text(code)
    ran = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=env, capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    expected = {
        ("README.md", 1): "Result(",
        ("embedding.md", 1): "hello",
        ("embedding.md", 2): "end_turn, ",
        ("embedding.md", 3): "only echo may run here",
        ("embedding.md", 4): "2 system/session_end",
    }
    if page == "hosts.md":  # whose parts come and go: known by what they show
        [told] = [told for phrase, told in IN_HOSTS.items() if phrase in code]
        assert told in ran.stdout
    else:
        assert expected[page, number] in ran.stdout


def test_the_host_in_the_readme_has_ten_lines() -> None:
    [code] = examples(ROOT / "README.md")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_every_demo_has_a_page_that_shows_it() -> None:
    there = {path.name for path in (ROOT / "demos").glob("*.py")} - {"hosting.py"}
    shown = {
        found["file"].removeprefix("demos/")
        for page in (DOCS / "demos").glob("*.md")
        for found in demos.SHOWN.finditer(page.read_text())
    }
    assert shown == there | {"node/embed.mjs", "node/descriptor.mjs"}


@pytest.mark.parametrize(
    ("path", "text"), [*demos.pages(), *reference.pages()], ids=lambda value: Path(value).stem[:20]
)
def test_a_page_that_is_written_from_the_code_is_the_codes(path: Path, text: str) -> None:
    assert path.read_text() == text, "`make schema` writes it anew"


def test_the_reference_has_every_name_that_a_host_may_import() -> None:
    page = (DOCS / "reference" / "host.md").read_text()
    headings = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    assert sorted(headings) == sorted(host.__all__)


def test_a_docstring_becomes_text_and_lists() -> None:
    doc = docstrings.parse(
        "Does ``it``: well.\n\nMore.\n\nArgs:\n    a: the first,\n        of two.\n    **b: rest.\n\n"
        "Returns:\n    What came.\n"
    )
    assert doc.text == "Does `it`: well.\n\nMore."
    assert doc.summary == "Does `it`: well"
    assert doc.entries == {"Args": {"a": "the first, of two.", "**b": "rest."}}
    assert doc.prose == {"Returns": "What came."}


def test_every_page_is_in_the_navigation() -> None:
    nav = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    pages = {
        str(path.relative_to(DOCS))
        for path in DOCS.rglob("*.md")
        if "screenshots" not in path.parts
    }
    assert nav == pages


def test_the_page_for_the_keyboard_has_every_slash_command_and_no_other() -> None:
    source = "".join(path.read_text() for path in (ROOT / "qwen_dual").rglob("*.py"))
    made = set(re.findall(r'SlashCommand\(\s*"([\w-]+)"', source)) | {RETRY.removeprefix("/")}
    page = (DOCS / "using.md").read_text()
    table = page[page.index("| command | what it does |") : page.index("\n## Approvals")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    assert {name for row in rows for name in re.findall(r"`/([\w-]+)`", row)} == made


@pytest.mark.drill
@pytest.mark.timeout(120)
def test_the_site_builds_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "site" / "reference" / "host.html").read_text()
    for name in ("open_session", "follow", "SessionExited"):
        assert f'<h3 id="{name.lower()}">' in page
