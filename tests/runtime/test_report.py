"""The bug report: complete enough to act on, and without a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual import __version__
from qwen_dual.runtime.report import LOG_LINES, bug_report

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-planted-0123456789"


def test_it_names_versions_the_terminal_and_what_the_session_knows() -> None:
    text = bug_report({"Model": "qwen3"}, "/none", {"TERM": "xterm", "SECRET": KEY}, str)
    assert text.startswith(f"qwen-dual {__version__}\nPython 3.")
    assert "prompt-toolkit 3." in text
    assert "TERM=xterm" in text
    assert "Model qwen3" in text
    assert "Debug log: empty" in text
    assert KEY not in text


def test_the_end_of_the_log_is_in_it_without_its_secrets(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {number}\n" for number in range(500)) + f"key {KEY}\n")
    text = bug_report({}, str(log), {}, lambda text: text.replace(KEY, "[KEY]"))
    assert "key [KEY]" in text
    assert f"line {501 - LOG_LINES}" in text
    assert f"line {500 - LOG_LINES}\n" not in text
