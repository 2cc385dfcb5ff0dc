"""What is shown of foreign text: nothing is lost, and two different texts never look the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.protocol.look_alikes import TWINS
from qwen_dual.protocol.previews import warnings_of
from qwen_dual.protocol.visible import (
    BLANK_MARK,
    ESCAPED,
    Reading,
    escape,
    still_visible,
    visible,
    visible_line,
)

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CYRILLIC = "аеоросухіѕ файлж"
TRICKS = [
    *"ab oxyp\t\n⟨⟩⇥␣⏎↪U+202E'\"\\#;/.-",
    *"\x00\x07\x08\x0b\r\x1b\x7f\x85\x9b",
    *BIDI,
    *"\u00a0\u2003\u3000\u2028\u200b\u200d\ufeff\u00ad\ufe0f\U000e0041\u3164\u115f\u2800",
    *"\ud800\udfff\ue000\U0010ffff",
    *CYRILLIC,
    *"νοΑΒ漢字éàя한\u0301\u0338\u030a\u212b\u212a\u037e\u2010\u2215\u2044ｆ𝐚ⅰﬁ",
    "⟨U+202E⟩",
    "⟨CR⟩",
    "\r\n",
    "\x1bP",
]
TEXT = st.lists(st.sampled_from(TRICKS) | st.characters(), max_size=12).map("".join)


def look(text: str) -> str:
    """What a person sees of a text that a terminal shows: twins fold into one."""
    return unicodedata.normalize("NFC", "".join(TWINS.get(char, char) for char in text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git status --short", "git status --short"),
        ("touch MARK #\recho hello", "touch MARK #⟨CR⟩echo hello"),
        ("echo hello \x1bP; CMD", "echo hello ⟨ESC⟩P; CMD"),
        ("rm \u202egnp.exe", "rm ⟨U+202E⟩gnp.exe"),
        ("ls\u200b -l\u00a0x", "ls⟨U+200B⟩ -l⟨U+00A0⟩x"),
        ("ѕudо rm", "⟨U+0455⟩ud⟨U+043E⟩ rm"),
        ("сору a b", "⟨U+0441⟩⟨U+043E⟩⟨U+0440⟩⟨U+0443⟩ a b"),
        ("cat файл.txt", "cat файл.txt"),
        ("cat фaйл.txt", "cat ⟨U+0444⟩a⟨U+0439⟩⟨U+043B⟩.txt"),
        ("git commit -m 'é ü 漢字 한국어 हिन्दी'", "git commit -m 'é ü 漢字 한국어 हिन्दी'"),
        ("cafe\u0301", "cafe⟨U+0301⟩"),
        ("rm –rf x", "rm ⟨U+2013⟩rf x"),
        ("⟨U+202E⟩", "⟨U+27E8⟩U+202E⟩"),
        ("a\tb\n\n c ", "a\tb\n\n c "),
        ("x\ud800", "x⟨U+D800⟩"),
        ("\U000e0041\ufe0f\u3164\u115f", "⟨U+E0041⟩⟨U+FE0F⟩⟨U+3164⟩⟨U+115F⟩"),
        ("\u212a \u037e \u2215etc", "⟨U+212A⟩ ⟨U+037E⟩ ⟨U+2215⟩etc"),
    ],
)
def test_how_a_command_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_prose_keeps_what_it_needs_and_shows_what_deceives() -> None:
    assert visible("👩‍💻 ❤️ «c'est\u00a0ça» а о", "prose") == "👩‍💻 ❤️ «c'est\u00a0ça» а о"
    assert visible("a\u202eb\x1b[2Kc\u200b", "prose") == "a⟨U+202E⟩b⟨ESC⟩[2Kc⟨U+200B⟩"


@pytest.mark.parametrize("text", ["a\u202e⟨LF⟩\u200b", " \tx⟨⟩\n ", "ѕudо ␣ ls", "⟨ESC"])
def test_what_was_made_visible_is_not_escaped_again(text: str) -> None:
    assert still_visible(visible(text)) == visible(text)
    assert still_visible(visible_line(text)) == visible_line(text)
    assert still_visible(f"⟨ESC⟩\x1b⟨{text}") == f"⟨ESC⟩⟨ESC⟩⟨U+27E8⟩{still_visible(text)}"


def test_in_one_line_nothing_at_the_ends_is_lost() -> None:
    assert visible_line("  a\tb\n ") == "␣␣a⟨HT⟩b⟨LF⟩␣"


@given(TEXT, TEXT, st.sampled_from(["command", "code"]))
@example("⟨U+202E⟩", "\u202e", "command")
@example("e\u0301", "é", "code")
@example("и\u0323\u0306", "й\u0323", "command")
def test_two_different_texts_never_read_the_same(one: str, other: str, reading: Reading) -> None:
    assert (visible(one, reading) == visible(other, reading)) == (one == other)


@given(TEXT, TEXT)
@example("мост", "мoст")
@example("мост", "мοст")
@example("со", "co")
@example("ё", "ë")
def test_two_different_commands_never_look_the_same(one: str, other: str) -> None:
    assert (look(visible(one)) == look(visible(other))) == (one == other)


@given(st.lists(st.sampled_from("coаеоросухν мmλ"), max_size=5).map("".join))
def test_a_command_of_twins_looks_like_no_other(text: str) -> None:
    plain = "".join(TWINS.get(char, char) for char in text)
    assert plain == text or not plain.isascii() or look(visible(text)) != plain


@example("\ud800", "prose")
@given(TEXT, st.sampled_from(["command", "code", "prose"]))
def test_what_is_shown_has_nothing_that_could_do_more(text: str, reading: Reading) -> None:
    for char in visible(text, reading):
        assert unicodedata.category(char) not in ("Cc", "Cs") or char in "\n\t"
        assert char not in BIDI


@given(TEXT)
def test_the_escapes_alone_lead_back_to_the_text(text: str) -> None:
    names = {escape(chr(code)): chr(code) for code in (*range(32), 127)}

    def char(shown: str) -> str:
        return names.get(shown) or chr(int(shown[3:-1], 16))

    assert ESCAPED.sub(lambda match: char(match[0]), visible(text)) == text


def test_a_preview_is_told_what_is_odd_in_it() -> None:
    text = "echo a\nrm \u202e\u202e \x1b[2K ѕudо"
    assert warnings_of({"kind": "command", "title": "", "text": text}) == [
        {
            "kind": "bidi",
            "message": "Characters that turn the direction of the text: ⟨U+202E⟩ "
            "(right-to-left override).",
            "line": 2,
            "count": 2,
        },
        {"kind": "control", "message": "Control characters: ⟨ESC⟩.", "line": 2, "count": 1},
        {
            "kind": "look_alike",
            "message": "Characters that look like others: ⟨U+0455⟩ (cyrillic small letter dze), "
            "⟨U+043E⟩ (cyrillic small letter o).",
            "line": 2,
            "count": 2,
        },
    ]
    assert warnings_of({"kind": "command", "title": "", "text": "echo 'é 漢'\n\tls"}) == []


def test_what_is_odd_in_a_name_is_told_where_the_text_does_not() -> None:
    title = visible_line("a\u202eb⟨\nсору")
    text = "--- /dev/null\n+++ b/x\n@@ -0,0 +1,1 @@\n+x"
    warnings = warnings_of({"kind": "diff", "title": title, "text": text})
    assert [warning["kind"] for warning in warnings] == ["bidi", "control", "look_alike"]
    assert warnings[0]["message"].endswith("in the name: ⟨U+202E⟩ (right-to-left override).")
    assert "⟨LF⟩" in warnings[1]["message"]
    told = warnings_of({"kind": "text", "title": title, "text": "\u202e"})
    assert [warning["kind"] for warning in told] == ["bidi", "control", "look_alike"]
    assert "line" in told[0]


def test_what_is_long_or_cut_is_told() -> None:
    kinds = [
        warning["kind"]
        for warning in warnings_of(
            {
                "kind": "diff",
                "title": "",
                "text": "+x" * 6000,
                "warnings": [{"kind": "cut", "message": "Cut."}],
            }
        )
    ]
    assert kinds == ["cut", "long"]


def test_carriage_returns_are_odd_in_a_diff_unless_every_line_ends_in_one() -> None:
    head = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n"

    def kinds(body: str) -> list[str]:
        return [
            one["kind"] for one in warnings_of({"kind": "diff", "title": "", "text": head + body})
        ]

    assert kinds(" a\r\n-b\r\n+c\r") == []
    assert kinds(" a\r\n-b\r\n+c") == ["control"]
    assert kinds(" a\n-0\n+import os\r+0") == ["control"]
    assert kinds(" a\r\n+b\r\n+c\n\\ No newline at end of file") == []
    assert kinds(" a\r\n+b\r\r\n+c\r") == ["control"]


def test_a_long_run_of_marks_for_blanks_takes_no_longer_than_its_length() -> None:
    run = BLANK_MARK * 200_000
    assert still_visible(f"a{run}x") == visible(f"a{run}x")
    assert still_visible(f"{run}x{run}") == f"{run}x{run}"
