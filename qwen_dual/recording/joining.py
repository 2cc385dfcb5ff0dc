"""Keeps the events of a session that runs elsewhere, from what it still has of them on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.reasons import reason
from qwen_dual.host.attaching import attach
from qwen_dual.host.errors import SessionExited
from qwen_dual.host.event import LOCAL
from qwen_dual.protocol.codec import encode
from qwen_dual.recording.event_log import EventLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.recording.folder import NewRecording


async def record_running(
    wanted: str | None,
    make: Callable[[], NewRecording],
    *,
    env: Mapping[str, str],
    max_bytes: int = 0,
    begun: Callable[[str], object] = lambda session_id: None,
) -> str:
    """Records until the session ends, or until it is cancelled; why it stopped, empty for the session's end.

    Args:
        wanted: the session's id, how that begins, or its process; None for the only one that runs.
        make: makes the recording, once the session has let this host in.
        env: where running sessions are looked for.
        max_bytes: at this size it ends; 0 for no bound.
        begun: told the session's id when it begins.

    Raises:
        HostError: there is no such session, or it does not let this host in.
        RecordingError: the recording cannot be made.
    """
    async with attach(wanted, name="record", rights=["observe"], from_seq=1, env=env) as session:
        recording = make()
        log = EventLog(recording.events_fd, recording.index_fd)
        about: dict[str, Any] = {"session_id": session.session_id, "started_at": time.time()}
        about |= {"agent": session.greeting.agent, "attached": True}
        recording.describe(about)
        begun(session.session_id)
        began, stopped = time.monotonic(), ""
        try:
            async for event in session:
                if event.type != LOCAL:
                    log.take(time.monotonic() - began, encode(event.raw))
                if max_bytes and log.written >= max_bytes:
                    stopped = f"it reached its bound of {max_bytes:,} bytes"
                    break
        except SessionExited:
            stopped = "the session went without an end"
        except OSError as error:
            stopped = reason(error)
        finally:
            about |= {"ended_at": time.time(), "seconds": round(time.monotonic() - began, 6)}
            about |= {"lost_events": log.lost} if log.lost else {}
            about |= {"stopped_why": stopped} if stopped else {}
            log.close()
            recording.describe(about)
        return stopped
