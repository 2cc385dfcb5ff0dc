"""Processes of this machine, for the tools: confined or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from qwen_dual.core.tools.ports import Process
    from qwen_dual.sandbox.confine import Sandbox


class LocalProcesses:
    """``core.tools.ports.Processes`` for this machine.

    Args:
        sandbox: what all of them are confined by; nothing unless given.
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self._sandbox = sandbox

    def start(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        stdin: BinaryIO | bytes | None = None,
        errors: Callable[[bytes], object] | None = None,
    ) -> Process:
        """Starts a command; raises as the port says."""
        # Imported here since the start of a session begins no process.
        from qwen_dual.tools.process import ProcessGroup

        if stdin is None:
            return ProcessGroup(argv, cwd, env, sandbox=self._sandbox, errors=errors)
        if not isinstance(stdin, bytes):
            try:
                descriptor = stdin.fileno()
            except OSError:  # it is in memory only
                stdin = stdin.read()
            else:
                return ProcessGroup(argv, cwd, env, descriptor, self._sandbox, errors)
        from tempfile import TemporaryFile

        with TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            return ProcessGroup(argv, cwd, env, source.fileno(), self._sandbox, errors)


def warm_up() -> None:
    """Imports what the first process would wait for."""
    from qwen_dual.tools import process  # noqa: F401
