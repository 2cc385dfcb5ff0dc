"""The hosts that share a session, as its events tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import number_in, text_in

if TYPE_CHECKING:
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class PresentHost:
    """One of them.

    Attributes:
        name: what it is called: as ``origin`` and ``resolved_by`` it is ``host:NAME``.
        rights: what it may do: ``observe``, ``approve``, ``submit``, ``control``.
        since: when it came, in UTC (ISO 8601); empty where that is not told.
        pid: its process; None where that is not told.
    """

    name: str
    rights: frozenset[str]
    since: str = ""
    pid: int | None = None

    @classmethod
    def of(cls, raw: dict[str, Any]) -> PresentHost:
        """Reads one of a ``hosts_changed``, or the ``host`` of a ``session_start``."""
        rights = raw.get("rights")
        known = rights if isinstance(rights, list) else ()
        return cls(
            text_in(raw, "name"),
            frozenset(right for right in known if isinstance(right, str)),
            text_in(raw, "since"),
            number_in(raw, "pid"),
        )


def present_in(event: Event) -> tuple[PresentHost, ...]:
    """Those that a ``hosts_changed`` lists."""
    hosts = event.data.get("hosts")
    known = hosts if isinstance(hosts, list) else ()
    return tuple(PresentHost.of(each) for each in known if isinstance(each, dict))
