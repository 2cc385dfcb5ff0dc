"""The heads of real Markdown files, and of such as nobody should read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.front_matter import MAX_HEAD_CHARS, parse_front_matter, read_front_matter

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.definitions.front_matter import FrontMatter


def parsed(head: str, body: str = "body\n") -> FrontMatter:
    return parse_front_matter(f"---\n{head}\n---\n{body}", "x.md")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("plain words", "plain words"),
        ("'it''s quoted: yes'", "it's quoted: yes"),
        ('"a \\u00e9 and a \\n"', "a é and a"),
        ("Use when: the user asks", "Use when: the user asks"),
        ("Do it. Example: `/loop 5m check: x` # not a comment", None),
        ("@handle first", "@handle first"),
        ("`code` first", "`code` first"),
        ("* everything", "* everything"),
        ("%d of them", "%d of them"),
        ("[draft] not a list", "[draft] not a list"),
        ("it's: fine", "it's: fine"),
        ("审查代码：当用户要求时", "审查代码：当用户要求时"),
        ("4.10", "4.10"),
        ("no", "no"),
        ("2026-01-02", "2026-01-02"),
        ("|\n  two\n  lines", "two\nlines"),
        (">-\n  one\n  line", "one line"),
    ],
)
def test_a_description_is_the_words_that_its_writer_meant(written: str, text: str | None) -> None:
    assert parsed(f"description: {written}\nname: n").text("description") == (text or written)
    assert parsed(f"description: {written}\nname: n").text("name") == "n"


@pytest.mark.parametrize(
    "written",
    [
        "[Read, 'Bash(git log:*, -n)']",
        "\n  - Read\n  - Bash(git log:*, -n)",
        "\n- Read\n- Bash(git log:*, -n)",
        "Read, Bash(git log:*, -n)",
        '"Read, Bash(git log:*, -n)"',
    ],
)
def test_a_list_is_the_same_in_each_way_of_writing_it(written: str) -> None:
    assert parsed(f"tools: {written}").words("tools") == ("Read", "Bash(git log:*, -n)")


@pytest.mark.parametrize("written", ["[Write] Edit", "[Write], [Edit]", "'[Write'"])
def test_half_a_list_is_none(written: str) -> None:
    with pytest.raises(DefinitionError, match=r"^x\.md:2: tools: the list goes on"):
        parsed(f"tools: {written}").words("tools")


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quotation_mark_that_is_never_closed_is_named_where_it_stands(quote: str) -> None:
    with pytest.raises(DefinitionError, match=r"^x\.md:3: a quotation mark has no second one$"):
        parsed(f"name: n\ndescription: {quote}open\nmodel: x\ntools: y")


def test_what_looks_like_a_list_to_yaml_is_a_hint_to_its_writer() -> None:
    assert parsed("argument-hint: [file]").hint("argument-hint") == "[file]"
    assert parsed("argument-hint: [pr] [--fix]").hint("argument-hint") == "[pr] [--fix]"
    assert parsed("argument-hint: <text>").hint("argument-hint") == "<text>"
    assert parsed("argument-hint: '[a|b]'").hint("argument-hint") == "[a|b]"


def test_nested_values_keep_their_types() -> None:
    file = parsed(
        "hooks:\n  Stop:\n    - matcher: x\n      hooks: [{type: command, timeout: 5, on: yes}]\n"
        "      async: true\n      empty:\n      rate: 0.5"
    )
    group = file.values["hooks"]["Stop"][0]
    assert group["hooks"] == [{"type": "command", "timeout": 5, "on": "yes"}]
    assert (group["async"], group["empty"], group["rate"]) == (True, None, 0.5)


def test_windows_line_ends_a_mark_of_order_and_blanks_after_the_dashes_change_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.md"
    path.write_bytes("\ufeff---  \r\nname: Zoë\r\ntools:\r\n  - a\r\n---\t\r\nbody\r\n".encode())
    file = read_front_matter(str(path))
    assert (file.text("name"), file.words("tools"), file.body) == ("Zoë", ("a",), "body\n")


def test_a_file_without_a_head_is_all_body_and_an_empty_head_says_nothing() -> None:
    assert parse_front_matter("# Title\n---\n", "x.md").body == "# Title\n---\n"
    assert parse_front_matter("", "x.md").body == ""
    assert parse_front_matter("---\n---\nbody", "x.md").values == {}
    assert parsed("# only a comment").values == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\nname: x\n", 1),
        ("---\nname: x\nname: y\n---\n", 3),
        ("---\nname: x\n\ttab: y\n---\n", 3),
        ("---\nname: x\ntools: [a, b\nmore: y\n---\n", 4),
        ("---\nname: x\nhooks: {Stop: [}\n---\n", 3),
        ("---\n- a\n---\n", 2),
        ("---\njust words\n---\n", 2),
        ("---\nname: x\nsecret: \x01\n---\n", 3),
        ("---\nname: 'a\u2028b\x85c'\ntools: {a\n---\n", 3),
        ("---\na: &a [x]\nb:\n  - *a\n---\n", 4),
        ("---\na: b\n...\n--- !x\nc: d\n---\n", 4),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, line: int) -> None:
    with pytest.raises(DefinitionError, match=rf"^x\.md:{line}: ") as raised:
        parse_front_matter(text, "x.md")
    assert raised.value.line == line


def test_a_value_of_another_kind_is_said_with_its_line() -> None:
    file = parsed("name: x\ndescription: [a]\ntools: {a: b}\nbackground: perhaps")
    with pytest.raises(DefinitionError, match=r"^x\.md:3: description: expected one text"):
        file.text("description")
    with pytest.raises(DefinitionError, match=r"^x\.md:4: tools: expected a list of words"):
        file.words("tools")
    with pytest.raises(DefinitionError, match=r"^x\.md:5: background: expected true or false"):
        file.flag("background")


@pytest.mark.parametrize(
    "head",
    [
        "a: " + "[" * 10_000,
        "a: " + "{b: " * 5_000,
        "\n".join(f"{' ' * level}a:" for level in range(200)),
        "a: [" + "x," * 10_000 + "]",
        "x" * (MAX_HEAD_CHARS + 1),
        "x: y\n" * 10_000,
        "a:\n- &a [x,x]\n" + "\n".join(f"- &b{n} [*a,*a,*a,*a]" for n in range(100)),
    ],
)
def test_a_bomb_is_refused_at_once(head: str) -> None:
    began = time.process_time()
    with pytest.raises(DefinitionError):
        parsed(head)
    assert time.process_time() - began < 1.5


def test_many_blanks_take_no_longer_than_as_many_words() -> None:
    began = time.process_time()
    assert parsed("a: x: " + " " * 30_000 + "y \t").text("a").startswith("x:  ")
    assert time.process_time() - began < 1.5


def test_no_number_is_too_long_to_be_read() -> None:
    assert parsed("a: " + "9" * 20_000).number("a") is None
    assert parsed("a: 1e999").number("a") is None
    assert parsed("a: nan").number("a") is None
    assert parsed("a: 12").number("a") == 12


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.md"
    outside.write_text("---\nname: x\n---\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "x.md").symlink_to(outside)
    with pytest.raises(DefinitionError, match="symbolic link"):
        read_front_matter(str(project / "x.md"), root=str(project))
    assert read_front_matter(str(project / "x.md")).text("name") == "x"


def test_bytes_that_are_no_text_are_said_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_bytes(b"---\nname: \xff\n---\n")
    with pytest.raises(DefinitionError, match=r"x\.md:2: is not UTF-8 text"):
        read_front_matter(str(tmp_path / "x.md"))


@given(st.text(alphabet="ab:-[]{}'\"|>&*!%@`#, \n\t\u2028é", max_size=80))
@example("? a\n: b")
@example("a: !!python/object/apply:os.system [x]")
@example("<<: *a")
@example("a\u2028b: 1\nargument-hint: [x]")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed(text)
    except DefinitionError as error:
        assert error.line >= 1
