"""What a command in a sandbox can reach besides files: network, sockets, processes, keys."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox import landlock
from tests.tools.support import call

if TYPE_CHECKING:
    from qwen_dual.sandbox.policy import Backend
    from tests.sandbox.support import Place

PYTHON = os.path.realpath(sys.executable)
CONNECT = f"{PYTHON} -c \"import socket; socket.create_connection(('127.0.0.1', %d), 5)\""
ABSTRACT = f"{PYTHON} -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\0' + '%s')\""


@pytest.mark.parametrize(("network", "reached"), [("closed", False), ("open", True)])
def test_the_network_is_closed_unless_opened(place: Place, network: str, reached: bool) -> None:
    sandbox = place.sandbox("bwrap", network="open" if network == "open" else "closed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = place.run(sandbox, CONNECT % server.getsockname()[1])
    assert result.is_error is not reached
    if not reached:
        assert "kept the network from it" in result.text


def test_services_of_the_session_are_out_of_reach(place: Place, backend: Backend) -> None:
    if landlock.abi() < landlock.SCOPED_ABI:
        pytest.skip("abstract sockets need Landlock ABI 6 while the network is open")
    sandbox = place.sandbox(backend, network="open")
    name = f"qwen-dual-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        result = place.run(sandbox, ABSTRACT % name)
    assert result.is_error and "PermissionError" in result.text


def test_what_leads_to_an_agent_or_a_display_is_not_in_the_environment(
    place: Place, backend: Backend
) -> None:
    sandbox = place.sandbox(backend)
    env = {"SSH_AUTH_SOCK": "/x", "DISPLAY": ":0", "PATH": "/bin"}
    confined = sandbox.confine(["true"], "/", env)
    confined.start(lambda: subprocess.Popen(["true"])).wait()
    confined.close()
    assert confined.env["PATH"] == "/bin" and confined.env["QWEN_DUAL_SANDBOX"] == backend
    assert not {"SSH_AUTH_SOCK", "DISPLAY"} & set(confined.env)


def test_other_processes_are_out_of_reach(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    pid = os.getpid()
    for command in (
        f"cat /proc/{pid}/environ",
        f"ls /proc/{pid}/root/",
        f"cat /proc/{pid}/maps",
        f"head -c 1 /proc/{pid}/mem",
    ):
        assert place.run(sandbox, command).is_error, command
    if backend == "bwrap" or landlock.abi() >= landlock.SCOPED_ABI:
        assert place.run(sandbox, f"kill -0 {pid}").is_error


def test_there_is_no_terminal_and_no_device(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    command = "(: </dev/tty) 2>/dev/null || echo no; echo x > /dev/null && ls /dev/pts 2>&1; true"
    first, *listed = place.run(sandbox, command).text.split()
    assert first == "no" and not any(word.isdigit() for word in listed)


def test_the_kernel_is_set_up_by_nobody(place: Place, backend: Backend) -> None:
    # Opened and not written to: where it could be, it would hold for the whole machine.
    command = "exec 3<> /proc/sys/kernel/core_pattern"
    result = place.run(place.sandbox(backend), f"cat /proc/sys/kernel/core_pattern; {command}")
    assert result.is_error and "core_pattern: " in result.text
    held = "find /proc/sys /proc/irq /proc/bus /proc/fs -type f -writable 2>/dev/null"
    assert (
        "/proc/"
        not in place.run(place.sandbox(backend), f"{held} | head -3").text.partition("Output:")[2]
    )


def test_a_namespace_of_its_own_gets_nothing_back(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    before = (place.workspace / ".git/config").read_text()
    place.run(
        sandbox,
        "unshare -Urm sh -c 'umount .git; umount -l .; mount -o remount,rw .git; "
        "mount -t tmpfs t /mnt; echo x > .git/config'",
    )
    assert (place.workspace / ".git/config").read_text() == before


def test_privileges_cannot_be_gained(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    found = place.run(sandbox, "grep -E 'CapEff|CapPrm|NoNewPrivs' /proc/self/status").text
    assert found.split() == ["CapPrm:", "0" * 16, "CapEff:", "0" * 16, "NoNewPrivs:", "1"]


def test_leaving_needs_a_reason_and_then_runs_outside(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    tools = place.tools(sandbox)
    outside = place.folder / "outside"
    asked = {"command": f"touch {outside}", "outside_sandbox": True, "reason": "it is needed"}
    assert not call(tools, "run_shell_command", **asked).is_error
    assert outside.exists()
