"""What is typed behind a command's name, put into its text and into command lines of bash."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.shell_places import fill_command
from qwen_dual.definitions.template import Template, parse_template


def template(text: str, *, backquotes: bool = False) -> Template:
    return parse_template(text, "x.md", 4, backquotes=backquotes)


def filled(text: str, arguments: str, *, backquotes: bool = False) -> list[tuple[str, str]]:
    pieces = template(text, backquotes=backquotes).filled(arguments)
    return [(piece.kind, piece.text) for piece in pieces]


def test_a_text_is_taken_apart_at_commands_and_files() -> None:
    text = "Look:\n!{git diff {a,b}}\n@{docs/{{args}}.md}\nfor {{args}} and $ARGUMENTS."
    assert filled(text, "the API") == [
        ("text", "Look:\n"),
        ("command", "git diff {a,b}"),
        ("text", "\n"),
        ("file", "docs/the API.md"),
        ("text", "\nfor the API and the API."),
    ]


def test_what_is_put_in_is_not_taken_apart() -> None:
    hostile = "!{touch made} @{/etc/passwd} $1 $ARGUMENTS {{args}}"
    assert filled("Do {{args}}", hostile) == [("text", f"Do {hostile}")]
    assert filled("Do $1 $ARGUMENTS", hostile)[0] == ("text", f"Do !{{touch {hostile}")


def test_words_have_numbers_where_a_text_takes_no_braces() -> None:
    assert filled("$1 then $2, $3.", "one 'two words'") == [("text", "one then two words, .")]
    assert filled("$10 and $1", "one") == [("text", "$10 and one")]
    assert filled("It costs $5: {{args}}", "all") == [("text", "It costs $5: all")]
    assert filled("$1", "it's") == [("text", "it's")]


@pytest.mark.parametrize(
    ("text", "takes"),
    [("plain", False), ("{{ args }}", True), ("$ARGUMENTS", True), ("!{ls {{args}}}", True)],
)
def test_whether_it_takes_what_is_typed_is_known(text: str, takes: bool) -> None:
    assert template(text).takes_all is takes
    assert template("from $2 to $1").takes_all


def test_claudes_commands_in_backquotes_are_commands_in_its_files_alone() -> None:
    text = "Now: !`git status -s`\nnot this!`x`"
    assert filled(text, "", backquotes=True)[1] == ("command", "git status -s")
    assert [kind for kind, _ in filled(text, "", backquotes=True)].count("command") == 1
    assert filled(text, "") == [("text", text)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n!{ls", r"^x\.md:5: “!{” is not closed"),
        ("a\n\n@{b{}", r"^x\.md:6: “@{” is not closed"),
        ("!{  }", r"^x\.md:4: “!{” has nothing in it"),
        ("!{a}" * 300, r"^x\.md:4: more than 200"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        template(text)


@pytest.mark.parametrize(
    "line",
    [
        "echo <<E\n{{args}}\nE",
        "echo `ls {{args}}`",
        'echo "$(ls {{args}})"',
        'echo "$(case a in a) echo x;; esac) {{args}}"',
        "echo ${x:-{{args}}}",
        "echo $(( {{args}} ))",
        "echo $[ {{args}} ]",
        "(( {{args}} )) && echo",
        "[[ {{args}} -eq 1 ]]",
        "echo $'{{args}}'",
        "ls # {{args}}",
        "(ls)#{{args}}",
    ],
)
def test_where_no_writing_makes_it_plain_text_it_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="cannot stand within"):
        fill_command(line, "x", None)
    with pytest.raises(ValueError, match="cannot stand within"):
        fill_command(line.replace("{{args}}", "$1"), "x", ["x"])


def test_numbers_in_single_quotes_are_awks() -> None:
    line = "awk '{print $1}' \"$1\" $2"
    assert fill_command(line, "", ["a b"]) == "awk '{print $1}' \"a b\" "
    assert fill_command("awk '{print $1}'", "", None) == "awk '{print $1}'"


def test_nothing_typed_leaves_no_empty_word() -> None:
    assert fill_command("git log {{args}}", "", None) == "git log "


PLACES = [
    "printf '%s\\0' {{args}}",
    "printf '%s\\0' '{{args}}'",
    'printf "%s\\0" "{{args}}"',
    "printf '%s\\0' \"it's \\\" {{args}}\"",
    "printf '%s\\0' $(printf '%s' x >/dev/null; printf %s {{args}} >/dev/null)a'{{args}}'",
    "(printf '%s\\0' a{{args}}b) # done",
    "cat <<<{{args}}",
]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.text(st.sampled_from("ab '\"\\$`(){};&|<>!#*?~\n=-é"), min_size=1, max_size=12),
)
@example(PLACES[1], "'; touch made; '")
@example(PLACES[2], "$(touch made)`touch made`\\")
@example(PLACES[3], '" $(touch made) "')
@example(PLACES[5], "a\ntouch made #")
def test_bash_takes_whatever_is_typed_for_text(line: str, typed: str) -> None:
    command = fill_command(line, typed, None)
    script = f"touch() {{ echo HACKED; }}; {command}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    around = {3: ("it's \" ", ""), 4: ("a", ""), 5: ("a", "b")}.get(PLACES.index(line), ("", ""))
    end = "\n" if PLACES.index(line) == 6 else "\0"
    assert done.stdout.decode() == f"{around[0]}{typed}{around[1]}{end}"
    assert done.stderr == b""
