"""The debug log: private, and made only when there is something to say."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwen_dual.runtime.debuglog import DebugLog, log_unhandled, open_log

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_a_disk_that_is_full_loses_what_is_logged_and_nothing_else(tmp_path: Path) -> None:
    log = DebugLog(str(tmp_path), "id")
    log.stream = open("/dev/full", "w")  # noqa: SIM115
    log.handle(record("lost"))
    log.close()
    assert log.stream is None


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


def test_the_session_after_a_clear_has_a_file_of_its_own(tmp_path: Path) -> None:
    logger = logging.getLogger("qwen_dual.test")
    log = open_log(str(tmp_path), "first", verbose=False)
    try:
        logger.warning("before")
        log.follow("second")
        logger.warning("after")
        assert log.path.endswith("second.txt")
    finally:
        log.close()
    first, second = (
        (tmp_path / "debug" / f"{name}.txt").read_text() for name in ("first", "second")
    )
    assert "before" in first
    assert "after" not in first
    assert "after" in second


def hider(secret: str) -> Callable[[str], str]:
    return lambda text: text.replace(secret, "[KEY]")


def test_records_go_to_the_log_that_is_entered_and_to_no_other(tmp_path: Path) -> None:
    log = logging.getLogger("qwen_dual.test")
    one = open_log(str(tmp_path), "one", verbose=False)
    other = open_log(str(tmp_path), "other", verbose=True)
    try:
        with one.active():
            log.warning("of one")
            log.debug("too little for one")
            with other.active():
                log.debug("of the other")
            log.warning("of one again")
    finally:
        one.close()
        other.close()
    texts = [(tmp_path / "debug" / f"{name}.txt").read_text() for name in ("one", "other")]
    assert ["of one" in text for text in texts] == [True, False]
    assert ["again" in text for text in texts] == [True, False]
    assert ["of the other" in text for text in texts] == [False, True]
    assert not any("too little" in text for text in texts)


def test_what_is_nobodys_is_the_only_sessions_or_the_processs_without_any_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "process"))
    log = logging.getLogger("qwen_dual.test")
    one = open_log(str(tmp_path), "one", verbose=False, scrub=hider("sk-one"))
    log.warning("while it is alone")
    other = open_log(str(tmp_path), "other", verbose=True, scrub=hider("sk-other"))
    log.warning("while there are two: sk-one, sk-other")
    log.debug("too little")
    one.close()
    log.debug("alone again")
    with one.active():
        log.warning("too late")
    other.close()
    (path,) = (tmp_path / "process" / "debug").iterdir()
    assert path.read_text().endswith("while there are two: [KEY], [KEY]\n")
    texts = [(tmp_path / "debug" / f"{name}.txt").read_text() for name in ("one", "other")]
    assert [text.count("\n") for text in texts] == [1, 1]
    assert "while it is alone" in texts[0] and "alone again" in texts[1]


def test_the_last_log_leaves_the_root_logger_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs = [open_log(str(tmp_path), name, verbose=True) for name in ("a", "b")]
    assert len(root.handlers) == len(handlers) + 1
    for log in logs:
        log.close()
        log.close()
    assert (list(root.handlers), root.level) == (handlers, level)


def test_what_nobody_handles_is_logged_and_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class GivenUp:
        def __del__(self) -> None:
            raise ValueError("in a finalizer")

    def fail() -> None:
        raise ValueError("in a thread")

    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    log = open_log(str(tmp_path), "id", verbose=False)
    log_unhandled()
    thread = threading.Thread(target=fail, name="the watch")
    thread.start()
    thread.join()
    GivenUp()
    log.close()
    text = (tmp_path / "debug" / "id.txt").read_text()
    assert "the watch failed\n" in text
    assert "ValueError: in a thread" in text
    assert "ValueError: in a finalizer" in text
    assert capfd.readouterr() == ("", "")
