"""What there is once in a process, however many sessions run in it.

Its environment and folder, its signals, its garbage collection, and what the system shows of it. Only
this module and ``cli`` touch them, which a test holds: whatever belongs to one session is in its
``Workspace``. Where log records go is ``debuglog``'s. Imports next to nothing: the start begins here.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

TYPE_CHECKING = False  # in place of an import of typing, which is a third of what comes before it
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Collection

# -- what it was started with ------------------------------------------------------------------


def environment() -> dict[str, str]:
    """The environment that the process was started with, keys and all; a copy.

    Folders that ``PATH`` names relative to the working one are left out: there whoever made that folder
    would say what ``less`` is.
    """
    found = dict(os.environ)
    if "PATH" in found:
        places = [it for it in found["PATH"].split(os.pathsep) if it.startswith(("/", "~/"))]
        found["PATH"] = os.pathsep.join(places) or os.defpath
    return found


def own_command() -> list[str]:
    """The words that start this program anew, in whatever folder: nothing of that is imported."""
    return [sys.executable, "-P", "-m", "qwen_dual"]


def folder() -> str:
    """The folder that it was started in.

    Raises:
        OSError: it is gone.
    """
    return os.getcwd()


def wipe(names: Collection[str]) -> bool:
    """Overwrites what the system shows of some variables in ``/proc``; whether it could.

    What a process was started with stays there whatever it makes of it, and is open to every process
    of the same user. A child that somebody starts with no environment of its own would get it from
    there too. Linux only.
    """
    if not names:
        return True
    from qwen_dual.fs.proc import stat_of

    try:
        with open("/proc/self/environ", "rb") as file:
            block = file.read()
    except OSError:
        return False
    stat = stat_of()
    start, end = stat.environment if stat is not None else (0, 0)
    if not start or len(block) > end - start:
        return False
    at = 0
    for entry in block.split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals and os.fsdecode(name) in names:
            _overwrite(start + at + len(name) + 1, len(value))
        at += len(entry) + 1
    return True


def _overwrite(address: int, size: int) -> None:
    """Puts ``x`` into the process's own memory; ctypes, slow to import, only where the file is closed."""
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(address)
            if memory.write(b"x" * size) == size:
                return
    except OSError:
        pass
    import ctypes

    ctypes.memset(address, ord("x"), size)


# -- signals -----------------------------------------------------------------------------------


def is_ignored(number: int) -> bool:
    """Whether whoever started the process has it ignore a signal, as ``nohup`` does SIGHUP."""
    return signal.getsignal(number) is signal.SIG_IGN


def interrupt_by_default() -> None:
    """Has Ctrl+C end the process as it ends any other, with no KeyboardInterrupt and no traceback.

    Until somebody handles it. One that comes up inside an import crashes orjson's.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def on_signal(
    loop: AbstractEventLoop, number: int, call: Callable[..., object], *arguments: object
) -> Callable[[], None]:
    """Turns a signal into a call on ``loop``; in the main thread.

    Returns:
        What puts the handler back that was there.
    """
    before = signal.getsignal(number)
    loop.add_signal_handler(number, call, *arguments)

    def put_back() -> None:
        loop.remove_signal_handler(number)
        if before is not None:
            signal.signal(number, before)

    return put_back


class TerminalFromBackground:
    """Within, changing a terminal's modes from the background does not stop the process."""

    def __enter__(self) -> None:
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})

    def __exit__(self, *error: object) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


# -- threads -----------------------------------------------------------------------------------

QUICK_SECONDS, USUAL_SECONDS = 0.0005, 0.005
"""How long a thread may keep the interpreter that another waits for; the latter is Python's own."""


def switch_threads(*, quickly: bool) -> None:
    """Says how soon the loop gets the interpreter while a thread imports what is needed next.

    It needs it for moments only, but each of them would wait that long, and a key takes several.
    """
    sys.setswitchinterval(QUICK_SECONDS if quickly else USUAL_SECONDS)


_ARENA_MAX = -8  # glibc's M_ARENA_MAX


def address_limit() -> int | None:
    """How many bytes of addresses the process may use (``ulimit -v``); None where that has no bound."""
    try:  # to load ``resource`` takes longer
        with open("/proc/self/limits", "rb", buffering=0) as file:
            told = file.read().partition(b"Max address space")[2].split()
    except OSError:
        told = []
    if told:
        return None if told[0] == b"unlimited" else int(told[0])
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def share_arena() -> None:
    """Has all threads take memory from one arena where the address space is limited (``ulimit -v``).

    glibc sets 64 MiB of addresses aside for each thread's own. Of a few hundred in all nothing was left
    then for whoever asked next, and Python itself ends when it has no memory to say so.
    """
    if address_limit() is None:
        return
    import ctypes

    try:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    except (OSError, AttributeError):
        pass  # another C library, which has no such arenas


# -- garbage -----------------------------------------------------------------------------------


def hold_collection() -> None:
    """Looks for no garbage until ``begin_collection``: imports leave none, and it takes 30 ms of a start."""
    gc.disable()


def begin_collection() -> None:
    """Looks for garbage from now on, and never among what is there already; once.

    What was loaded by now stays to the end. Looked at in each full collection, it held up keys and
    frames for 55 ms every few seconds while an answer streamed.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def end_collection() -> None:
    """Leaves alone what is there: all of it ends now, and looking through it is most of an exit."""
    gc.freeze()
