"""The commands of a host to the draft of a front end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.core.actor import Actor
from qwen_dual.core.commands.draft_commands import DraftCommands, SharedDraft
from qwen_dual.frontends.tui.shared_draft import SharedEditor
from qwen_dual.protocol.commands import parse_command

if TYPE_CHECKING:
    from collections.abc import Callable

    import anyio

    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event
    from tests.tui.support import FakeSession


ZED = Actor("host", "zed")


class Services:
    """Begins what is spawned."""

    def __init__(self) -> None:
        self.spawned = 0
        self.group: anyio.abc.TaskGroup | None = None

    def spawn(self, work: Callable[[], Any]) -> None:
        self.spawned += 1
        if self.group is not None:
            self.group.start_soon(work)


class Channel:
    """A host's commands to the draft of a front end, and what it was told."""

    def __init__(self, session: FakeSession, controller: Any) -> None:
        self.told: list[dict[str, Any]] = []
        self.receipts: list[dict[str, Any]] = []
        self.public: list[str] = []
        self.services = Services()
        draft = SharedDraft()
        draft.decide(SharedEditor(controller))
        extra = {
            "draft": draft,
            "services": self.services,
            "publish": session.bus.publish,
        }
        for name, value in extra.items():
            setattr(session, name, value)
        session.bus.subscribe(self._public, name="all")
        self._commands = DraftCommands(cast("Session", session), ZED, self._take)
        self._ids = 0

    def _public(self, event: Event) -> None:
        self.public.append(str(event.get("subtype") or event["type"]))

    def _take(self, event: Event) -> None:
        if event["subtype"] == "command_receipt":  # as frequent as keys: for nobody else
            assert event["data"]["host"] == str(ZED)
            self.receipts.append(event["data"])
        else:
            assert event["subtype"] == "draft"
            self.told.append(event["data"])

    def send(self, kind: str, **fields: Any) -> dict[str, Any]:
        self._ids += 1
        line = {"type": kind, "id": f"d{self._ids}", **fields}
        self._commands.carry_out(cast("Any", parse_command(json.dumps(line).encode())))
        return self.receipts[-1]

    def get(self) -> dict[str, Any]:
        assert self.send("get_draft")["status"] == "accepted"
        return self.told[-1]

    def set(self, text: str, cursor: int | None = None, version: int | None = None) -> str:
        version = self.get()["version"] if version is None else version
        more = {} if cursor is None else {"cursor": cursor}
        receipt = self.send("set_draft", text=text, if_version=version, **more)
        return str(receipt.get("code") or receipt["status"])

    def close(self) -> None:
        self._commands.close()
