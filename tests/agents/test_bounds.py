"""What agents may do, how many and how deep: never more than the person at the session allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.agents.slots import MOST_AT_ONCE, MOST_WAITING
from qwen_dual.agents.spec import AgentSpec
from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.models.model import TextDelta
from tests.agents.kit import Cast, Playing, play, said, shell, task, write_agent
from tests.support.fakes import FakeTool, call

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agents.kit import Scripts


def names(request: Any) -> set[str]:
    return {tool.name for tool in request.tools}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The folder of the person's own agents."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home" / "agents"


def test_an_agent_knows_only_the_tools_that_it_was_given(tmp_path: Path, mine: Path) -> None:
    write_agent(mine, "reader", tools="Read, mcp__git")
    write_agent(mine, "careful", disallowedTools="Bash, mcp__git__push, write_file")
    scripts: Scripts = {
        "main": [[*task("alpha", "c1", "reader"), *task("beta", "c2", "careful")]],
        "alpha": [[*shell("ls", "x1"), *call("mcp__web__get", "x2"), *task("no", "x3")]],
    }

    async def test(one: Playing) -> None:
        extra = [FakeTool(f"mcp__{name}", "read") for name in ("git__log", "git__push", "web__get")]
        one.handle.parts.session.tools.add(extra)
        await one.ask()
        git = {"mcp__git__log", "mcp__git__push"}
        reading = {"read_file", "list_directory", "glob", "grep_search"}
        assert names(one.model.of("alpha")[0]) == reading | git
        for call_id in ("x1", "x2", "x3"):
            assert "There is no tool" in one.result_of(call_id)["content"]
        given = names(one.model.of("beta")[0])
        assert not given & {"run_shell_command", "mcp__git__push", "write_file"}
        assert {"edit", "mcp__git__log", "mcp__web__get", "agent"} <= given
        assert "ask_user_question" not in given and "exit_plan_mode" not in given

    play(tmp_path, scripts, test)


def test_a_pattern_narrows_a_tool(tmp_path: Path, mine: Path) -> None:
    write_agent(mine, "says", tools="Bash(echo *)")
    write_agent(mine, "gone", disallowedTools="Bash(echo *)")
    scripts: Scripts = {
        "main": [[*task("alpha", "c1", "says"), *task("beta", "c2", "gone")]],
        "alpha": [[*shell("touch x", "x1"), *shell("echo hi", "x2")]],
        "beta": [[*shell("echo hi", "x3"), *shell("ls", "x4")]],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        assert "may use run_shell_command for Bash(echo *) alone" in one.result_of("x1")["content"]
        assert "may not use Bash(echo *)" in one.result_of("x3")["content"]
        assert not one.result_of("x2")["is_error"] and not one.result_of("x4")["is_error"]

    play(tmp_path, scripts, test, approval_mode="yolo")


def test_what_an_agent_may_not_use_and_cannot_be_read_keeps_it_from_working(
    tmp_path: Path, mine: Path
) -> None:
    write_agent(mine, "odd", disallowedTools='"Bash(git"')
    scripts: Scripts = {"main": [task("alpha", "c1", "odd")]}

    async def test(one: Playing) -> None:
        await one.ask()
        told = one.result_of("c1")
        assert told["is_error"] and "Bash(git" in told["content"]
        assert one.model.of("alpha") == []

    play(tmp_path, scripts, test)


@pytest.mark.parametrize("kind", ["explore", "plan"])
def test_who_only_reads_changes_nothing_whatever_the_mode(tmp_path: Path, kind: str) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1", kind)],
        "alpha": [[*shell("touch x", "x1"), *shell("ls", "x2"), *call("edit", "x3")]],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        assert "only reads" in one.result_of("x1")["content"]
        assert not one.result_of("x2")["is_error"]
        assert "There is no tool" in one.result_of("x3")["content"]
        assert not (one.place / "work" / "x").exists()

    play(tmp_path, scripts, test, approval_mode="yolo")


@pytest.mark.parametrize(
    ("mode", "file", "counts"),
    [
        ("default", "yolo", "default"),
        ("default", "auto-edit", "default"),
        ("yolo", "plan", "plan"),
        ("yolo", "auto-edit", "auto-edit"),
        ("plan", "yolo", "plan"),
        ("auto-edit", "default", "default"),
        ("auto-edit", "bubble", "auto-edit"),
        ("yolo", "", "yolo"),
    ],
)
def test_the_mode_of_a_file_may_only_tighten(mode: str, file: str, counts: str) -> None:
    spec = AgentSpec(name="x", description="x", prompt="x", approval_mode=file)
    assert spec.mode_within(mode) == counts


def test_an_agent_follows_the_mode_of_the_session_while_it_works(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1")],
        "alpha": [shell("touch a", "x1"), shell("touch b", "x2")],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        await one.requests(1)
        one.handle.set_approval_mode("yolo", KEYBOARD)
        await one.log.results()
        assert {p.name for p in (one.place / "work").iterdir()} == {"a", "b"}
        assert len(one.log.of("control_request")) == 1

    play(tmp_path, scripts, test)


def test_nothing_of_an_untrusted_folder_counts_until_it_is_trusted(tmp_path: Path) -> None:
    write_agent(tmp_path / "work" / ".qwen" / "agents", "ours", tools="*")
    scripts: Scripts = {"main": [task("alpha", "c1", "ours"), task("alpha", "c2", "ours")]}

    async def test(one: Playing) -> None:
        await one.ask()
        assert "no agent 'ours'" in one.result_of("c1")["content"]
        assert "ours" not in one.handle.agents
        assert "knows ours" not in agent_description(one)

    play(tmp_path, scripts, test, trust=False)

    async def trusted(one: Playing) -> None:
        await one.ask()
        assert one.result_of("c1")["content"] == "alpha done"
        assert "- ours: knows ours" in agent_description(one)

    play(tmp_path, scripts, trusted, trust=True)


def agent_description(one: Playing) -> str:
    [tool] = [tool for tool in one.model.of("main")[-1].tools if tool.name == "agent"]
    return tool.description


def test_the_projects_goes_before_the_persons_and_a_broken_file_is_named(
    tmp_path: Path, mine: Path
) -> None:
    write_agent(mine, "twice", "You are the person's.")
    write_agent(tmp_path / "work" / ".claude" / "agents", "twice", "You are the project's.")
    write_agent(mine, "explore", "You are another explorer.")
    (mine / "broken.md").write_text("---\nname: [\n---\nx\n")
    scripts: Scripts = {"main": [[*task("alpha", "c1", "twice"), *task("beta", "c2", "explore")]]}

    async def test(one: Playing) -> None:
        wrong = await one.handle.load()
        assert any("broken.md:" in text for text in wrong), wrong
        await one.ask()
        assert "the project's" in one.model.of("alpha")[0].system
        assert "another explorer" in one.model.of("beta")[0].system
        assert sorted(one.handle.agents) == ["explore", "general-purpose", "plan", "twice"]

    play(tmp_path, scripts, test, trust=True)


def test_files_that_come_change_and_go_are_followed(tmp_path: Path, mine: Path) -> None:
    scripts: Scripts = {"main": [said("hello"), task("alpha", "c1", "late"), said("bye")]}

    async def test(one: Playing) -> None:
        await one.ask()
        assert one.handle.parts.agents is None
        write_agent(mine, "late")
        await one.ask()
        assert one.result_of("c1")["content"] == "alpha done"
        assert "- late: knows late" in agent_description(one)
        write_agent(mine, "late", "You are another.", description="knows more")
        await one.ask()
        assert "- late: knows more" in agent_description(one)
        (mine / "late.md").unlink()
        await one.ask()
        assert "- late" not in agent_description(one)

    play(tmp_path, scripts, test)


def test_agents_are_nested_as_deep_as_is_allowed_and_no_deeper(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("one", "c1")],
        "one": [task("two", "c2"), said("one is done")],
        "two": [task("three", "c3"), said("two is done")],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        assert "agent" in names(one.model.of("one")[0])
        assert "agent" not in names(one.model.of("two")[0])
        assert "There is no tool 'agent'" in one.result_of("c3")["content"]
        assert one.result_of("c1")["content"] == "one is done"
        lanes = [event["parent_tool_use_id"] for event in one.log.of("user")]
        assert lanes[:3] == [None, "c1", "c2"]

    play(tmp_path, scripts, test, max_subagent_depth=2)


def test_one_level_leaves_agents_without_agents(tmp_path: Path) -> None:
    async def test(one: Playing) -> None:
        await one.ask()
        assert "agent" not in names(one.model.of("one")[0])

    play(
        tmp_path,
        {"main": [task("one", "c1")]},
        test,
        settings={"model": {"maxSubagentDepth": 1}},
    )


def test_ten_work_at_a_time_and_who_waits_for_its_own_leaves_its_place(tmp_path: Path) -> None:
    count = MOST_AT_ONCE + 3
    gate = anyio.Event()
    # Each waits for one of its own: with places held meanwhile none would ever go on.
    calls: list[Any] = []
    scripts: dict[str, Any] = {}
    for n in range(count):
        calls += task(f"outer-{n:02}", f"c{n}")
        scripts[f"outer-{n:02}"] = [task(f"inner-{n:02}", f"i{n}")]
        scripts[f"inner-{n:02}"] = [[gate, TextDelta("in")]]

    async def test(one: Playing) -> None:
        one.handle.submit("main", CLI)
        await one.log.until(lambda _: at_work(one) == MOST_AT_ONCE)
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
            assert at_work(one) <= MOST_AT_ONCE
        gate.set()
        await one.log.results()
        assert all(not one.result_of(f"c{n}")["is_error"] for n in range(count))

    def at_work(one: Playing) -> int:
        return len({key for key, _ in one.model.requests if "inner" in key})

    play(tmp_path, {"main": [calls], **scripts}, test)


def test_the_model_of_a_file_answers_where_it_is_configured(tmp_path: Path, mine: Path) -> None:
    write_agent(mine, "small", model="openai:other")
    write_agent(mine, "quick", model="fast")
    write_agent(mine, "claude", model="sonnet")
    scripts: Scripts = {
        "main": [
            [*task("alpha", "c1", "small"), *task("beta", "c2", "quick")],
            task("gamma", "c3", "claude"),
        ],
        "alpha": [task("delta", "c4")],
    }
    other = Cast({"alpha": [task("delta", "c4")]}, name="other")

    async def test(one: Playing) -> None:
        await one.ask()
        answered = {key for key, _ in other.requests}
        assert answered == {"alpha", "beta", "delta"}  # and what it sets to work itself
        assert one.model.of("gamma") != []
        told = "The agent claude: its model 'sonnet' is not configured here; it works with cast."
        assert told in one.notices()

    play(tmp_path, scripts, test, models=[other], settings={"fastModel": "other"})


def test_so_many_may_wait_and_no_more(tmp_path: Path) -> None:
    gate, count = anyio.Event(), MOST_AT_ONCE + MOST_WAITING + 2
    names = [f"n{n:03}" for n in range(count)]
    scripts: Scripts = {
        "main": [[step for name in names for step in task(name)]],
        **{name: [[gate, TextDelta("in")]] for name in names},
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", CLI)
        await one.log.until(lambda e: "agents wait for others" in str(e.get("message")))
        gate.set()
        await one.log.results()
        refused = [name for name in names if one.result_of(f"c-{name}")["is_error"]]
        assert len(refused) == 2

    play(tmp_path, scripts, test)
