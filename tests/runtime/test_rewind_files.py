"""Files go back with the conversation, or alone: the preview, what is done, conflicts, and back again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from tests.runtime.test_rewind import Driven, driven

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return tmp_path


def scripted(*calls: dict[str, Any]) -> dict[str, Any]:
    """A session whose model makes one call a prompt, unasked."""
    said = {"blocks": [{"type": "text", "text": "done"}]}
    lines: list[dict[str, Any]] = []
    for call in calls:
        lines += [{"blocks": [{"type": "tool_use", **call}]}, said]
    Path("../script.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, said]))
    return {"offline_script": str(Path("../script.jsonl").resolve()), "approval_mode": "yolo"}


def write(path: str, text: str) -> dict[str, Any]:
    return {
        "name": "write_file",
        "input": {"file_path": str(Path(path).absolute()), "content": text},
    }


def run(command: str) -> dict[str, Any]:
    return {"name": "run_shell_command", "input": {"command": command, "is_background": False}}


def tree() -> dict[str, str]:
    """The folder's files with what they hold."""
    return {str(path): path.read_text() for path in sorted(Path().rglob("*")) if path.is_file()}


def done_to(event: Event) -> dict[str, tuple[str, int, int]]:
    """The changes of an event, by the name of the file."""
    return {
        Path(one["path"]).name: (one["change"], one["added"], one["removed"])
        for one in event["data"]["changes"]
    }


async def three_turns(session: Driven) -> tuple[Event, Event, Event]:
    return (
        await session.say("make a"),
        await session.say("change it and make b"),
        await session.say("take it away"),
    )


def calls() -> dict[str, Any]:
    return scripted(
        write("a.txt", "one\n"),
        run("echo two >> a.txt; mkdir sub; echo b > sub/b.txt"),
        run("rm a.txt"),
    )


def test_a_preview_is_what_happens_and_undone_it_never_happened() -> None:
    Path("mine.txt").write_text("mine\n")

    async def main() -> None:
        async with driven(**calls()) as session:
            _, second, _ = await three_turns(session)
            after = tree()
            assert set(after) == {"mine.txt", "sub/b.txt"}
            await session.rewind(second["uuid"], files=True, preview=True)
            (preview,) = session.log.of("rewind_preview")
            expected = {"a.txt": ("add", 1, 0), "b.txt": ("delete", 0, 1)}
            assert done_to(preview) == expected
            assert tree() == after
            await session.rewind(second["uuid"], files=True)
            (rewound,) = session.log.of("rewound")
            assert done_to(rewound) == expected
            assert tree() == {"a.txt": "one\n", "mine.txt": "mine\n"}
            assert not Path("sub").exists()
            assert session.asked == ["make a"]
            await session.rewind(rewound["uuid"], files=True)
            assert tree() == after
            assert session.asked == ["make a", "change it and make b", "take it away"]

    anyio.run(main)


def test_files_alone_go_back_and_the_model_still_knows_what_was_said() -> None:
    async def main() -> None:
        async with driven(**calls()) as session:
            first, _, _ = await three_turns(session)
            before = json.dumps(session.handle.history)
            await session.rewind(first["uuid"], files=True, conversation=False)
            assert tree() == {}
            assert json.dumps(session.handle.history) == before
            data = session.log.of("rewound")[-1]["data"]
            assert (data["prompts"], data["conversation"], data["files"]) == (0, False, True)

    anyio.run(main)


