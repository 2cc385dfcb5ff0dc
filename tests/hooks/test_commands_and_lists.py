"""Hooks of commands that become prompts, of the list of to-dos, of context files, of a judge's no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.slash import Asks, SlashCommand
from qwen_dual.core.turns.hooks import HookedCall
from qwen_dual.protocol.blocks import text_block
from tests.hooks.kit import CALL, COMMON, Hooked, group, play, says, session
from tests.support.fakes import call
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def add_greeting(one: Hooked, *, blocks: bool = False) -> None:
    """A command that has the model asked to greet somebody."""

    def run(typed: str, actor: object) -> Asks:
        text = f"Greet {typed or 'everybody'}"
        return Asks(text, (text_block(text),) if blocks else ())

    command = SlashCommand("greet", "has somebody greeted", run, while_busy=False)
    one.handle.parts.session.slash.add(command, "hail")


def todo(id: str, status: str = "pending") -> dict[str, str]:
    return {"id": id, "content": f"do {id}", "status": status}


def notes(*todos: dict[str, str], call_id: str = "call_1") -> list[Any]:
    return call("todo_write", call_id, todos=list(todos))


# -- commands that become prompts --------------------------------------------------------------


@pytest.mark.parametrize("blocks", [False, True])
def test_what_a_command_has_the_model_asked_is_told_and_added_to(
    tmp_path: Path, blocks: bool
) -> None:
    async def main() -> None:
        hook = says("be <b>polite</b> & brief", name="style")
        hooks = {"UserPromptExpansion": [group(hook, matcher="^greet$")]}
        async with session(tmp_path, hooks) as one:
            add_greeting(one, blocks=blocks)
            await one.ask("/hail the queue")
            (told,) = one.told()
            assert set(told) == (COMMON - {"prompt_id"}) | {
                "command_name",
                "command_args",
                "prompt",
            }
            assert (told["command_name"], told["command_args"]) == ("greet", "the queue")
            assert told["prompt"] == "Greet the queue"
            assert "be &lt;b&gt;polite&lt;/b&gt; &amp; brief" in one.sent()
            assert "Greet the queue" in one.sent()

    play(main)


@pytest.mark.parametrize(
    "hook",
    [
        says("not today", exit=2, name="guard"),
        says({"decision": "block", "reason": "not today"}, name="guard"),
        says({"continue": False, "stopReason": "not today"}, name="guard"),
    ],
)
def test_a_command_that_a_hook_blocks_asks_the_model_nothing(
    tmp_path: Path, hook: dict[str, Any]
) -> None:
    async def main() -> None:
        async with session(tmp_path, {"UserPromptExpansion": [group(hook)]}) as one:
            add_greeting(one)
            result = await one.ask("/greet")
            assert one.model.requests == []
            why = "hook:guard did not let /greet through: not today"
            assert why in one.notices() and why in result["result"] and result["is_error"]
            back: list[str] = []
            one.handle.parts.session.give_back = lambda given: back.extend(p.text for p in given)
            one.handle.submit("/greet Ann", KEYBOARD)
            await one.events.results(2)
            assert back == ["/greet Ann"]

    play(main)


def test_a_command_that_is_no_prompt_and_another_one_are_not_told(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"UserPromptExpansion": [group(says(), matcher="^init$")]}
        async with session(tmp_path, hooks) as one:
            add_greeting(one)
            await one.ask("/stats")
            await one.ask("/greet")
            assert one.told() == [] and len(one.model.requests) == 1

    play(main)


@pytest.mark.parametrize("blocks", [False, True])
def test_a_skill_that_the_model_uses_is_told_and_may_be_blocked(
    tmp_path: Path, blocks: bool
) -> None:
    async def main() -> None:
        skill = tmp_path / "home" / "skills" / "greeting" / "SKILL.md"
        skill.parent.mkdir(parents=True)
        skill.write_text("---\nname: greeting\ndescription: how to greet\n---\nBow first.\n")
        hook = says("not now", exit=2 if blocks else 0, name="guard")
        hooks = {"UserPromptExpansion": [group(hook, matcher="greeting")]}
        steps = call("skill", skill="greeting", args="the queen")
        async with session(tmp_path, hooks, steps) as one:
            await one.ask("greet her")
            (told,) = one.told()
            assert (told["command_name"], told["command_args"]) == ("greeting", "the queen")
            assert "Bow first." in told["prompt"]
            (result,) = one.results()
            assert (
                result["is_error"] is blocks and ("Bow first." in result["content"]) is not blocks
            )
            assert "not now" in result["content"]

    play(main)


# -- the list of to-dos ------------------------------------------------------------------------


def test_items_that_are_new_or_done_are_told_before_and_after_the_list_is_kept(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        hooks = {name: [group(says())] for name in ("TodoCreated", "TodoCompleted")}
        steps = (
            notes(todo("a"), todo("b", "in_progress")),
            notes(todo("a"), todo("b", "completed"), call_id="call_2"),
            notes(todo("b", "completed"), call_id="call_3"),  # nothing is new, nothing gets done
        )
        async with session(tmp_path, hooks, *steps) as one:
            await one.ask("plan it")
            made, done = one.told("TodoCreated"), one.told("TodoCompleted")
            assert [(told["todo_id"], told["phase"]) for told in made] == [
                ("a", "validation"),
                ("b", "validation"),
                ("a", "postWrite"),
                ("b", "postWrite"),
            ]
            fields = {"todo_id", "todo_content", "all_todos", "phase"}
            assert set(made[0]) == COMMON | fields | {"todo_status"}
            assert made[1]["todo_status"] == "in_progress" and made[1]["todo_content"] == "do b"
            assert made[0]["all_todos"] == [todo("a"), todo("b", "in_progress")]
            assert [told["phase"] for told in done] == ["validation", "postWrite"]
            assert set(done[0]) == COMMON | fields | {"previous_status"}
            assert done[0]["previous_status"] == "in_progress"

    play(main)


def test_a_list_that_a_hook_forbids_stays_as_it_was_and_the_model_is_told_why(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        no = says({"decision": "block", "reason": "run the tests first"}, name="guard")
        steps = notes(todo("a")), notes(todo("a", "completed"), call_id="call_2")
        async with session(tmp_path, {"TodoCompleted": [group(no)]}, *steps) as one:
            await one.ask("plan it")
            _, second = one.results()
            assert second["is_error"] and "hook:guard" in second["content"]
            assert "run the tests first" in second["content"]
            (kept,) = one.handle.parts.session.tools["todo_write"].todos  # type: ignore[attr-defined]
            assert kept.status == "pending"
            assert [told["phase"] for told in one.told()] == ["validation"]

    play(main)


def test_what_is_said_once_the_list_is_kept_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        command = "cat > told; if grep -q postWrite told; then echo late >&2; exit 2; fi"
        hooks = {"TodoCreated": [group({"command": command})]}
        async with session(tmp_path, hooks, notes(todo("a"))) as one:
            await one.ask("plan it")
            assert not one.results()[0]["is_error"]
            assert [run["decision"] for run in one.responses()] == [None, None]

    play(main)


def test_a_hook_of_the_list_that_wants_no_more_ends_the_turn(tmp_path: Path) -> None:
    async def main() -> None:
        enough = says({"continue": False, "stopReason": "enough"}, name="stopper")
        async with session(tmp_path, {"TodoCreated": [group(enough)]}, notes(todo("a"))) as one:
            result = await one.ask("plan it")
            assert len(one.model.requests) == 1 and result["stop_reason"] == "denied"
            assert one.handle.parts.session.tools["todo_write"].todos == ()  # type: ignore[attr-defined]

    play(main)


# -- context files, and what a judge denies ----------------------------------------------------


def test_each_context_file_is_told_with_whose_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        for folder in ("home", "work"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "QWEN.md").write_text("Be brief.\n")
        hooks = {
            "InstructionsLoaded": [
                group(says()),
                group(says(seen="own.jsonl"), matcher="home/QWEN\\.md$"),
            ]
        }
        async with session(tmp_path, hooks, trust=True) as one:
            await one.ask("hello")
            await until(lambda: len(one.told()) == 2, "what is told of both files")
            own, ours = one.told()
            assert set(own) - COMMON == {"file_path", "memory_type", "load_reason"}
            assert own["file_path"] == str(tmp_path / "home" / "QWEN.md")
            assert (own["memory_type"], ours["memory_type"]) == ("user", "project")
            assert own["load_reason"] == ours["load_reason"] == "session_start"
            assert ours["file_path"] == str(one.work / "QWEN.md")
            assert len(one.told(file="own.jsonl")) == 1

    play(main)


def test_a_file_that_another_names_is_told_with_what_led_to_it(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "work" / "docs").mkdir(parents=True)
        for name, text in (
            ("QWEN.md", "@docs/style.md"),
            ("docs/style.md", "@more.md"),
            ("docs/more.md", "Be brief."),
        ):
            (tmp_path / "work" / name).write_text(text)
        async with session(tmp_path, {"InstructionsLoaded": [group(says())]}, trust=True) as one:
            await one.ask("hello")
            await until(lambda: len(one.told()) == 3, "what is told of all three")
            top, style, more = (str(one.work / each["file_path"]) for each in one.told())
            found = [
                (each["load_reason"], each["memory_type"], each.get("parent_file_path"))
                for each in one.told()
            ]
            assert found == [
                ("session_start", "project", None),
                ("include", "project", top),
                ("include", "project", style),
            ]
            assert [each.get("trigger_file_path") for each in one.told()] == [None, top, top]
            assert more.endswith("docs/more.md")

    play(main)


def test_files_that_count_only_now_are_told_as_a_refresh(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "work").mkdir()
        (tmp_path / "work" / "QWEN.md").write_text("Be brief.\n")
        async with session(tmp_path, {"InstructionsLoaded": [group(says())]}) as one:
            await one.ask("hello")
            assert one.told() == []
            await one.ask("/trust yes")
            await until(one.told, "what is told of the file")
            (told,) = one.told()
            assert told["load_reason"] == "refresh" and told["memory_type"] == "project"

    play(main)


def test_what_a_judge_denies_is_told_and_nothing_said_of_it_counts(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            "PermissionDenied": [
                group(says({"decision": "allow"}), matcher="Bash"),
                group(says(seen="never"), matcher="Read"),
            ]
        }
        async with session(tmp_path, hooks) as one:
            await one.ask("hello")
            points = one.handle.parts.session.hooks.current
            assert points is not None
            asked = HookedCall("run_shell_command", "call_1", {"command": "rm -r ."})
            await points.denied(asked, "classifier_blocked")
            (told,) = one.told()
            assert set(told) == (COMMON - {"prompt_id"}) | CALL | {"reason"}
            assert told["reason"] == "classifier_blocked"
            assert one.responses()[0]["decision"] is None and one.told(file="never") == []

    play(main)


def test_a_hook_that_hangs_over_a_context_file_holds_up_no_prompt(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "QWEN.md").write_text("Be brief.\n")
        hooks = {"InstructionsLoaded": [group({"command": "exec sleep 600"})]}
        async with session(tmp_path, hooks) as one:
            with anyio.fail_after(20):
                assert (await one.ask("hello"))["result"] == "done"

    play(main)
