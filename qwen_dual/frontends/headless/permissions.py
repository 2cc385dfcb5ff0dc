"""Asks the program at the other end of stdin whether a call may run, and takes its answers.

One ``can_use_tool`` for each request of the session. An answer that cannot be used, a failure of the
other side and its end all count as no. What another has decided meanwhile (an interrupt, a rule, a host
on a channel) is told by ``control_cancel_request``.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.frontends.headless.lines import LINE_BYTES, shorten
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.control import permission_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwen_dual.core.actor import Actor
    from qwen_dual.protocol.control import ControlResponse
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle

INPUT_BYTES = 56_000
"""What the input of a call may have in a request; longer ones are cut, and kept whole in a file."""

CLOSED = "The program that decides what may run has left."

TOO_LARGE = "The input is too large to be shown to the program that decides."
NOT_SEEN = f"{TOO_LARGE} It was allowed without having been read whole. Do it in smaller pieces."


class _Asked(Struct):
    """A request that is out.

    Attributes:
        shown: the input as it was sent.
        cut: what texts of the input were cut to.
        path: where the whole input is, if it was cut.
    """

    shown: dict[str, Any]
    cut: frozenset[str]
    path: str = ""


class HostPermissions:
    """The requests of one session.

    Args:
        session: what asks.
        send: takes messages for the other side.
        by: who answers.
    """

    def __init__(self, session: SessionHandle, send: Callable[[Event], object], by: Actor) -> None:
        self._handle = session
        self._send = send
        self._by = by
        self._asked: dict[str, _Asked] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def _session(self) -> SessionHandle:
        """The one that goes on, after ``/clear`` too."""
        return self._handle.latest

    def ask(self, event: Event) -> None:
        """Sends a ``control_request`` of the session on."""
        request_id, request = event["request_id"], event["request"]
        shown, cut = shorten(request["input"], INPUT_BYTES)
        asked = _Asked(shown, cut)
        wire = {
            "subtype": "can_use_tool",
            "tool_name": request["tool_name"],
            "tool_use_id": request["tool_use_id"],
            "input": shown,
            "permission_suggestions": request["permission_suggestions"],
            "blocked_path": request["blocked_path"],
        }
        if cut:
            try:
                asked.path = self._keep_whole(request_id, request["input"])
            except OSError as error:
                self._deny(request_id, f"{TOO_LARGE} It could not be kept: {error.strerror}.")
                return
            whole = {
                "type": "modify",
                "label": "The whole input",
                "description": f"The input is cut. All of it is JSON in {asked.path}, until this is "
                "answered. To allow it, return that as updatedInput.",
            }
            wire["permission_suggestions"] = [*(wire["permission_suggestions"] or ()), whole]
        extra = {key: request[key] for key in ("preview", "rules") if request.get(key)}
        message = {"type": "control_request", "request_id": request_id, "request": wire}
        message["session_id"] = event["session_id"]
        if (agent := event.get("parent_tool_use_id")) is not None:
            message["parent_tool_use_id"] = agent
        fuller = {**message, "request": {**wire, **extra}}
        if len(encode(fuller)) <= LINE_BYTES:
            message = fuller
        self._asked[request_id] = asked
        self._send(message)

    def answered(self, response: ControlResponse) -> None:
        """Takes an answer; one to a request that is not out is told to be that."""
        asked = self._pop(response.request_id)
        if asked is None:
            self._session.answer(response.request_id, Decision(False, self._by))
            return
        if response.error:
            self._deny(response.request_id, f"the program that decides failed: {response.error}")
            return
        try:
            answer = permission_answer(response.response)
        except ValueError as error:
            why = f"the answer of the program that decides cannot be used: {error}"
            self._deny(response.request_id, why)
            return
        if answer.behavior == "deny":
            self._deny(response.request_id, answer.message, stop=answer.interrupt)
            return
        updated = answer.updatedInput
        if asked.cut and (updated is None or not asked.cut.isdisjoint(_texts(updated))):
            self._deny(response.request_id, NOT_SEEN)
            return
        if updated == asked.shown:
            updated = None
        self._session.answer(response.request_id, Decision(True, self._by, updated_input=updated))

    def resolved(self, request_id: str) -> None:
        """Somebody else has answered a request: the other side need not."""
        if self._pop(request_id) is not None:
            self._send(
                {
                    "type": "control_cancel_request",
                    "request_id": request_id,
                    "session_id": self._session.id,
                }
            )

    def close(self) -> None:
        """Nobody can answer any more: what is out is denied."""
        for request_id in tuple(self._asked):
            self._pop(request_id)
            self._deny(request_id, CLOSED)
        self._forget_folder()

    def _forget_folder(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _deny(self, request_id: str, message: str | None, *, stop: bool = False) -> None:
        self._session.answer(request_id, Decision(False, self._by, message=message, stop=stop))

    def _pop(self, request_id: str) -> _Asked | None:
        asked = self._asked.pop(request_id, None)
        if asked is not None and asked.path:
            with suppress(OSError):  # a command, or who cleans up, may have been there
                os.unlink(asked.path)
        return asked

    def _keep_whole(self, request_id: str, value: dict[str, Any]) -> str:
        """The path of a file, private to this user, with the whole input."""
        if self._folder is not None and not os.path.isdir(self._folder.name):
            self._forget_folder()
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="qwen-dual-", ignore_cleanup_errors=True
            )
        path = os.path.join(self._folder.name, f"{request_id}.json")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(path, flags, 0o600), "wb") as file:
            file.write(encode(value))
        return path


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
