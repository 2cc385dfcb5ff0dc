"""Two hosts with different rights on the socket of a real session, and what the person sees of them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.socket_file import SocketFile
from tests.support.program import COMMAND, ROOT, Program
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RIGHTS = {
    "zed": ["observe", "approve", "submit", "control"],
    "phone": ["observe", "approve"],
}


class Caller:
    """A host in a few lines, as any program can be one."""

    def __init__(self, path: str, **hello: Any) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._lines = self._socket.makefile()
        self.send(type="hello", **hello)

    def send(self, **line: Any) -> None:
        self._socket.sendall(json.dumps(line).encode() + b"\n")

    def until(self, word: str) -> dict[str, Any]:
        """The next event of a type or a subtype."""
        for line in self._lines:
            event: dict[str, Any] = json.loads(line)
            if word in (event["type"], event.get("subtype")):
                return event
        raise EOFError(word)

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture(params=[80, 30])
def cols(request: pytest.FixtureRequest) -> int:
    """How wide the window is."""
    width: int = request.param
    return width


@pytest.fixture
def program(cols: int, tmp_path: Path) -> Iterator[Program]:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"dualOutput": {"rights": RIGHTS}}))
    arguments = ["--offline", "--socket", str(tmp_path / "s")]
    with Program(tmp_path, arguments, cols=cols) as made:
        yield made


def test_hosts_share_a_session_by_name(program: Program, cols: int, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    program.ready()
    zed, phone = Caller(path, name="zed"), Caller(path, name="phone", rights=["approve", "observe"])
    assert zed.until("session_start")["data"]["host"]["rights"] == RIGHTS["zed"]
    zed.send(type="submit", text="run touch made")
    request = phone.until("control_request")
    phone.send(type="submit", text="/approval-mode yolo", id="1")
    assert phone.until("command_receipt")["data"]["code"] == "no_right"
    phone.send(type="confirmation_response", request_id=request["request_id"], allowed=True)
    assert zed.until("control_response")["response"]["resolved_by"] == "host:phone"
    zed.until("result")
    program.terminal.wait_for("⇄ zed")
    program.terminal.wait_for("⇄ phone allowed")
    wide = cols > 60
    program.terminal.wait_for("⇄ file, zed, phone" if wide else "⇄ 3")
    phone.close()
    assert [each["name"] for each in zed.until("hosts_changed")["data"]["hosts"]] == ["file", "zed"]
    zed.send(type="submit", text="/clear")
    assert zed.until("session_changed")
    zed.send(type="submit", text="/channels")
    assert path in zed.until("notice")["data"]["text"]
    assert (program.work / "made").exists()
    zed.send(type="submit", text="/quit")
    assert zed.until("session_end")
    assert program.terminal.wait_exit() == 0
    assert not os.path.exists(path)
    zed.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["-p", "run until [ -e go ]; do sleep 0.02; done", "--yolo"],
        ["--input-format", "stream-json", "--output-format", "stream-json"],
    ],
    ids=["a prompt", "lines on stdin"],
)
def test_a_run_without_a_screen_has_hosts_too(tmp_path: Path, arguments: list[str]) -> None:
    path, home = str(tmp_path / "s"), {"HOME": str(tmp_path), "QWEN_HOME": str(tmp_path / "home")}
    command = [*COMMAND, "--offline", "--socket", path, *arguments]
    (tmp_path / "home").mkdir()
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, **home, "PYTHONPATH": ROOT},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        wait_until(lambda: os.path.exists(path))
        host = Caller(path, name="zed", from_seq=1)
        process.stdin.write(b'{"type":"user","message":{"role":"user","content":"hello"}}\n')
        process.stdin.close()
        assert host.until("user")["message"]["content"][0]["text"]
        (tmp_path / "go").touch()
        assert host.until("result")["is_error"] is False
        assert host.until("session_end")
        host.close()
    assert process.returncode == 0 and not os.path.exists(path)


def test_a_socket_that_cannot_be_had_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ChannelError):
        SocketFile(str(tmp_path / "s"))
    with Program(tmp_path, ["--offline", "--socket", str(tmp_path / "s")]) as program:
        program.terminal.wait_for("is there already and is no socket")
        assert program.quit() == 0
    assert (tmp_path / "s").read_text() == "precious"
