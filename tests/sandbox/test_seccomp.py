"""System calls that are refused in a sandbox: the filter by itself, for machines of all kinds, and really tried."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import json
import os
import platform
import resource
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qwen_dual.runtime.sandboxing import describe
from qwen_dual.sandbox import seccomp
from qwen_dual.sandbox.seccomp import AARCH64, ALLOW, ARM, CALLERS, ERROR, I386, NUMBERS, X86_64

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwen_dual.sandbox.policy import Backend
    from tests.sandbox.support import Place

PYTHON = os.path.realpath(sys.executable)
PROGRAMS = {"x86_64": (X86_64, I386), "aarch64": (AARCH64, ARM)}
NEW_USER, THREAD = 0x10000000, 0x3D0F00
STI, LINUX, WINDOW_SIZE = 0x5412, 0x541C, 0x5413
VSOCK, ALG, PACKET, NETLINK = 40, 38, 17, 16

needs_filter = pytest.mark.skipif(
    not seccomp.program(), reason="system calls are not filtered here"
)


def judged(program: bytes, caller: int, call: int, *arguments: int) -> int:
    """What the kernel makes of a call: the filter run as ``man 2 seccomp`` says."""
    filled = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", call & 0xFFFFFFFF, caller, 0, *filled)
    lines = list(struct.iter_unpack("<HBBI", program))
    at = held = 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        if code == 0x20:
            held = int.from_bytes(data[value : value + 4], "little")
        elif code == 0x06:
            return int(value)
        else:
            passed = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += yes if passed else no


def callers() -> Iterator[tuple[bytes, int, dict[str, int]]]:
    for machine, kinds in PROGRAMS.items():
        for caller in kinds:
            column = CALLERS.index(caller)
            of = {name: row[column] for name, row in NUMBERS.items() if row[column] >= 0}
            yield seccomp.assembled(machine), caller, of
            yield seccomp.assembled(machine, beside=True), caller, of


def test_what_leads_out_is_refused_to_every_kind_of_program() -> None:
    for program, caller, of in callers():
        for names, error in ((seccomp.REFUSED, errno.EPERM), (seccomp.ABSENT, errno.ENOSYS)):
            for name in names:
                if name in of:
                    assert judged(program, caller, of[name]) == ERROR | error, (caller, name)


def test_only_usual_sockets_are_made() -> None:
    for program, caller, of in callers():
        for call in (of["socket"], of["socketpair"]):
            made = {n for n in range(64) if judged(program, caller, call, n) == ALLOW}
            assert made == {0, 1, 2, 10, NETLINK}
            # The kernel looks at the lower half only.
            high = 1 << 32
            assert judged(program, caller, call, high + VSOCK) == ERROR | errno.EAFNOSUPPORT
    x86 = seccomp.assembled("x86_64")
    assert judged(x86, I386, 102, 1) == ERROR | errno.EPERM  # of which family cannot be seen
    assert judged(x86, I386, 102, 3) == ALLOW  # connect


def test_no_namespaces_and_no_typing_for_the_person() -> None:
    for program, caller, of in callers():
        for call in (of["clone"], of["unshare"]):
            assert judged(program, caller, call, NEW_USER | 17) == ERROR | errno.EPERM
            assert judged(program, caller, call, THREAD) == ALLOW
        for request in (STI, LINUX, (1 << 32) + STI):
            assert judged(program, caller, of["ioctl"], 0, request) == ERROR | errno.EPERM
        assert judged(program, caller, of["ioctl"], 0, WINDOW_SIZE) == ALLOW


def test_everything_else_is_left() -> None:
    for program, caller, of in callers():
        left = {n for n in range(512) if judged(program, caller, n, 1) == ALLOW}
        beside = program in {seccomp.assembled(name, beside=True) for name in PROGRAMS}
        names = {
            "socketcall",
            *seccomp.REFUSED,
            *seccomp.ABSENT,
            *(seccomp.BESIDE if beside else ()),
        }
        assert left == set(range(512)) - {of[name] for name in names if name in of}


def test_a_command_without_namespaces_reaches_nothing_of_other_programs() -> None:
    for machine, kinds in PROGRAMS.items():
        program = seccomp.assembled(machine, beside=True)
        for caller in kinds:
            column = CALLERS.index(caller)
            for name in seccomp.BESIDE:
                if (number := NUMBERS[name][column]) >= 0:
                    assert judged(program, caller, number) == ERROR | errno.ENOSYS, name
            limits = NUMBERS["prlimit64"][column]
            new, above = 0x7000_0000, 1 << 40  # where new limits are told
            assert judged(program, caller, limits, 0, 7, new) == ALLOW
            assert judged(program, caller, limits, 1234, 7, 0, new) == ALLOW
            for pointer in (new, above):
                assert judged(program, caller, limits, 1234, 7, pointer) == ERROR | errno.EPERM


def test_numbers_of_other_programs_lead_nowhere() -> None:
    x86 = seccomp.assembled("x86_64")
    x32 = 0x40000000
    assert judged(x86, X86_64, x32 + 41, VSOCK) == ERROR | errno.ENOSYS
    assert judged(x86, X86_64, -1) == ALLOW  # a debugger has taken the call over
    for stranger in (AARCH64, ARM, 0xC00000F3, 0):
        assert judged(x86, stranger, 0) == ERROR | errno.ENOSYS
    assert seccomp.assembled("riscv64") == b"" == seccomp.assembled("aarch64_be")


def test_the_numbers_are_those_of_libseccomp() -> None:
    found = ctypes.util.find_library("seccomp")
    if found is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(found).seccomp_syscall_resolve_name_arch
    for name, row in NUMBERS.items():
        for caller, number in zip(CALLERS, row, strict=True):
            known = resolve(ctypes.c_uint32(caller), name.encode())
            if number >= 0:
                # An older one does not know the newest, and socketcall stands for two there.
                assert known == number or known < 0, name
            else:
                assert known < 0, name


def column() -> dict[str, int]:
    """Numbers of what no sandbox has."""
    of = CALLERS.index(PROGRAMS[platform.machine()][0])
    some = {*seccomp.BESIDE, "prlimit64"}
    return {name: row[of] for name, row in NUMBERS.items() if row[of] >= 0 and name not in some}


TRIED = """
import ctypes, errno, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def told(failed):
    return errno.errorcode[failed] if failed else "done"
