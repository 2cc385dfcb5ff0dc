"""A session keeps what its calls change, whoever makes them and whatever they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.tools.tool import Subject
from qwen_dual.fs.projects import rewind_mark
from qwen_dual.runtime.kept_files import files_of
from qwen_dual.sandbox.hidden import candidates
from tests.agents.kit import play as play_agents
from tests.agents.kit import task
from tests.hooks.kit import Hooked, play, session
from tests.support.fakes import FakeCall, FakeTool, call

if TYPE_CHECKING:
    from qwen_dual.rewind.keeper import SessionFiles
    from tests.agents.kit import Playing

ROOT = Path(__file__).parents[2]

EDITS: dict[str, Any] = {"approval_mode": "auto-edit"}
ANYTHING: dict[str, Any] = {"approval_mode": "yolo"}
DONE = [TextDelta("done")]
KEPT = ("home", "rewind")


def files(one: Hooked) -> SessionFiles:
    found = files_of(one.handle.launch, one.handle.parts)
    assert found is not None
    return found


def prompts(one: Hooked) -> list[str]:
    """The uuids of the prompts so far."""
    said = [event for event in one.events.of("user") if "origin" in event]
    return [event["uuid"] for event in said]


def write(name: str, content: str) -> Any:
    return call("write_file", file_path=name, content=content)


def shell(command: str) -> Any:
    return call("run_shell_command", command=command, description="do it")


def test_edits_and_commands_are_taken_back(tmp_path: Path) -> None:
    async def main() -> None:
        answers = [
            write(str(tmp_path / "work" / "made" / "file"), "1\n"),
            DONE,
            shell("echo 2 > other; rm made/file"),
            DONE,
        ]
        async with session(tmp_path, {}, *answers, **ANYTHING) as one:
            await one.ask("make it")
            await one.ask("break it")
            points = await files(one).points()
            assert [(point.text, point.uuid) for point in points] == list(
                zip(["make it", "break it"], prompts(one), strict=True)
            )
            assert all(point.turn_id for point in points)
            preview = await files(one).preview(prompts(one)[1:])
            assert preview is not None
            changes = [(Path(file.path).name, file.change) for file in preview.files]
            assert changes == [("file", "add"), ("other", "delete")]
            difference = await files(one).difference(preview, preview.files[0].path)
            assert difference.hunks[0]["lines"] == ["+1"]
            done = await files(one).restore(preview)
            assert (one.work / "made" / "file").read_text() == "1\n"
            assert not (one.work / "other").exists()
            assert done.undo is not None
            undo = await files(one).preview([done.undo.uuid])
            assert undo is not None
            await files(one).restore(undo)
            assert (one.work / "other").read_text() == "2\n"
            changed = await files(one).changes()
            assert changed is not None
            assert [(Path(f.path).name, f.change) for f in changed.files] == [("other", "add")]

    play(main)


def test_a_command_of_the_person_is_kept_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with session(tmp_path, {}) as one:
            one.handle.run_shell("echo 1 > file", KEYBOARD)
            await one.events.results()
            (point,) = await files(one).points()
            assert (point.text, point.turn_id) == ("!echo 1 > file", None)
            preview = await files(one).preview([point.uuid])
            assert preview is not None
            await files(one).restore(preview)
            assert not (one.work / "file").exists()

    play(main)


def test_points_of_a_resumed_session_are_there(tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "work" / "file")
        async with session(tmp_path, {}, write(path, "1"), DONE, **EDITS) as one:
            await one.ask("make it")
            known = one.handle.id
        async with session(tmp_path, {}, resume=known) as again:
            (point,) = await files(again).points()
            assert point.text == "make it"
            preview = await files(again).preview([point.uuid])
            assert preview is not None
            await files(again).restore(preview)
            assert not Path(path).exists()

    play(main)


def test_an_interrupted_command_is_noted(tmp_path: Path) -> None:
    async def main() -> None:
        command = shell("echo 1 > file; sleep 60")
        async with session(tmp_path, {}, command, **ANYTHING) as one:
            one.handle.submit("do it", KEYBOARD)
            await one.events.until(lambda event: event.get("subtype") == "tool_progress")
            while not (one.work / "file").exists():
                await anyio.lowlevel.checkpoint()
            one.handle.interrupt(KEYBOARD)
            await one.events.results()
            preview = await files(one).preview(prompts(one))
            assert preview is not None
            assert [file.conflicts for file in preview.files] == [()]

    play(main)


def test_what_a_sub_agent_changes_counts_to_the_prompt(tmp_path: Path) -> None:
    path = tmp_path / "work" / "file"
    scripts = {
        "main": [task("alpha", "c1"), DONE],
        "alpha": [write(str(path), "1"), shell("echo 1 > other"), DONE],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        found = files_of(one.handle.launch, one.handle.parts)
        assert found is not None
        (point,) = await found.points()
        said = [event["uuid"] for event in one.log.of("user") if "origin" in event]
        assert ([point.uuid], point.count) == (said, 2)
        preview = await found.preview([point.uuid])
        assert preview is not None
        await found.restore(preview)
        assert not path.exists()

    play_agents(tmp_path, scripts, test, **ANYTHING)


def test_a_call_of_which_nothing_is_known_may_have_changed_anything(tmp_path: Path) -> None:
    async def main() -> None:
        async with session(tmp_path, {}, DONE) as one:
            await one.ask("use the server")
            tool = FakeTool("mcp__server__tool", subject=Subject())
            async with files(one).keeping(FakeCall(tool, {})):
                (one.work / "file").write_text("1")
            (point,) = await files(one).points()
            assert point.files == (str(one.work / "file"),)

    play(main)


def test_in_an_untrusted_folder_it_works_and_runs_nothing_of_it(tmp_path: Path) -> None:
    async def main() -> None:
        work = tmp_path / "work"
        subprocess.run(["git", "init", "-q", str(work)], check=True, capture_output=True)
        ran = tmp_path / "ran"
        (work / ".git" / "config").write_text(f'[core]\n fsmonitor = "touch {ran}"\n')
        answers = [shell("echo 1 > file"), DONE]
        async with session(tmp_path, {}, *answers, trust=False, **ANYTHING) as one:
            await one.ask("do it")
            preview = await files(one).preview(prompts(one))
            assert preview is not None
            await files(one).restore(preview)
            assert not (work / "file").exists()
        assert not ran.exists()

    play(main)


def test_a_session_that_is_gone_on_with_brings_its_unfinished_calls(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "work" / "file"
        async with session(tmp_path, {}, write(str(path), "1"), DONE, **EDITS) as one:
            await one.ask("make it")
            known = one.handle.id
        async with session(
            tmp_path, {}, write(str(path.with_name("b")), "1"), DONE, **EDITS
        ) as one:
            await one.ask("something else")
            database = files(one)._store().database
            with database.writing():  # as a process leaves it that is killed in the middle
                database.run("UPDATE span SET last=NULL WHERE session=?", known)
            path.write_text("2")
            one.handle.submit(f"/resume {known}", KEYBOARD)
            await one.events.results(2)
            (point,) = await files(one).points()
            preview = await files(one).preview([point.uuid])
            assert preview is not None
            assert [file.conflicts for file in preview.files] == [("uncertain",)]

    play(main)


@pytest.mark.parametrize("command", ["ls", "cat file | head -n 3", "git status"])
def test_a_turn_that_only_reads_keeps_nothing(tmp_path: Path, command: str) -> None:
    async def main() -> None:
        read = call("read_file", file_path=str(tmp_path / "work" / "file"))
        answers = [shell(command), read, DONE]
        async with session(tmp_path, {}, *answers, trust=True, **ANYTHING) as one:
            (one.work / "file").write_text("1\n")
            await one.ask("look")
            assert one.handle.parts.files is None or one.handle.parts.files.opened is False
        assert not tmp_path.joinpath(*KEPT).exists()

    play(main)


def test_prompts_are_kept_nowhere_where_chats_are_not(tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "work" / "file")
        answers, off = [write(path, "1"), DONE], {"general": {"chatRecording": False}}
        async with session(tmp_path, {}, *answers, settings=off, **EDITS) as one:
            await one.ask("make it")
            (point,) = await files(one).points()
            assert (point.text, point.uuid) == ("", prompts(one)[0])

    play(main)


def test_switched_off_nothing_is_kept(tmp_path: Path) -> None:
    async def main() -> None:
        off = {"general": {"checkpointing": {"enabled": False}}}
        path = str(tmp_path / "work" / "file")
        answers = [write(path, "1"), DONE]
        async with session(tmp_path, {}, *answers, settings=off, **EDITS) as one:
            await one.ask("make it")
            assert files_of(one.handle.launch, one.handle.parts) is None
        assert not tmp_path.joinpath(*KEPT).exists()

    play(main)


def test_a_project_cannot_switch_it_off(tmp_path: Path) -> None:
    async def main() -> None:
        own = tmp_path / "work" / ".qwen"
        own.mkdir(parents=True)
        (own / "settings.json").write_text('{"general": {"checkpointing": {"enabled": false}}}')
        async with session(tmp_path, {}, trust=True) as one:
            assert files_of(one.handle.launch, one.handle.parts) is not None

    play(main)


def test_the_home_folder_is_not_gone_through(tmp_path: Path) -> None:
    async def main() -> None:
        answers = [shell("echo 1 > made"), write(str(tmp_path / "work" / "file"), "1"), DONE]
        env = {**os.environ, "QWEN_HOME": str(tmp_path / "home"), "HOME": str(tmp_path / "work")}
        async with session(tmp_path, {}, *answers, **ANYTHING) as _:
            pass  # the files of the settings are there
        from qwen_dual.runtime.factory import SessionFactory
        from qwen_dual.runtime.spec import SessionSpec
        from tests.runtime.support import Log

        spec = SessionSpec(offline=True, cwd=str(tmp_path / "work"), env=env)
        handle = SessionFactory().open(spec, [Log()])
        found = files_of(handle.launch, handle.parts)
        assert found is not None
        assert "holds your whole home folder" in found.only_named
        await handle.aclose()

    play(main)


def test_where_nothing_can_be_kept_calls_run_and_it_is_said_once(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "rewind").write_text("in the way")
        paths = [str(tmp_path / "work" / name) for name in ("a", "b")]
        answers = [write(paths[0], "1"), write(paths[1], "1"), DONE]
        async with session(tmp_path, {}, *answers, **EDITS) as one:
            await one.ask("make them")
            assert [os.path.exists(path) for path in paths] == [True, True]
            said = [text for text in one.notices() if "not kept for /rewind" in text]
            assert len(said) == 1

    play(main)


@pytest.mark.parametrize("at_the_start", [True, False])
def test_a_going_back_that_was_broken_off_is_told_at_the_next_start(
    tmp_path: Path, at_the_start: bool
) -> None:
    async def main() -> None:
        path = str(tmp_path / "work" / "file")
        async with session(tmp_path, {}, write(path, "1"), DONE, **EDITS) as one:
            await one.ask("make it")
            known, uuid = one.handle.id, prompts(one)[0]
        code = f"""
