"""Hooks in the program at the other end of stdin: what ``initialize`` says of them, and how one is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.frontends.headless.lines import shorten
from qwen_dual.runtime.host_hooks import HostHook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.frontends.headless.host_requests import HostRequests
    from qwen_dual.runtime.host_hooks import Callback

INPUT_BYTES = 60_000
"""What a hook may be told, so that its line is short enough."""

MOST = 1000
"""Hooks that one program may bring."""


class HostHooks:
    """The hooks of one program.

    Args:
        requests: what it is asked with.
    """

    def __init__(self, requests: HostRequests) -> None:
        self._requests = requests

    async def ask(self, asked: Callback) -> dict[str, Any]:
        """Its answer: the object that a hook of the settings would print.

        Raises:
            HostFailed: there is none.
        """
        told, cut = shorten(asked.told, INPUT_BYTES)
        asked.cut = bool(cut)
        request = {
            "subtype": "hook_callback",
            "callback_id": asked.id,
            "input": told,
            "tool_use_id": asked.told.get("tool_use_id"),
        }
        return await self._requests.ask(request, asked.seconds)


def hooks_in(value: Any) -> list[HostHook]:
    """The hooks of ``initialize``, in the shape of Qwen Code's SDKs or of claude-agent-sdk's.

    Args:
        value: a list of ``{event, callback_id}``, or by event a list of ``{matcher, hookCallbackIds,
            timeout, onFailure}``.

    Raises:
        ValueError: it is neither.
    """
    return list(_listed(value) if isinstance(value, list) else _by_event(value))[:MOST]


def _listed(value: list[Any]) -> Iterator[HostHook]:
    for item in value:
        event, callback = _part(item, "event"), _part(item, "callback_id")
        matcher = item.get("matcher")
        yield HostHook(event, callback, matcher if isinstance(matcher, str) else "", _seconds(item))


def _by_event(value: Any) -> Iterator[HostHook]:
    if not isinstance(value, dict):
        raise ValueError("hooks: expected a list, or an object with events")  # noqa: TRY004
    for event, groups in value.items():
        for group in groups if isinstance(groups, list) else [groups]:
            ids = group.get("hookCallbackIds") if isinstance(group, dict) else None
            if not isinstance(ids, list) or not all(isinstance(name, str) for name in ids):
                raise ValueError(f"hooks: {event[:100]}: hookCallbackIds: expected a list of names")
            matcher = group.get("matcher")
            blocks = group.get("onFailure") not in (None, "continue")
            for name in ids:
                yield HostHook(
                    event,
                    name,
                    matcher if isinstance(matcher, str) else "",
                    _seconds(group),
                    blocks,
                )


def _part(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, str) or not value:
        raise ValueError(f"hooks: {name}: expected a text")
    return value


def _seconds(item: dict[str, Any]) -> float | None:
    value = item.get("timeout")
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
    return float(value) if usable and value is not None else None
