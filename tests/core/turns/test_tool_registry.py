"""Tools come and go during a session: for the model, for rules, for whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.turns.tool_registry import NameTaken, ToolRegistry
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.tool import RuleKind
    from tests.support.fakes import FakeCall


class Copy(FakeTool):
    """A tool of a server, which shares the name for rules that edits have."""

    @property
    def aliases(self) -> Sequence[str]:
        return ("Edit", "Copy")

    @property
    def rule_kind(self) -> RuleKind:
        return "write"


def named(*names: str) -> list[FakeTool]:
    return [FakeTool(name) for name in names]


def test_it_is_a_mapping_of_what_is_offered() -> None:
    first, second = named("a", "b")
    tools = ToolRegistry([first, second])
    assert list(tools) == ["a", "b"] and len(tools) == 2
    assert tools["a"] is first and "c" not in tools
    assert tools.offered() == list(tools.known) == [first, second]


def test_tools_are_added_all_or_none() -> None:
    tools = ToolRegistry(named("a"))
    with pytest.raises(NameTaken, match="there is a tool a already") as taken:
        tools.add(named("b", "a"))
    assert taken.value.name == "a"
    assert list(tools) == ["a"]
    tools.add(named("b", "c"))
    assert list(tools) == ["a", "b", "c"]
    with pytest.raises(NameTaken):
        tools.add(named("d", "d"))


def test_what_is_needed_is_offered_whatever_is_chosen() -> None:
    first, second = named("a", "b")
    tools = ToolRegistry([first])
    tools.offer(list)
    tools.replace([second], needed=True)
    assert list(tools) == ["b"]
    tools.offer(lambda: [first])
    assert list(tools) == ["a", "b"]
    tools.remove(["b"])
    assert list(tools) == ["a"]


def test_one_is_replaced_in_its_place_and_unknown_ones_are_ignored() -> None:
    tools = ToolRegistry(named("a", "b"))
    other = FakeTool("a")
    told: list[tuple[Sequence[str], Sequence[str]]] = []
    tools.listen(lambda added, removed: told.append((added, removed)))
    tools.replace([other])
    assert list(tools) == ["a", "b"] and tools["a"] is other
    tools.remove(["b", "nobody"])
    tools.remove(["nobody"])
    assert list(tools) == ["a"]
    assert told == [(["a"], []), ([], ["b"]), ([], [])]


def test_what_is_offered_is_chosen_again_among_others() -> None:
    tools = ToolRegistry(named("a", "b"))
    tools.offer(lambda: [tool for tool in tools.known if tool.name != "b"])
    assert list(tools) == ["a"]
    tools.add(named("c"))
    tools.remove(["a"])
    assert list(tools) == ["c"]
    assert [tool.name for tool in tools.known] == ["b", "c"]


def test_each_request_tells_the_model_what_is_in_force() -> None:
    model = FakeModel(call("read_file"), call("late", "call_2"), [TextDelta("done")])
    late = FakeTool("late", "read")

    class Adding(FakeTool):
        def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
            host.session.tools.add([late])
            return super().prepare(arguments)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.tools.remove(["late"])
        host.session.submit("again", KEYBOARD)
        await host.result(2)

    host = Host(model, Adding("read_file", "read"), approval_mode="yolo")
    host.play(script)
    told = [[tool.name for tool in request.tools] for request in model.requests]
    both = ["read_file", "late"]
    assert told == [["read_file"], both, both, ["read_file"]]
    assert len(late.runs) == 1
    changes = [event["data"] for event in host.of("system", "tools_changed")]
    assert changes == [
        {"tools": both, "added": ["late"], "removed": []},
        {"tools": ["read_file"], "added": [], "removed": ["late"]},
    ]


def test_a_call_that_waits_keeps_the_tool_it_was_made_to() -> None:
    tool = FakeTool()

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        request = await host.request()
        host.session.tools.remove([tool.name])
        host.session.answer(request, Decision(True, KEYBOARD))
        await host.result()

    host = Host(FakeModel(call(tool.name)), tool)
    host.play(script)
    assert len(tool.runs) == 1


def test_nothing_is_told_before_the_session_runs_nor_where_nothing_changed() -> None:
    host = Host(FakeModel(), *named("a", "b"))
    host.session.tools.remove(["b"])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.tools.remove(["b"])

    host.play(script)
    assert host.of("system", "tools_changed") == []


def test_rules_speak_of_tools_that_come_later() -> None:
    edit = FakeTool("edit", "edit")
    host = Host(FakeModel(), edit, approval_mode="yolo")
    policy = host.session.policy
    policy.set_rules(deny=["Edit"])
    copy = Copy("mcp__db__copy", "edit")
    assert policy.judge(copy, copy.prepare({})).action == "allow"
    host.session.tools.add([copy])
    assert policy.judge(copy, copy.prepare({})).action == "refuse"
    host.session.tools.remove([copy.name])
    assert policy.judge(edit, edit.prepare({})).action == "refuse"


def test_a_rule_against_a_tool_that_has_gone_holds_when_it_is_back() -> None:
    copy = Copy("mcp__db__copy", "edit")
    host = Host(FakeModel(), copy, approval_mode="yolo")
    host.session.policy.set_rules(deny=["Copy(/secret/**)"])
    before = list(host.session.policy._deny)
    host.session.tools.remove([copy.name])
    host.session.tools.add([copy])
    assert host.session.policy._deny == before
