"""What can go wrong for a host, with the data to act on. Knows nothing of processes or channels."""

from __future__ import annotations

import signal as signals
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.host.records import Exit, Result


class HostError(Exception):
    """The base of all errors of this package."""


class SpawnFailed(HostError):
    """The program could not be started.

    Attributes:
        command: what was to be run.
        reason: why it could not.
    """

    def __init__(self, command: Sequence[str], reason: str) -> None:
        self.command = list(command)
        self.reason = reason
        super().__init__(f"{self.command[0] if command else 'command'} cannot be started: {reason}")


class ConnectFailed(HostError):
    """The socket of a session cannot be used.

    Attributes:
        path: the socket's.
        reason: why, for people.
        code: why, for programs, where the session says no: ``other_user``, ``bad_name``, ``no_right``,
            ``full`` …; empty where nobody answers.
    """

    def __init__(self, path: str, reason: str, code: str = "") -> None:
        self.path = path
        self.reason = reason
        self.code = code
        super().__init__(f"{path}: {reason}")


class HostTimeout(HostError, TimeoutError):
    """Something did not come in time; the session runs on.

    Attributes:
        what: what was waited for.
        seconds: for how long.
        state: what the session was doing then.
    """

    def __init__(self, what: str, seconds: float, state: str) -> None:
        self.what = what
        self.seconds = seconds
        self.state = state
        super().__init__(f"no {what} within {seconds:g} s (state: {state})")


class StartTimeout(HostTimeout):
    """The program runs and said no ``session_start``: it has no such channels, or is stuck.

    Attributes:
        last_lines: what its terminal showed last.
    """

    def __init__(self, seconds: float, last_lines: Sequence[str]) -> None:
        self.last_lines = list(last_lines)
        super().__init__("session_start", seconds, "starting")
        if self.last_lines:
            self.args = (f"{self.args[0]}; its terminal says: {' | '.join(self.last_lines)}",)


class SessionExited(HostError):
    """The program is gone, and with it what was asked of it.

    Attributes:
        exit: its status or signal; None where the channel ended and the program still ran.
        ended: ``session_end`` was the last event, so it ended in order.
        events: how many events came.
        last_event: ``type`` or ``type/subtype`` of the last one, empty if none came.
        last_lines: what its terminal showed last.
    """

    def __init__(
        self,
        exit: Exit | None,
        *,
        ended: bool,
        events: int,
        last_event: str,
        last_lines: Sequence[str],
    ) -> None:
        self.exit = exit
        self.ended = ended
        self.events = events
        self.last_event = last_event
        self.last_lines = list(last_lines)
        if exit is None:
            how = "closed its channel"
        elif exit.signal is not None:
            how = f"was killed by {_name(exit.signal)}"
        else:
            how = f"ended with status {'unknown' if exit.status is None else exit.status}"
        after = f"after {events} events, the last {last_event}" if events else "before any event"
        text = f"the program {how} {after}"
        if not ended and self.last_lines:
            text += f"; its terminal says: {' | '.join(self.last_lines)}"
        super().__init__(text)

    @property
    def status(self) -> int | None:
        """The exit status, None where a signal killed it or nobody knows."""
        return None if self.exit is None else self.exit.status

    @property
    def signal(self) -> int | None:
        """The number of the signal that killed it."""
        return None if self.exit is None else self.exit.signal


class CommandRejected(HostError):
    """The program took the command and said no.

    Attributes:
        command: the ``type`` of the command.
        code: why, for programs: ``busy``, ``empty``, ``unknown_request`` …
        message: why, for people.
    """

    def __init__(self, command: str, code: str, message: str) -> None:
        self.command = command
        self.code = code
        self.message = message
        super().__init__(f"{command} was rejected ({code}): {message}")

    @property
    def told(self) -> tuple[str, str, str]:
        """What it was made of."""
        return self.command, self.code, self.message


class VersionConflict(CommandRejected):
    """The person has typed since the draft was read; nothing has changed."""


class NotSupported(HostError):
    """The hosted program does not know the command or the field; nothing was sent.

    Attributes:
        what: the command or field.
        agent: the program.
    """

    def __init__(self, what: str, agent: str) -> None:
        self.what = what
        self.agent = agent
        super().__init__(f"{agent} does not support {what}; see session.supports()")


class TurnFailed(HostError):
    """``Result.raise_for_error`` found one.

    Attributes:
        result: the whole of it.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"the turn failed ({result.stop_reason}): {result.error or result.text}")


class NoSuchSession(HostError):
    """No running session is meant, or several may be.

    Attributes:
        wanted: what was asked for; None for the only one.
        sessions: the ids of those that may be meant, or else of those that run.
    """

    def __init__(self, wanted: str | None, sessions: Sequence[str], meant: int) -> None:
        self.wanted = wanted
        self.sessions = list(sessions)
        if not self.sessions:
            told = "no session runs"
        elif wanted is None:
            told = f"{len(self.sessions)} sessions run; say which: {self._listed}"
        elif meant:
            told = f"{wanted!r} may be several sessions: {self._listed}"
        else:
            told = f"no session {wanted!r} runs; there are {self._listed}"
        super().__init__(told)

    @property
    def _listed(self) -> str:
        more = ", …" if len(self.sessions) > 5 else ""
        return ", ".join(name[:8] for name in self.sessions[:5]) + more


class SendFailed(HostError):
    """A command could not be written to an input file.

    Attributes:
        path: the input file.
        reason: why.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot send to {path}: {reason}")


def _name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"