import os, signal
from qwen_dual.fs.projects import rewind_folder
from qwen_dual.rewind.planning import plan_back
from qwen_dual.rewind.restoring import restore
from qwen_dual.rewind.store import Store
store = Store(rewind_folder({str(tmp_path / "home")!r}, {str(tmp_path / "work")!r}), "/", ignores=None)
plan = plan_back(store, {known!r}, [{uuid!r}])
restore(store, plan, (), lambda at: at == "done" and os.kill(os.getpid(), signal.SIGKILL))
"""
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
        assert not os.path.exists(path)
        assert os.path.exists(rewind_mark(str(tmp_path / "home"), str(tmp_path / "work")))
        other = write(str(tmp_path / "work" / "other"), "1")
        async with session(tmp_path, {}, other, DONE, **EDITS) as again:
            warned: list[str] = []
            if at_the_start:  # where there is a screen
                warned = await again.handle.load()
            await again.ask("make another")
            told = [text for text in (*warned, *again.notices()) if "broken off" in text]
            assert ["1 files are again" in text for text in told] == [True]
            assert Path(path).read_text() == "1"

    play(main)


def test_commands_in_a_sandbox_do_not_reach_it(tmp_path: Path) -> None:
    assert str(tmp_path / "q") in candidates({"HOME": str(tmp_path), "QWEN_HOME": f"{tmp_path}/q"})
    assert str(tmp_path / ".qwen") in candidates({"HOME": str(tmp_path)})


def test_a_session_that_changes_nothing_imports_nothing_of_it(tmp_path: Path) -> None:
    code = """
import sys
from qwen_dual.__main__ import main
sys.argv = ["qwen-dual", "-p", "hello", "--offline-script", "script.jsonl", "-y"]
main()
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
    lines = [{"blocks": [{"type": "text", "text": "hi"}]}]
    (tmp_path / "script.jsonl").write_text("\n".join(map(json.dumps, lines)))
    env = {**os.environ, "QWEN_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stderr.split())
    assert {name for name in loaded if name.startswith("qwen_dual.rewind")} == set()
    assert "sqlite3" not in loaded
