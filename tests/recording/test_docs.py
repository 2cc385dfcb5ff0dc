"""The lines of docs/recording.md run as they stand, on a recording made as it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.program import COMMAND, in_terminal

PAGE = Path(__file__).parents[2] / "docs" / "recording.md"
BUILT = PAGE.parents[1] / "qwen_dual" / "web" / "static" / "replay" / "replay.js"
LINES = [
    found[1]
    for found in re.finditer(
        r"^    (qwen-dual (?:replay|audit) .*?)(?: {2,}#.*)?$", PAGE.read_text(), re.MULTILINE
    )
]
PROGRAM = """\
import json, sys
events = open(sys.argv[sys.argv.index("--json-file") + 1], "w")
for seq, type in enumerate(["system", "user", "result"], 1):
    print(json.dumps({"type": type, "seq": seq, "message": {"content": [{"type": "text"}]}}), file=events)
print("painted")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recordings that the page names, and its programs on the PATH."""
    made = tmp_path_factory.mktemp("page")
    (made / "program.py").write_text(PROGRAM)
    own = made / "bin" / "qwen-dual"
    own.parent.mkdir()
    own.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    own.chmod(0o755)
    command = [*COMMAND, "record", "-o", "run", "--", sys.executable, str(made / "program.py")]
    with in_terminal(command, made) as terminal:
        assert terminal.wait_exit() == 0
    for name in ("other", "monday", "tuesday"):
        (made / name).symlink_to("run")
    return made


def test_the_page_shows_each_command() -> None:
    assert len(LINES) == 9


@pytest.mark.parametrize("line", LINES)
def test_a_line_runs_as_it_stands(folder: Path, line: str) -> None:
    if "--html" in line and not BUILT.is_file():
        pytest.skip("needs the page (make page)")
    if line.endswith(" fifo"):
        line = f"mkfifo fifo; {line} & cat fifo; wait $!"
    line = line.replace("jq '.[0].models'", f"{sys.executable} -m json.tool")
    with in_terminal(f'PATH="$PWD/bin:$PATH"; set -o pipefail; {line}', folder) as terminal:
        assert terminal.wait_exit() == 0
        shown = terminal.text
    wanted = {
        "--html": "any browser shows it",
        "--json-file": '"type": "user"',
        "--json-fd": "3 events sent",
        "--format csv": "recording,session",
        "--format json": '"source": "run"',
        "--compare": "They do the same",
        "audit run": "1 turn, 0 tool calls",
        "replay": "painted",
    }
    assert next(text for part, text in wanted.items() if part in line) in shown