def call(number, *arguments):
    ctypes.set_errno(0)
    came = libc.syscall(number, *map(ctypes.c_long, arguments))
    if came == 0 and number == of["clone"]:
        os._exit(0)
    return told(ctypes.get_errno() if came < 0 else 0)
def make(family):
    try:
        socket.socket(family, socket.SOCK_STREAM if family != 16 else socket.SOCK_RAW).close()
    except OSError as error:
        return told(error.errno)
    return "done"
of = json.loads(sys.argv[1])
found = {name: call(of[name], *[-1] * 5) for name in of if name not in ("clone", "unshare", "ioctl")}
for name in ("clone", "unshare"):
    found[name] = call(of[name], 0x10000000 | (17 if name == "clone" else 0), 0, 0, 0, 0)
for request in (0x5412, 0x541C):
    found["ioctl %x" % request] = call(of["ioctl"], 0, request, 0)
for family in (1, 2, 10, 16, 17, 38, 40):
    found[family] = make(family)
found["unshare, files"] = call(of["unshare"], 0x400)
with open("/proc/self/status") as status:
    found["mode"] = [line.split()[1] for line in status if line.startswith("Seccomp:")][0]
print(json.dumps(found))
"""


def expected() -> dict[str, str]:
    of = column()
    found: dict[str, str] = {name: "EPERM" for name in seccomp.REFUSED if name in of}
    found |= dict.fromkeys(seccomp.ABSENT, "ENOSYS")
    found |= dict.fromkeys(("socket", "socketpair", "17", "38", "40"), "EAFNOSUPPORT")
    found |= dict.fromkeys(("clone", "unshare", "ioctl 5412", "ioctl 541c"), "EPERM")
    found |= dict.fromkeys(("1", "2", "10", "16", "unshare, files"), "done")
    return found | {"mode": "2"}


def test_each_call_that_is_refused_really_is(place: Place, backend: Backend) -> None:
    if not seccomp.program():
        pytest.skip("system calls are not filtered here")
    sandbox = place.sandbox(backend)
    (place.workspace / "try.py").write_text(TRIED)
    numbers = json.dumps(column())
    result = place.run(sandbox, f"{PYTHON} try.py '{numbers}'")
    assert (
        json.loads(result.text[result.text.index("{") : result.text.rindex("}") + 1]) == expected()
    )
    assert "System calls: filtered" in describe(sandbox, ())


OTHERS = """
import ctypes, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_ssize_t
shared, queue, process = map(int, sys.argv[1:])
came = [libc.shmat(shared, None, 0), libc.shmctl(shared, 0, None), libc.msgctl(queue, 0, None)]
try:
    resource.prlimit(process, resource.RLIMIT_CPU, (1, 1))
