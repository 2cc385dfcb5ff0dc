"""Which commands were taken, by their ids, so that none is carried out twice: nor after the program died.

An id counts within the name of the host that sent it. What stands on the disk is the store's affair; what
is known of this run of the program is kept here, and needs no disk.
"""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from qwen_dual.protocol.command_shapes import LASTING
from qwen_dual.protocol.receipts import is_not_run, submitted_by

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event

LIMIT = 100_000
"""Ids that are known, the last ones of each host."""


class Known(Struct, frozen=True):
    """What became of a command that was sent before.

    Attributes:
        outcome: ``done``, ``interrupted`` (the program died between its beginning and its end),
            ``rejected`` or ``refused``; of this run ``queued`` and ``running`` too. Empty where nobody
            knows.
        result: the ``result`` of its turn, without the envelope; None where it had none.
        code: why it was rejected.
        message: the same for people.
    """

    outcome: str = ""
    result: Mapping[str, Any] | None = None
    code: str | None = None
    message: str | None = None


class CommandStore(Protocol):
    """What of commands stands on the disk."""

    @property
    def keeps(self) -> bool:
        """Whether what happens now is kept."""
        ...

    def find(self, host: str, command_id: str, *, live: bool) -> Known | None:
        """What is known of a command; None where it never began.

        Args:
            host: who sent it.
            command_id: its id.
            live: it was sent in this run of the program; else before it.
        """
        ...

    def begin(self, host: str, command_id: str, kind: str) -> None:
        """Notes that a command other than a prompt is about to be carried out."""
        ...


class Ledger:
    """The commands of one session, and of those that follow it in the same process.

    Args:
        session: whose events tell what becomes of them.

    Attributes:
        store: keeps them; None where nobody does.
        unkept: id and host of some that are not kept though they should be.
    """

    def __init__(self, session: Session) -> None:
        self.store: CommandStore | None = None
        self.unkept: set[tuple[str, str]] = set()
        self._session = session
        self._taken: dict[bytes, None] = {}
        self._by_host: dict[str, deque[bytes]] = {}
        self._open: dict[str, dict[str, str]] = {}  # by id and host: prompts that have no end yet
        self._follows = False

    def take(
        self, actor: Actor, command_id: str, kind: str, *, begun: bool = False
    ) -> Known | None:
        """Notes a command that came in; None where it is to be carried out.

        Args:
            actor: who sent it.
            command_id: its id.
            kind: its ``type``.
            begun: it is a prompt that runs already.
        """
        host, digest = str(actor), digest_of(str(actor), command_id)
        if digest in self._taken:
            return self._again(host, command_id)
        store, lasts = self.store, kind in LASTING
        if store is not None and lasts and not begun:
            known = store.find(host, command_id, live=False)
            if known is not None:
                return known
        self._note(host, digest)
        if lasts and store is not None and not store.keeps:
            self.unkept.add((command_id, host))
        if kind == "submit":
            self._follow()
            self._open.setdefault(command_id, {})[host] = "running" if begun else "queued"
        elif lasts and store is not None:
            store.begin(host, command_id, kind)
        return None

    def _note(self, host: str, digest: bytes) -> None:
        """Keeps that an id was taken: where there are too many, those of who sends most are forgotten.

        So nobody can have the ids of others forgotten, and their commands run again.
        """
        self._taken[digest] = None
        self._by_host.setdefault(host, deque()).append(digest)
        if len(self._taken) > LIMIT:
            most = max(self._by_host.values(), key=len)
            del self._taken[most.popleft()]

    def host_of(self, command_id: str, told: str | None = None) -> str | None:
        """Who sent the prompt with this id that has no end and has not begun; None for nobody.

        Of two hosts with the same id it is the last: what is not run is told of right when it comes.

        Args:
            command_id: the id.
            told: who an event says submitted it: that one, where it has sent such an id.
        """
        if told is not None and digest_of(told, command_id) in self._taken:
            return told
        hosts = self._open.get(command_id, {})
        return next((host for host in reversed(hosts) if hosts[host] == "queued"), None)

    def is_open(self, command_id: str, host: str) -> bool:
        """Whether a host has a prompt under this id that has no end yet."""
        return host in self._open.get(command_id, ())

    def is_unkept(self, command_id: str, host: str) -> bool:
        """Whether the receipt that is about to be given has to say that the id is not kept."""
        found = (command_id, host) in self.unkept
        if found and not self.is_open(command_id, host):
            self.unkept.discard((command_id, host))  # it is the last one
        return found

    def lost(self) -> None:
        """Nothing is kept any more: whoever waits for a prompt is told by another receipt."""
        waiting = [
            (command_id, host, state)
            for command_id, hosts in self._open.items()
            for host, state in hosts.items()
            if (command_id, host) not in self.unkept
        ]
        for command_id, host, state in waiting:
            self.unkept.add((command_id, host))
            status = "queued" if state == "queued" else "accepted"
            self._session.receipt(command_id, status, owner=host)

    def _again(self, host: str, command_id: str) -> Known:
        state = self._open.get(command_id, {}).get(host)
        if state is not None or self.store is None:
            return Known(state or "")
        return self.store.find(host, command_id, live=True) or Known()

    def _follow(self) -> None:
        if not self._follows:
            self._follows = True
            self._session.bus.subscribe(
                self._observe, name="The list of commands", on_error="keep", streamed=False
            )

    def _observe(self, event: Event) -> None:
        """Takes what is told of prompts."""
        if not self._open or event.get("parent_tool_use_id") is not None:
            return
        kind = event["type"]
        if kind == "user":
            self._runs(event.get("command_id"), submitted_by(event))
        if kind in ("user", "result") and self.store is not None and not self.store.keeps:
            self.lost()
        if kind == "result":
            for command_id, hosts in list(self._open.items()):
                for one in [host for host, state in hosts.items() if state == "running"]:
                    self._remove(command_id, one)
        elif kind == "system" and event["subtype"] == "slash_command":
            self._runs(event["data"]["command_id"], submitted_by(event["data"]))
        elif kind == "system" and event["subtype"] == "command_receipt":
            data = event["data"]
            if is_not_run(data) and self.is_open(data["id"], data["host"]):
                self._remove(data["id"], data["host"])

    def _runs(self, command_id: str | None, told: str | None) -> None:
        hosts = self._open.get(command_id or "", {})
        if command_id is not None and (host := self.host_of(command_id, told)) in hosts:
            hosts[host] = "running"

    def _remove(self, command_id: str, host: str) -> None:
        hosts = self._open[command_id]
        del hosts[host]
        if not hosts:
            del self._open[command_id]
        self.unkept.discard((command_id, host))


def digest_of(host: str, command_id: str) -> bytes:
    """What an id is known by: long ones cost no more memory than short ones."""
    said = f"{host}\0{command_id}".encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=12).digest()
