"""Trust, output styles, the context file; and what it costs to have none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.runtime.written import SYNONYMS, Place, skill_tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_of_a_folder_counts_before_it_is_trusted_and_all_of_it_after(place: Place) -> None:
    place.write("work/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    place.write("work/.claude/commands/check.md", "!`touch made`")
    place.write("work/.qwen/output-styles/loud.md", "SHOUT")
    place.write("person/.qwen/settings.json", '{"general": {"outputStyle": "loud"}}')

    async def main() -> None:
        async with place.session(trust=None) as handle:
            await place.ask(handle, "hello")
            assert "skill" not in handle.tools
            assert "Unknown command" in (await place.ask(handle, "/check"))["result"]
            assert "SHOUT" not in handle.parts.session.system
            held = (await place.ask(handle, "/trust"))["result"]
            assert ".qwen/skills: skills (synonyms)" in held
            assert ".claude/commands: slash commands (check.md)" in held
            await place.ask(handle, "/trust session")
            assert "- synonyms: " in skill_tool(handle).description
            assert "check" in {name for name, _ in handle.slash.names()}
            assert "SHOUT" in handle.parts.session.system
            await place.ask(handle, "/trust no")
            assert "skill" not in handle.tools
            assert "Unknown command" in (await place.ask(handle, "/check"))["result"]
            assert "SHOUT" not in handle.parts.session.system

    anyio.run(main)


# -- styles and the context file --------------------------------------------------------------


def test_a_style_is_what_the_model_is_told_from_the_next_prompt_on(place: Place) -> None:
    place.write("person/.qwen/output-styles/terse.md", "---\nname: Terse\n---\nBe terse.")
    place.write("work/.qwen/output-styles/code.md", "---\nkeep-coding-instructions: true\n---\nOk.")

    async def main() -> None:
        async with place.session(output_style="CODE") as handle:
            await place.ask(handle, "hello")
            system = handle.parts.session.system
            assert "# Output style: code\n\nOk." in system and "keep changes small" in system
            assert "● code" in (await place.ask(handle, "/output-style"))["result"]
            told = (await place.ask(handle, "/output-style terse"))["result"]
            assert told.startswith(
                "Output style: Terse, from now on: kept in ~/.qwen/settings.json"
            )
            system = handle.parts.session.system
            assert "Be terse." in system and "keep changes small" not in system
            assert (
                "there are: default, code, Terse"
                in (await place.ask(handle, "/output-style loud"))["result"]
            )
        async with place.session() as handle:
            await place.ask(handle, "hello")
            assert "Be terse." in handle.parts.session.system
            await place.ask(handle, "/output-style default")
            assert "Be terse." not in handle.parts.session.system

    anyio.run(main)


def test_init_has_the_model_write_the_file_and_asks_before_one_is_changed(place: Place) -> None:
    place.calls(("write_file", {"file_path": "QWEN.md", "content": "# Work\n"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/init", allowed=True)
            assert place.requests()[0]["tool_name"] == "write_file"
            assert (place.work / "QWEN.md").read_text() == "# Work\n"
            assert "into QWEN.md" in place.said()[0]
            refused = await place.ask(handle, "/init")
            assert (refused["stop_reason"], refused["result"]) == (
                "error",
                "QWEN.md is there. `/init revise` has the model revise it.",
            )
            form = handle.slash.named("init")
            assert form is not None and form.form is not None
            question = form.form(())
            assert question is not None and question.default == "keep"
            await place.ask(handle, "/init revise")
            assert "QWEN.md is there already. Read it first" in place.said()[-1]

    anyio.run(main)


# -- what it costs ----------------------------------------------------------------------------


def test_without_any_of_it_nothing_of_it_is_imported(place: Place) -> None:
    program = f"""
import os, sys, anyio
from qwen_dual.core.actor import KEYBOARD
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
sys.path.insert(0, {str(ROOT)!r})
from tests.runtime.support import Log

async def main():
    log = Log()
    env = {{**os.environ, "HOME": {str(place.person)!r}, "QWEN_HOME": {str(place.home)!r}}}
    spec = SessionSpec(offline=True, cwd={str(place.work)!r}, env=env, trust=True)
    handle = SessionFactory().open(spec, [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        await handle.load()
        handle.submit("hello", KEYBOARD)
        await log.results()
        handle.submit("/skills", KEYBOARD)
        await log.results(2)
        handle.request_close()
    await handle.aclose()
    print([name for name in sys.modules if "definitions" in name or name in ("yaml", "tomllib")])
    print(log.of("result")[1]["result"])
anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    modules, said = done.stdout.splitlines()
    assert modules == "[]"
    assert said.startswith("No skill: .qwen/skills here and ~/.qwen/skills may have folders")
