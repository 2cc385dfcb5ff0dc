"""What the model calls the tools of servers: of letters that all take, and nobody else's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.permissions.rule_names import RuleNames
from qwen_dual.mcp.names import MAX_CHARS, server_part, tool_name


@pytest.mark.parametrize(
    ("server", "tool", "name"),
    [
        ("git", "git_log", "mcp__git__git_log"),
        ("my-server", "get-sum", "mcp__my-server__get-sum"),
        ("my server", "a", "mcp__my_server__a"),
        ("a__b", "c", "mcp__a_b__c"),
        ("_a_", "_b", "mcp__a___b"),
        ("", "x", "mcp__server__x"),
        ("мир", "x", "mcp__server__x"),
    ],
)
def test_a_name_is_what_it_was_as_far_as_that_can_be(server: str, tool: str, name: str) -> None:
    assert tool_name(server_part(server), tool) == name


@given(st.text(max_size=80), st.text(max_size=300))
def test_every_name_is_such_as_every_service_takes(server: str, tool: str) -> None:
    name = tool_name(server_part(server), tool)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,63}", name)
    # What stands before the second ``__`` is the server, so no rule for another speaks of it.
    assert name.removeprefix("mcp__").partition("__")[0] == server_part(server)
    RuleNames().parse(name)


@given(st.lists(st.text(max_size=40), unique=True, min_size=2, max_size=6))
def test_two_servers_never_share_what_stands_for_them(names: list[str]) -> None:
    parts: list[str] = []
    for name in names:
        parts.append(server_part(name, parts))
    assert len(set(parts)) == len(names)


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_two_tools_of_a_server_never_become_one(first: str, second: str) -> None:
    if first != second:
        assert tool_name("s", first) != tool_name("s", second)


def test_what_is_too_long_is_cut_in_the_middle_and_told_apart() -> None:
    first, second = ("begin_" + "x" * 100 + letter + "_end" for letter in "ab")
    names = tool_name("server", first), tool_name("server", second)
    assert all(len(name) == MAX_CHARS for name in names)
    assert all(name.startswith("mcp__server__begin_xxx") for name in names)
    assert all("___" in name and "_end_" in name for name in names)
    assert names[0] != names[1]


def test_a_server_that_comes_later_gets_another_name_than_one_that_is_there() -> None:
    assert server_part("a.b") == "a_b"
    later = server_part("a b", {"a_b"})
    assert re.fullmatch(r"a_b_[0-9a-f]{6}", later)
    assert later == server_part("a b", {"a_b"})  # always the same one
