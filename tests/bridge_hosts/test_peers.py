"""Who is let in: processes of this user that no session has started, and nobody else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from qwen_dual.fs.family import MARK, new_mark
from qwen_dual.fs.proc import is_confined
from tests.bridge_hosts.kit import open_room
from tests.support.users import OTHER, as_root, in_child, shared_folder

if TYPE_CHECKING:
    from pathlib import Path

HELLO = b'{"type":"hello","name":"zed"}\n'

CALLER = """
import ctypes, os, socket, sys
path, confined, orphan, deep, out = sys.argv[1:]
if orphan == "yes":
    if os.fork():
        os._exit(0)
    os.setsid()
    parent = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == parent:
        os.sched_yield()
for _ in range(int(deep)):
    if child := os.fork():
        os.waitpid(child, 0)
        os._exit(0)
if confined == "yes":
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
with socket.socket(socket.AF_UNIX) as connected:
    connected.connect(path)
    connected.sendall(b'{"type":"hello","name":"zed"}\\n')
    line = connected.makefile().readline()
    with open(out + ".part", "w") as file:
        file.write(line)
os.rename(out + ".part", out)
"""


def first_line(
    folder: Path, *, confined: bool = False, orphan: bool = False, deep: int = 0
) -> dict[str, str]:
    """What a process of its own is told, in ``data``."""
    out = folder / "told"

    async def main() -> None:
        async with open_room(folder) as room:
            words = [str("yes" if flag else "no") for flag in (confined, orphan)]
            command = [sys.executable, "-c", CALLER, room.path, *words, str(deep), str(out)]
            with subprocess.Popen(command) as process:
                with anyio.fail_after(30):
                    while not out.exists():
                        await anyio.lowlevel.checkpoint()
                process.wait()

    anyio.run(main)
    found: dict[str, str] = json.loads(out.read_text())["data"]
    return found


@pytest.mark.parametrize("deep", [0, 80])
def test_a_command_of_the_session_does_not_steer_it(tmp_path: Path, deep: int) -> None:
    """However many processes are between."""
    told = first_line(tmp_path, deep=deep)
    assert told["code"] == "own_child"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("ours", [True, False])
def test_a_detached_command_is_known_by_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    """That of another session's command, which this one does not know, is nobody's here."""
    monkeypatch.setenv(MARK, new_mark() if ours else "0" * 16 + ".1")
    told = first_line(tmp_path, orphan=True)
    assert told.get("code") == ("own_child" if ours else None)


@pytest.mark.skipif(is_confined(), reason="this process is in a sandbox itself")
@pytest.mark.skipif(sys.platform != "linux", reason="no_new_privs is Linux's")
def test_what_is_in_a_sandbox_steers_no_session_whoever_its_parent_is(tmp_path: Path) -> None:
    told = first_line(tmp_path, confined=True, orphan=True)
    assert told["code"] == "confined"


@as_root
def test_another_users_process_gets_one_line_that_says_why() -> None:
    """Though the file itself would let it connect."""

    async def main() -> None:
        with shared_folder() as folder:
            async with open_room(folder) as room:
                os.chmod(room.path, 0o666)

                def call() -> str:
                    with socket.socket(socket.AF_UNIX) as connected:
                        connected.connect(room.path)
                        return connected.makefile().read()

                lines = await anyio.to_thread.run_sync(in_child, OTHER, call)
                [line] = lines.splitlines()
                event = json.loads(line)
                assert (event["data"]["code"], event["session_id"]) == ("other_user", "")
                assert f"uid {OTHER}" in event["data"]["message"]
                assert room.hosts.present == []

    anyio.run(main)


@as_root
def test_another_user_cannot_even_connect() -> None:
    async def main() -> None:
        with shared_folder() as folder:
            async with open_room(folder) as room:

                def call() -> str:
                    with socket.socket(socket.AF_UNIX) as connected:
                        try:
                            connected.connect(room.path)
                        except PermissionError:
                            return "refused"
                    return "connected"

                assert await anyio.to_thread.run_sync(in_child, OTHER, call) == "refused"

    anyio.run(main)
