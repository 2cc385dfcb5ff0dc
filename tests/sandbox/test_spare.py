"""The sandbox that waits for the next command is used only where a new one would be the same."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.spare import LEAST, MOST
from qwen_dual.tools.process import ProcessGroup
from tests.sandbox.support import SECRET
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from qwen_dual.core.tools.ports import Ending
    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.sandbox.policy import Network
    from qwen_dual.sandbox.spare import Spare
    from tests.sandbox.support import Place

ODD = {"BASH_FUNC_odd%%": "() { echo odd; }", "IFS": ",", "a.b": "c'\n\"d", "PLAIN": "\udc81é—'"}
TOLD_BY_SHELLS = {b"PWD", b"OLDPWD", b"SHLVL", b"_", b"QWEN_DUAL_COMMAND"}
STATE = (
    "pwd; umask; cat /proc/self/cmdline; grep -E '^(Cap|NoNew|Seccomp|Sig|Uid|Gid|Groups)' "
    "/proc/self/status; cut -d' ' -f4-7,9- /proc/self/mountinfo | sed 's/master:[0-9]*//'; "
    "ls /proc/self/fd; readlink /proc/self/fd/0; echo $$; ulimit -a; env -0"
)


def execute(
    place: Place,
    sandbox: Sandbox,
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> tuple[bytes, Ending]:
    """What a program comes to in the sandbox."""
    output: list[bytes] = []
    given = os.environ if env is None else env
    group = ProcessGroup(argv, str(cwd or place.workspace), given, sandbox=sandbox)
    ending = group.pump(output.append, lambda: None, None)
    return b"".join(output), ending


def waiting(sandbox: Sandbox) -> Spare | None:
    return next(iter(sandbox._spares._waiting), None)


def get_ready(place: Place, sandbox: Sandbox, env: Mapping[str, str] | None = None) -> Spare:
    """One that waits; no other does, until commands come at once."""
    sandbox._spares._wanted = 1
    execute(place, sandbox, ["true"], env)
    sandbox.look_again()
    sandbox.keep_ready()
    spare = waiting(sandbox)
    assert spare is not None and spare.fresh(sandbox._view())
    return spare


@pytest.mark.parametrize("network", ["closed", "open"])
def test_a_command_finds_in_it_what_it_finds_in_a_new_one(place: Place, network: Network) -> None:
    sandbox = place.sandbox("bwrap", network=network)
    env = {**os.environ, **ODD}
    argv = ["bash", "--norc", "-c", STATE]
    new, _ = execute(place, sandbox, argv, env)
    get_ready(place, sandbox, env)
    ready, _ = execute(place, sandbox, argv, env)
    assert waiting(sandbox) is None
    assert told(ready) == told(new) and b"BASH_FUNC_odd%%=() {  echo odd" in ready


def told(output: bytes) -> list[bytes]:
    state, *variables = output.split(b"\0")
    kept = [line for line in variables if line.partition(b"=")[0] not in TOLD_BY_SHELLS]
    return [state, *sorted(kept)]


def test_each_byte_of_a_command_arrives(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    text = os.fsdecode(bytes(range(1, 256)) + "€\u0081’".encode())
    arguments = [text, "", "'", "}", "\n}\n", "$(echo no)", "\\", "-n"]
    get_ready(place, sandbox)
    printed, _ = execute(place, sandbox, ["printf", "%s\\0", *arguments])
    assert waiting(sandbox) is None
    assert os.fsdecode(printed).split("\0")[:-1] == arguments


@pytest.mark.parametrize(
    ("command", "code"), [("exit 3", 3), ("kill -9 $$", -9), ("kill -TERM $$", -15)]
)
def test_it_ends_as_the_command_does(place: Place, command: str, code: int) -> None:
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    _, ending = execute(place, sandbox, ["sh", "-c", command])
    assert (ending.returncode, ending.began) == (code, True)


def replaced(place: Place) -> None:
    os.rename(place.workspace / ".git", place.folder / "git")
    os.mkdir(place.workspace / ".git")
    (place.workspace / ".git/config").write_text("before")


def linked_anew(place: Place) -> None:
    path = place.workspace / ".envrc"
    os.link(path, place.folder / "other")
    path.unlink()
    os.link(place.folder / "other", path)


def made(place: Place) -> None:
    (place.workspace / ".npmrc").write_text("before")


def nested(place: Place) -> None:
    os.rename(place.workspace / "sub", place.workspace / "moved")
    os.mkdir(place.workspace / "sub")
    (place.workspace / "sub/.envrc").write_text("before")


CHANGES = [
    (replaced, ".git/config"),
    (linked_anew, ".envrc"),
    (made, ".npmrc"),
    (nested, "sub/.envrc"),
]


@pytest.mark.parametrize(("change", "name"), CHANGES)
def test_what_came_after_it_was_set_up_is_protected(
    place: Place, change: Callable[[Place], None], name: str
) -> None:
    (place.workspace / "sub").mkdir()
    (place.workspace / "sub/.envrc").write_text("before")
    (place.workspace / ".envrc").write_text("before")
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    change(place)
    before = (place.workspace / name).read_text()
    _, ending = execute(place, sandbox, ["sh", "-c", f"echo x > {name}"])
    assert ending.returncode and (place.workspace / name).read_text() == before


def test_a_secret_that_came_after_it_was_set_up_is_hidden(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    (place.home / ".kube").mkdir()
    (place.home / ".kube/config").write_text(SECRET)
    (place.home / ".netrc").unlink()
    (place.home / ".netrc").write_text(SECRET)
    seen, _ = execute(place, sandbox, ["cat", f"{place.home}/.kube/config", f"{place.home}/.netrc"])
    assert SECRET not in seen.decode()


def test_it_waits_on_for_a_command_that_it_cannot_become(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    spare = get_ready(place, sandbox)
    printed, _ = execute(place, sandbox, ["printenv", "OTHER"], {**os.environ, "OTHER": "x"})
    assert printed == b"x\n" and waiting(sandbox) is spare
    long = execute(place, sandbox, ["sh", "-c", f": {'x' * 100_000}; echo long"])[0]
    assert long == b"long\n" and waiting(sandbox) is spare


def test_a_command_with_a_zero_byte_is_refused_as_without_one(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    with pytest.raises(ValueError, match="null byte"):
        execute(place, sandbox, ["sh", "-c", "echo ran > r\0.txt"])
    assert list(place.workspace.glob("r*.txt")) == []


def test_one_that_would_not_be_used_is_replaced(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    spare = get_ready(place, sandbox)
    sandbox.keep_ready({**os.environ, "QWEN_DUAL_X": "1"})
    assert waiting(sandbox) is spare
    made(place)
    sandbox.keep_ready()
    after = waiting(sandbox)
    assert after is not None and after is not spare
    wait_until(lambda: not spare.namespace.alive(), "its end")
    sandbox.keep_ready({**os.environ, "OTHER": "x"})
    assert waiting(sandbox) not in (None, after)
    env = {**os.environ, "OTHER": "x", "QWEN_DUAL_X": "2"}
    printed, _ = execute(place, sandbox, ["printenv", "OTHER", "QWEN_DUAL_X"], env)
    assert printed == b"x\n2\n" and waiting(sandbox) is None


def test_one_that_was_ended_is_no_loss(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    spare = get_ready(place, sandbox)
    spare.namespace.send(signal.SIGKILL)
    wait_until(lambda: not spare.namespace.alive(), "its end")
    assert execute(place, sandbox, ["echo", "on"])[0] == b"on\n"


def test_nothing_waits_once_the_sandbox_is_closed(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    spare = get_ready(place, sandbox)
    assert spare.namespace.members()
    sandbox.close()
    wait_until(lambda: not spare.namespace.alive(), "its end")
    sandbox.keep_ready()
    assert waiting(sandbox) is None


def test_the_order_of_a_program_that_dies_is_not_run_in_part(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    spare = get_ready(place, sandbox)
    order = spare._order(["sh", "-c", "echo ran > a.txt; true"], str(place.workspace), spare._env)
    pipe = spare._popen.stdin
    assert pipe is not None and order
    os.write(pipe.fileno(), order[: order.index(b"a.txt") + 5])
    pipe.close()
    spare._popen.wait(20)
    assert (place.workspace / "a.txt").read_text() == "a"


def test_for_commands_that_came_at_once_as_many_wait_the_next_time(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    assert count_at_once(place, sandbox, 3) == 1
    sandbox.keep_ready()
    assert len(sandbox._spares._waiting) == 3
    assert count_at_once(place, sandbox, 3) == 3
    assert count_at_once(place, sandbox, MOST + 2) == 0
    sandbox.keep_ready()
    assert len(sandbox._spares._waiting) == MOST
    members = [spare.namespace for spare in sandbox._spares._waiting]
    sandbox.close()
    wait_until(lambda: not any(each.alive() for each in members), "their end")


def test_commands_one_after_the_other_leave_the_least_waiting(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    for _ in range(3):
        execute(place, sandbox, ["true"])
        sandbox.keep_ready()
        assert len(sandbox._spares._waiting) == LEAST
    assert (
        count_at_once(place, sandbox, LEAST) == LEAST
    )  # the first that come at once wait for none


@pytest.mark.parametrize("name", ["sub", "-a b'\n€", "link"])
@pytest.mark.parametrize("before", [None, "/x y"])
def test_it_becomes_a_command_of_another_folder(
    place: Place, name: str, before: str | None
) -> None:
    (place.workspace / "sub").mkdir()
    (place.workspace / "link").symlink_to("sub")
    folder = place.workspace / name
    folder.mkdir(exist_ok=True)
    env = {key: value for key, value in os.environ.items() if key != "OLDPWD"}
    env |= {} if before is None else {"OLDPWD": before}
    sandbox = place.sandbox("bwrap")
    new, _ = execute(place, sandbox, ["env", "-0"], env, folder)
    get_ready(place, sandbox, env)
    ready, _ = execute(place, sandbox, ["env", "-0"], env, folder)
    assert waiting(sandbox) is None
    own = (b"SHLVL=", b"_=", b"QWEN_DUAL_COMMAND=")
    assert sorted(line for line in ready.split(b"\0") if not line.startswith(own)) == sorted(
        line for line in new.split(b"\0") if not line.startswith(own)
    )
    get_ready(place, sandbox, env)
    there, _ = execute(place, sandbox, ["readlink", "/proc/self/cwd"], env, folder)
    assert there == os.fsencode(f"{folder.resolve()}\n")


def test_a_command_of_a_folder_that_is_gone_does_not_run(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    gone = place.workspace / "gone"
    printed, ending = execute(place, sandbox, ["echo", "it was run"], cwd=gone)
    assert ending.returncode != 0 and b"it was run" not in printed


def test_each_of_those_that_wait_sees_no_process_and_no_network_of_the_others(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    get_ready(place, sandbox)
    count_at_once(place, sandbox, 2)
    sandbox.keep_ready()
    show = [
        "sh",
        "-c",
        "readlink /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/ipc; ls /proc/self/fd; ls -d /proc/[0-9]*",
    ]
    seen = [execute(place, sandbox, show)[0].split() for _ in range(2)]
    assert sandbox._spares._waiting == []
    first, second = (lines[:3] for lines in seen)
    assert not set(first) & set(second)
    new = execute(place, sandbox, show)[0].split()
    assert [len(lines) for lines in seen] == [len(new)] * 2


def count_at_once(place: Place, sandbox: Sandbox, commands: int) -> int:
    """Runs so many at the same moment; how many of them had one waiting."""
    before = len(sandbox._spares._waiting)
    groups = [
        ProcessGroup(["sleep", "60"], str(place.workspace), os.environ, sandbox=sandbox)
        for _ in range(commands)
    ]
    used = before - len(sandbox._spares._waiting)
    for group in groups:
        group.send(signal.SIGKILL)
        group.pump(lambda _: None, lambda: None, None)
    return used
