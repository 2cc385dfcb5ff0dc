"""Hyperlinks: which terminals, which targets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.text.links import CLOSE, misleads, opening, supported
from qwen_dual.protocol.hyperlinks import MAX_TARGET, safe_target


@pytest.mark.parametrize(
    ("env", "can"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4600"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "x²"}, False),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "220401"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "a-guid"}, True),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "linux"}, False),
        ({}, False),
        ({"TERM": "dumb", "TERM_PROGRAM": "vscode"}, False),
        ({"TERM": "tmux-256color", "TMUX": "x", "VTE_VERSION": "7200"}, False),
        (
            {"TERM": "tmux", "TMUX": "x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a"},
            False,
        ),
        (
            {"TERM": "tmux", "TMUX": "x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.4"},
            True,
        ),
        ({"TERM": "screen", "VTE_VERSION": "7200"}, False),
        ({"TERM": "dumb", "FORCE_HYPERLINK": "1"}, True),
        ({"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, False),
    ],
)
def test_where_hyperlinks_are_written(env: dict[str, str], can: bool) -> None:
    assert supported(env) is can


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("https://example.org/a?b=c&d#e", "https://example.org/a?b=c&d#e"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("https://example.org/é 漢", "https://example.org/%C3%A9%20%E6%BC%A2"),
        ("https://example.org/%41", "https://example.org/%41"),
        ("mailto:me@example.org", "mailto:me@example.org"),
        ("file:///etc/hosts", "file:///etc/hosts"),
        ("javascript:alert(1)", None),
        ("src/main.py", None),
        ("//example.org", None),
        ("vscode://open", None),
        ("https://[broken", None),
        ("https://a/\x1b]52;c;aGk=\x07", None),
        ("https://a/\x9c", None),
        ("https://a/\ud800", None),
        (f"https://a/{'x' * MAX_TARGET}", None),
        ("", None),
    ],
)
def test_which_targets_are_safe(href: str, target: str | None) -> None:
    assert safe_target(href) == target


@given(st.text().map("https://a/{}".format))
def test_a_sequence_holds_nothing_but_printable_ascii(href: str) -> None:
    target = safe_target(href)
    if target is not None:
        body = opening(target)[1].removeprefix("\x1b]8;").removesuffix("\x1b\\")
        assert body.isascii() and body.isprintable() and " " not in body
    assert CLOSE[1] == "\x1b]8;;\x1b\\"


@pytest.mark.parametrize(
    ("text", "target", "does"),
    [
        ("the docs", "https://example.org", False),
        ("https://example.org", "https://example.org/", False),
        ("www.example.org", "https://example.org", False),
        ("example.org/a", "https://example.org/a", False),
        ("https://good.org", "https://evil.org", True),
        ("good.org", "https://evil.org", True),
        ("https://good.org", "https://good.org.evil.org", True),
        ("https://é.org", "https://%C3%A9.org", False),
    ],
)
def test_a_text_that_reads_like_another_address_misleads(
    text: str, target: str, does: bool
) -> None:
    assert misleads(text, target) is does


@pytest.mark.parametrize(
    "text",
    [
        "Visit https://bank.example",
        "\u200bhttps://bank.example",
        "\u2060www.bank.example",
        "h\u200dttps://bank.example",
        "https\uff1a//bank.example",
        "bank\u3002example/login",
        "go to bank.example now",
        "(https://bank.example)",
        "https://evil.example or https://bank.example",
        "bank\u2024example",
    ],
)
def test_an_address_anywhere_in_the_text_is_compared_with_the_target(text: str) -> None:
    assert misleads(text, "https://evil.example")


@pytest.mark.parametrize(
    "text", ["the site", "evil.example", "see https://evil.example.", "version 1.2", "a.b", "…"]
)
def test_a_text_that_names_no_other_address_stays(text: str) -> None:
    assert misleads(text, "https://evil.example") is (text == "a.b")


def test_a_long_text_takes_no_long_look() -> None:
    began = time.thread_time()
    for text in ("a." * 50_000, "w" * 100_000, "a-" * 50_000, "http:" * 20_000, "\u200b" * 100_000):
        misleads(text, "https://evil.example")
    assert time.thread_time() - began < 2