except OSError:
    came.append("refused")
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.prlimit(0, resource.RLIMIT_CORE, (0, 0))
print("came:", *came)
"""


@needs_filter
def test_memory_queues_and_limits_of_other_programs_are_out_of_reach(
    place: Place, backend: Backend
) -> None:
    libc = ctypes.CDLL(None)
    shared, queue = libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600)
    if shared < 0 or queue < 0:
        pytest.skip("this kernel has no System V memory and queues")
    waiting = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (place.workspace / "try.py").write_text(OTHERS)
        sandbox = place.sandbox(backend)
        result = place.run(sandbox, f"{PYTHON} try.py {shared} {queue} {waiting.pid}")
        assert "came: -1 -1 -1 refused" in result.text
        before = resource.prlimit(waiting.pid, resource.RLIMIT_CPU)
        assert before == resource.getrlimit(resource.RLIMIT_CPU)
    finally:
        waiting.communicate(b"\n")
        assert libc.shmctl(shared, 0, None) == libc.msgctl(queue, 0, None) == 0


@needs_filter
def test_a_sandbox_that_waited_is_no_other(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    (place.workspace / "try.py").write_text(TRIED)
    env = dict(os.environ)
    sandbox.keep_ready(env)
    argv = [PYTHON, "try.py", json.dumps(column())]
    confined = sandbox.confine(argv, str(place.workspace), env)
    assert confined.spare is not None
    popen = confined.start(lambda: subprocess.Popen(argv))
    confined.namespace()
    output, _ = popen.communicate(timeout=20)
    assert json.loads(output) == expected()


def test_where_no_filter_can_be_had_it_is_told(
    place: Place, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seccomp, "program", lambda **_: b"")
    sandbox = place.sandbox(backend)
    assert "not filtered on this " in describe(sandbox, ())
    assert "on" in place.run(sandbox, "echo on").text


BY_INTERRUPT = """
import ctypes, mmap
code = bytes.fromhex("5389f889f387d1cd805bc3")  # eax, ebx, ecx, edx; int 0x80
held = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
held.write(code)
at = ctypes.addressof(ctypes.c_char.from_buffer(held))
call = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int] * 4)(at)
print("came:", call(20, 0, 0, 0) > 0, call(359, 40, 1, 0), call(288, 0, -3, 0), call(425, 1, 0, 0))
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other machines have no such calls")
def test_calls_of_programs_of_32_bits_are_no_way_round(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    (place.workspace / "try.py").write_text(BY_INTERRUPT)
    outside = subprocess.run([PYTHON, place.workspace / "try.py"], check=False, capture_output=True)
    if outside.returncode < 0:
        pytest.skip("this kernel runs no programs of 32 bits")
    refused = f"{-errno.EAFNOSUPPORT} {-errno.EPERM} {-errno.EPERM}"
    assert f"came: True {refused}" in place.run(sandbox, f"{PYTHON} try.py").text


WORKS = {
    "git": "git clone -q . $TMPDIR/clone && git -C $TMPDIR/clone log --oneline",
    "threads": f"{PYTHON} -c 'import threading as t; x = [t.Thread(target=print) for _ in range(9)];"
    " [y.start() for y in x]; [y.join() for y in x]'",
    "processes": f"{PYTHON} -c 'import multiprocessing as m; a, b = m.Pipe();"
    ' p = m.get_context("fork").Process(target=b.send, args=(7,)); p.start(); assert a.recv() == 7\'',
    "asyncio": f"{PYTHON} -c 'import asyncio as a; a.run(a.create_subprocess_exec(\"true\"))'",
    "venv": f"{PYTHON} -m venv --without-pip $TMPDIR/v && $TMPDIR/v/bin/python -c 1",
    "gcc": "echo 'int main(void) { return 0; }' > $TMPDIR/a.c && gcc -g -o $TMPDIR/a $TMPDIR/a.c && $TMPDIR/a",
    "node": 'node -e \'require("fs").readFile("/etc/passwd", e => {'
    ' if (e) throw e; require("child_process").execSync("true") })\'',
    "gdb": "gdb -batch -ex run /bin/true 2>&1 | grep 'exited normally'",
    "strace": "strace -f -o $TMPDIR/trace sh -c 'true | true' && grep -q exit_group $TMPDIR/trace",
}


@pytest.mark.parametrize("name", WORKS)
def test_what_a_project_needs_still_works(
    place: Place, backend: Backend, name: str, tmp_path: Path
) -> None:
    bare = {**os.environ, "TMPDIR": str(tmp_path)}
    outside = ["bash", "-c", WORKS[name]]
    if subprocess.run(outside, cwd=place.workspace, env=bare, check=False).returncode != 0:
        pytest.skip(f"{name} does not work here without a sandbox either")
    sandbox = place.sandbox(backend)
    given = "" if backend == "landlock" else "TMPDIR=/tmp; "
    result = place.run(sandbox, given + WORKS[name])
    assert not result.is_error, result.text
