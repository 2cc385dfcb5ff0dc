"""The debug log: private, and made only when there is something to say."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from qwen_dual.runtime.debuglog import DebugLog

if TYPE_CHECKING:
    from pathlib import Path


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.ERROR, "f", 1, text, None, None)


def test_a_quiet_session_leaves_no_file_and_a_record_makes_a_private_one(tmp_path: Path) -> None:
    log = DebugLog(str(tmp_path), "id")
    assert not (tmp_path / "debug").exists()
    log.handle(record("lone \ud800"))
    log.close()
    path = tmp_path / "debug" / "id.txt"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "debug").stat().st_mode & 0o777 == 0o700
    assert "lone \\ud800" in path.read_text()


def test_a_home_that_cannot_be_written_is_silent(tmp_path: Path) -> None:
    (tmp_path / "debug").write_text("a file in the way")
    log = DebugLog(str(tmp_path), "id")
    log.handle(record("lost"))
    log.close()


def test_a_secret_in_a_traceback_is_not_logged(tmp_path: Path) -> None:
    log = DebugLog(str(tmp_path), "id", lambda text: text.replace("sk-planted", "[KEY]"))
    try:
        raise ValueError("bad key sk-planted")
    except ValueError:
        made = record("failed with sk-planted")
        made.exc_info = sys.exc_info()
        log.handle(made)
    log.close()
    text = (tmp_path / "debug" / "id.txt").read_text()
    assert text.count("[KEY]") >= 2
    assert "sk-planted" not in text
