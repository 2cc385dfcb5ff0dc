"""What becomes of a fault of ours: a line for the person, the end for the channels, the rest for a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.cli.stderr import tell

if TYPE_CHECKING:
    from qwen_dual.runtime.launch import Launch

FAILED = 70
"""The exit status of a session that ended by a fault of ours."""


class Beginning:
    """The start of one session, up to where that runs and tells of its faults itself.

    Attributes:
        launch: of the session, once the channels were told of it.
    """

    def __init__(self) -> None:
        self.launch: Launch | None = None

    def failed(self, error: Exception) -> int:
        """Tells of a fault; the exit status."""
        launch = self.launch
        if launch is None:
            from qwen_dual.runtime.debuglog import log_outside

            report_fault(error, log_outside("the start failed", error))
            return FAILED
        from logging import getLogger  # no first event waits for it

        from qwen_dual.protocol import events

        with launch.in_log():
            getLogger(__name__).error("the start failed", exc_info=error)
            launch.bus.publish(events.system("session_end", {"session_id": launch.session_id}))
        report_fault(error, launch.log_path)
        launch.abandon()
        return FAILED


def report_fault(error: BaseException, path: str) -> None:
    """Says on stderr what went wrong, and where the traceback is."""
    from qwen_dual.core.failures import describe

    tell(f"qwen-dual: internal error: {describe(error)}\nDetails: {path}")
