"""Slash commands: what counts as one, how one is found, and what an unknown one says."""

from __future__ import annotations

import pytest

from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.commands.slash import SlashCommand, SlashCommands, is_slash


def registry() -> SlashCommands:
    commands = SlashCommands()
    commands.add(SlashCommand("quit", "end", lambda *_: None), "exit")
    commands.add(SlashCommand("mode", "change", lambda text, _: text, lambda: [Choice("a")]))
    return commands


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/help", True),
        ("/mode yolo", True),
        ("/usr/bin/env", False),
        ("/", False),
        ("/ x", False),
        ("help", False),
        ("/help\nmore", False),
    ],
)
def test_a_path_or_a_longer_text_is_no_command(text: str, expected: bool) -> None:
    assert is_slash(text) is expected


def test_a_command_is_found_by_name_and_alias_with_its_arguments() -> None:
    found = registry().find("/MODE  a b ")
    assert found is not None
    assert (found[0].name, found[1]) == ("mode", "a b")
    alias = registry().find("/exit")
    assert alias is not None
    assert alias[0].name == "quit"
    assert registry().find("/none") is None


def test_an_unknown_command_names_the_nearest() -> None:
    assert registry().unknown("/qit now") == "Unknown command /qit. Did you mean /quit?"
    assert registry().unknown("/zzz") == "Unknown command /zzz. /help lists the commands."


def test_help_has_one_line_for_a_command_with_its_aliases() -> None:
    assert registry().help() == "/quit, /exit  end\n/mode […]     change"


def test_help_looks_for_no_choices_of_a_command_that_says_itself_what_it_takes() -> None:
    def choices() -> list[Choice]:
        raise AssertionError("it may take reading a hundred files")

    commands = SlashCommands()
    commands.add(SlashCommand("resume", "goes on", lambda _, __: None, choices, hint="[ID]"))
    commands.add(SlashCommand("mode", "is shown", lambda _, __: None, lambda: [Choice("a")]))
    assert commands.help() == "/resume [ID]  goes on\n/mode […]     is shown"