@pytest.mark.parametrize(
    ("overwrite", "held"), [(True, "one\n"), (False, "the person's\n"), (None, "the person's\n")]
)
def test_what_somebody_else_has_changed_since_is_never_overwritten_unasked(
    overwrite: bool | None, held: str
) -> None:
    script = scripted(write("a.txt", "one\n"), write("b.txt", "b\n"), write("a.txt", "two\n"))

    async def main() -> None:
        async with driven(**script) as session:
            _, _, third = await three_turns(session)
            Path("a.txt").write_text("the person's\n")
            receipt = await session.rewind(third["uuid"], files=True, overwrite=overwrite)
            assert Path("a.txt").read_text() == held
            if overwrite is None:
                assert (receipt["status"], receipt["code"]) == ("rejected", "conflict")
                assert "a.txt" in receipt["message"]
                assert len(session.asked) == 3  # nothing at all was done
            else:
                assert receipt["status"] == "accepted"
                left = session.log.of("rewound")[-1]["data"]["left"]
                assert [Path(one["path"]).name for one in left] == ([] if overwrite else ["a.txt"])

    anyio.run(main)


def test_leave_to_overwrite_is_for_the_files_that_were_shown() -> None:
    script = scripted(write("a.txt", "1"), write("b.txt", "1"), run("echo 2 >a.txt; echo 2 >b.txt"))

    async def main() -> None:
        async with driven(**script) as session:
            _, _, third = await three_turns(session)
            Path("a.txt").write_text("the person's\n")
            await session.rewind(third["uuid"], files=True, preview=True)
            Path("b.txt").write_text("the person's too\n")
            receipt = await session.rewind(third["uuid"], files=True, overwrite=True)
            assert (receipt["status"], receipt["code"]) == ("rejected", "conflict")
            assert "b.txt; look again" in receipt["message"]
            assert "a.txt" not in receipt["message"]
            held = {"a.txt": "the person's\n", "b.txt": "the person's too\n"}
            assert tree() == held
            await session.rewind(third["uuid"], files=True, overwrite=True)  # now of both
            assert tree() == {"a.txt": "1", "b.txt": "1"}

    anyio.run(main)


def test_in_a_session_that_goes_on_files_of_the_run_before_go_back() -> None:
    async def main() -> None:
        async with driven(**calls()) as session:
            _, second, _ = await three_turns(session)
            known = session.handle.id
        async with driven(resume=known) as session:
            assert (await session.rewind(second["uuid"], files=True))["status"] == "accepted"
            assert tree() == {"a.txt": "one\n"}
            assert session.asked == ["make a"]

    anyio.run(main)


def test_the_points_and_the_diff_say_what_changed_from_a_host_too() -> None:
    async def main() -> None:
        async with driven(**calls()) as session:
            await three_turns(session)
            await session.command("rewind_points")
            told = await session.log.until(lambda event: event.get("subtype") == "rewind_points")
            assert [point["changed"] for point in told["data"]["points"]] == [1, 2, 1]
            session.handle.submit("/diff", INPUT)
            text = (await session.log.results(4))[-1]["result"]
            assert "A sub/b.txt  +1 −0" in text
            assert "+++ sub/b.txt\n@@ -0,0 +1,1 @@\n+b" in text
            assert "a.txt" not in text  # it came and went
            session.handle.submit("/rewind 2 files", KEYBOARD)
            text = (await session.log.results(5))[-1]["result"]
            assert text.startswith("Went back to before “change it and make b”: 2 files")

    anyio.run(main)


def test_what_changes_beside_lines_is_said_on_the_wire_and_to_a_person() -> None:
    Path("run.sh").write_text("echo\n")
    Path("run.sh").chmod(0o644)
    Path("pixel").write_bytes(b"\0one")

    async def main() -> None:
        script = scripted(run("chmod 755 run.sh; printf '\\000two' > pixel"))
        async with driven(**script) as session:
            first = await session.say("change both")
            await session.rewind(first["uuid"], files=True, preview=True)
            (preview,) = session.log.of("rewind_preview")
            notes = {Path(one["path"]).name: one["note"] for one in preview["data"]["changes"]}
            assert notes == {"run.sh": "mode 755 → 644", "pixel": "binary"}
            session.handle.submit("/diff", INPUT)
            await session.log.until(lambda event: "M run.sh  mode 644 → 755" in str(event))
            await session.log.until(lambda event: "M pixel  binary" in str(event))

    anyio.run(main)
