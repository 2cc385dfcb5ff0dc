"""The schema of an answer: read from the command line, and held against what a model says.

The schema is the person's own, the answer is not: it is looked at in a process of its own
(``schema_worker``), for so long and no longer.
"""

from __future__ import annotations

import os
import select
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.nesting import MAX_DEPTH, is_too_deep
from qwen_dual.runtime.process import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BYTES = 4 << 20
"""Of a schema."""

SECONDS = 5.0
"""How long one look may take."""

LOOK_SECONDS = 0.1
"""Between two looks at whether to go on waiting for a pipe."""

MISSING = (
    "--json-schema needs the package jsonschema, which is not installed here: "
    "pip install 'qwen-dual[schema]'"
)
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


class BadSchema(ValueError):
    """A schema that cannot be used; the text says why."""


class Schema:
    """A schema of objects.

    Args:
        text: as it is given on the command line: JSON, or ``@`` and a file of it.
        stopped: asked while a pipe has nothing: whether to leave it at that.

    Raises:
        BadSchema: it is none, or jsonschema is missing.
    """

    def __init__(self, text: str, stopped: Callable[[], bool] = lambda: False) -> None:
        self.document = _object_in(_text_of(text, stopped))
        try:
            done = subprocess.run(
                _command(),
                input=encode({"schema": self.document}),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                env=_environment(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BadSchema(_slow("it")) from None
        except OSError as error:
            raise BadSchema(f"--json-schema: it cannot be checked: {error.strerror}") from None
        _faults_in(done.stdout)

    async def faults(self, value: Any) -> list[str]:
        """What of ``value`` does not fit, for the model; empty where all does.

        Raises:
            BadSchema: the schema cannot be used, which not every value shows.
        """
        asked = encode({"schema": self.document, "value": value})
        with anyio.move_on_after(SECONDS):
            done = await anyio.run_process(
                _command(),
                input=asked,
                stderr=subprocess.DEVNULL,
                check=False,
                env=_environment(),
            )
            return _faults_in(done.stdout)
        return [_slow("the answer")]


def _command() -> list[str]:
    # By its path: importing it would import jsonschema here too.
    worker = os.path.join(os.path.dirname(__file__), "schema_worker.py")
    return [sys.executable, "-X", "utf8", "-I", "-W", "ignore", worker]


def _environment() -> Mapping[str, str]:
    given = environment()
    return {name: given[name] for name in _INHERITED if name in given}


def _faults_in(output: bytes) -> list[str]:
    try:
        told = decode(output)
    except NotJson:
        raise BadSchema("--json-schema: the program that checks it failed") from None
    if "missing" in told:
        raise BadSchema(MISSING)
    if "bad" in told:
        raise BadSchema(f"--json-schema: {told['bad']}")
    faults: list[str] = told["faults"]
    return faults


def _slow(what: str) -> str:
    return f"{what} could not be held against the schema within {SECONDS:g} s; make it simpler"


def _text_of(given: str, stopped: Callable[[], bool]) -> bytes:
    if not given.startswith("@"):
        return given.encode("utf-8", "surrogateescape")
    name = given[1:]
    try:
        # Not to wait for a writer that never comes; `<(…)` of a shell has one already.
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read(fd, stopped)
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadSchema(f"--json-schema: {name!r} cannot be read: {why}") from None


def _read(fd: int, stopped: Callable[[], bool]) -> bytes:
    waits = stat.S_ISFIFO(os.fstat(fd).st_mode)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    data = bytearray()
    while len(data) <= MAX_BYTES and not stopped():
        if waits and not poll.poll(LOOK_SECONDS * 1000):
            continue
        try:
            piece = os.read(fd, 1 << 16)
        except BlockingIOError:
            continue
        if not piece:
            return bytes(data)
        data += piece
    raise ValueError("stopped" if stopped() else f"it has more than {MAX_BYTES >> 20} MiB")


def _object_in(text: bytes) -> dict[str, Any]:
    try:
        document = decode(text)
    except NotJson as error:
        shown = text[:60].decode("utf-8", "replace")
        raise BadSchema(
            f"--json-schema takes a JSON Schema or @FILE; {shown!r} is no JSON ({error})"
        ) from None
    if not isinstance(document, dict) or document.get("type", "object") != "object":
        raise BadSchema('--json-schema: the schema has to be one of objects: {"type": "object", …}')
    if is_too_deep(document):
        raise BadSchema(f"--json-schema: it nests deeper than {MAX_DEPTH}")
    return {"type": "object", **document}
