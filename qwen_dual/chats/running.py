"""Tells other programs which session this process runs, in the files and the form of the reference.

``~/.qwen/sessions/<pid>.json`` is found by the process (``<pid>-<session>.json`` for each further session
of one), ``<session>.runtime.json`` beside its chat by the session. Both go with the session; what a killed
process leaves is told by ``pid`` and ``procStart``.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qwen_dual.chats.paths import make_folder, runtime_file
from qwen_dual.fs.proc import stat_of
from qwen_dual.fs.replace import replace_file
from qwen_dual.protocol.codec import NotJson, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

_FORM = 1
_NAME_CHARS = 32


class RunningSession:
    """The two files; an observer of the bus, which follows the session to another id.

    What cannot be written is left out: nothing depends on it here.

    Args:
        home: ``~/.qwen`` or what ``QWEN_HOME`` says.
        cwd: the folder of the session.
        session_id: its id.
        version: of the program.
    """

    def __init__(self, home: str, cwd: str, session_id: str, version: str) -> None:
        self._home, self._cwd, self._version = home, cwd, version
        self._record = _record_file(home, session_id)
        self._status = runtime_file(home, cwd, session_id)
        self._started = time.time()
        self._write(session_id)

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if event.get("subtype") == "session_changed":
            self._remove(self._status)
            self._status = runtime_file(self._home, self._cwd, event["data"]["to"])
            self._write(event["data"]["to"])

    def close(self) -> None:
        """Takes both away."""
        self._remove(self._record)
        self._remove(self._status)

    def _write(self, session_id: str) -> None:
        record = {
            "schemaVersion": _FORM,
            "pid": os.getpid(),
            "procStart": start_token(),
            "pidNs": _pid_namespace(),
            "sessionId": session_id,
            "cwd": self._cwd,
            "name": session_name(self._cwd, session_id),
            "startedAt": round(self._started * 1000),
            "qwenVersion": self._version,
            "kind": "tui",
        }
        status = {
            "schema_version": _FORM,
            "pid": os.getpid(),
            "session_id": session_id,
            "work_dir": self._cwd,
            "hostname": socket.gethostname(),
            "started_at": self._started,
            "qwen_version": self._version,
        }
        for path, content in ((self._record, record), (self._status, status)):
            with contextlib.suppress(OSError):
                folder, name = os.path.split(path)
                make_folder(folder)
                # Nothing of it holds after a crash of the machine: not worth a wait for the disk.
                real = os.path.join(os.path.realpath(folder), name)
                replace_file(real, encode(content), mode=0o600, durable=False)

    def _remove(self, path: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _record_file(home: str, session_id: str) -> str:
    """Where the session is found by the process; behind the first of its sessions each has its own."""
    folder, pid = os.path.join(home, "sessions"), os.getpid()
    path = os.path.join(folder, f"{pid}.json")
    try:
        with open(path, "rb") as file:
            found = decode(file.read())
    except (OSError, NotJson):
        return path
    ours = isinstance(found, dict) and found.get("procStart") == start_token()
    return os.path.join(folder, f"{pid}-{session_id}.json") if ours else path


def session_name(cwd: str, session_id: str) -> str:
    """What the reference calls a session that nobody named: its folder and two digits."""
    base = os.path.basename(cwd)
    if not base.isascii():
        from unicodedata import normalize

        base = normalize("NFC", base)
    if not base.replace("-", "_").replace(".", "_").isidentifier():
        base = re.sub(r"[^\w.-]+", "-", base)
    plain = base.strip("-")[:_NAME_CHARS]
    return f"{plain or 'session'}-{_sha256()(session_id.encode()).hexdigest()[:2]}"


def _sha256() -> Callable[[bytes], Any]:
    """It alone: ``hashlib`` imports all there are, and OpenSSL's, which takes 5 ms."""
    for name in ("_sha2", "_sha256"):  # since Python 3.12, and before
        try:
            made: Callable[[bytes], Any] = import_module(name).sha256
        except ImportError:
            continue
        return made
    from hashlib import sha256

    return sha256


def start_token(pid: int | None = None) -> str | None:
    """Tells a process (this one) from a later one with its pid: the boot and the tick it began at."""
    stat = stat_of() if pid is None else stat_of(pid)
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            boot = file.read().strip()
    except OSError:
        return None
    return f"{boot}:{stat.started}" if stat is not None else None


def _pid_namespace() -> int | None:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return None
