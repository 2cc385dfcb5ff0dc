"""bubblewrap is started first and told by a pipe what it shows: nothing runs before it knows all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.confinement import Confinement
from qwen_dual.sandbox.namespace import Namespace
from qwen_dual.tools.process import ProcessGroup
from tests.sandbox.support import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.sandbox.confine import Sandbox
    from tests.sandbox.support import Place


def told(place: Place, order: Callable[[bytes], bytes]) -> tuple[str, int]:
    """What a command comes to whose sandbox is told this in place of the whole order."""
    sandbox = place.sandbox("bwrap")
    if sandbox._bubblewrap is None or not sandbox._bubblewrap.waits_for_order:
        pytest.skip("this bubblewrap cannot keep a sandbox without its whole order from running")
    argv = ["/bin/sh", "-c", f"cat {place.home}/.netrc; echo ran > a.txt; echo ran"]
    made = sandbox.confine(argv, str(place.workspace), os.environ)
    whole = made.look
    made.look = lambda: order(whole())
    popen = made.start(
        lambda: subprocess.Popen(
            made.argv,
            env=made.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=made.descriptors,
        )
    )
    output, _ = popen.communicate(timeout=20)
    namespace = made.namespace()
    assert namespace is not None
    namespace.close()
    return output.decode(), popen.returncode


def test_the_whole_order_runs_the_command(place: Place) -> None:
    output, code = told(place, lambda order: order)
    assert (output, code) == ("ran\n", 0)
    assert (place.workspace / "a.txt").read_text() == "ran\n"


@pytest.mark.parametrize("part", ["none", "half a word", "half", "all but the secrets", "last"])
def test_told_a_part_of_it_nothing_runs(place: Place, part: str) -> None:
    def cut(order: bytes) -> bytes:
        assert order.count(b"\0--ro-bind\0") > 1
        first = order.index(os.fsencode(f"\0{place.home}"))
        at = {
            "none": 0,
            "half a word": len(order) - 5,
            "half": order.index(b"\0--", len(order) // 2) + 1,
            "all but the secrets": order.rindex(b"\0--", 0, first) + 1,
            "last": order.rindex(b"\0", 0, -1) + 1,
        }
        return order[: at[part]]

    output, code = told(place, cut)
    assert code != 0 and SECRET not in output and "ran" not in output.split()
    assert (place.workspace / "a.txt").read_text() == "a"


def test_what_cannot_be_looked_for_runs_nothing_and_is_no_longer_counted(place: Place) -> None:
    sandbox = place.sandbox("bwrap")

    def broken() -> list[str]:
        raise OSError(5, "no folder to be read")

    sandbox.readable = broken
    with pytest.raises(OSError, match="no folder to be read"):
        run(place, sandbox, "echo ran > a.txt")
    sandbox.readable = tuple
    assert (place.workspace / "a.txt").read_text() == "a"
    (place.workspace / ".envrc").write_text("before")  # seen, as it would not be beside another
    run(place, sandbox, "echo ran > a.txt; echo x > .envrc")
    assert (place.workspace / "a.txt").read_text() == "ran\n"
    assert (place.workspace / ".envrc").read_text() == "before"


def test_a_bubblewrap_that_cannot_wait_is_told_at_once(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    assert sandbox._bubblewrap is not None
    sandbox._bubblewrap._nested = ()
    assert run(place, sandbox, f"cat {place.home}/.ssh/id_rsa; echo ran > a.txt") == 0
    assert (place.workspace / "a.txt").read_text() == "ran\n"
    assert run(place, sandbox, f"grep -q . {place.home}/.netrc") != 0


def test_an_order_that_no_pipe_holds_arrives_whole() -> None:
    order = os.urandom(300_000)
    read, write = os.pipe()
    made = Confinement([], {}, (read,), order=write, look=lambda: order)
    count = f"import os, sys; print(len(open({read}, 'rb').read()))"
    popen = made.start(
        lambda: subprocess.Popen(
            [sys.executable, "-c", count], stdout=subprocess.PIPE, pass_fds=(read,)
        )
    )
    assert popen.communicate(timeout=20)[0] == b"300000\n"


def test_a_program_that_ends_without_its_order_holds_nothing_up() -> None:
    read, write = os.pipe()
    made = Confinement([], {}, (read,), order=write, look=lambda: bytes(300_000))
    assert made.start(lambda: subprocess.Popen(["false"], pass_fds=(read,))).wait(20) == 1


def test_a_number_that_has_become_another_processes_is_not_ended() -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        read, write = os.pipe()
        os.write(write, b'{ "child-pid": %d, "pid-namespace": 1 }\n' % other.pid)
        os.close(write)
        namespace = Namespace(read)
        assert not namespace.alive() and namespace.members() == []
        namespace.send(signal.SIGKILL)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.05)
        assert namespace.over()
    finally:
        other.kill()
        other.wait()


def run(place: Place, sandbox: Sandbox, command: str) -> int | None:
    group = ProcessGroup(["sh", "-c", command], str(place.workspace), os.environ, sandbox=sandbox)
    return group.pump(lambda _: None, lambda: None, None).returncode
