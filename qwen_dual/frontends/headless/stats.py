"""What a run took, in the shape of the reference's ``stats``: an observer that counts.

Only what events tell is counted. What the reference knows besides (skills, changed inputs, how fast tokens
came) is left out rather than given as zeros.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

    Call = tuple[str | None, str]

_DECISIONS = ("accept", "reject", "auto_accept")

_NO_CALL = ("command", "budget", "interrupted")
"""Kinds of errors that are no model call's."""


def _is_of_a_call(error: dict[str, Any] | None) -> bool:
    return error is not None and error.get("kind") not in _NO_CALL


class Stats:
    """Model calls and tool calls of one run.

    Args:
        now: seconds, of a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._models: dict[str, dict[str, Any]] = {}
        self._tools: dict[str, dict[str, Any]] = {}
        # The tool of each call. Sub-agents may give the ids of others: a call is its lane's.
        self._calls: dict[Call, str] = {}
        self._asked: dict[str, Call] = {}  # the call, by the request's id
        self._decided: dict[Call, str] = {}
        self._began: float | None = None
        self._model = ""

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        if kind == "assistant":
            self._assistant(event["message"], event["parent_tool_use_id"])
        elif kind == "user":
            self._results(event)
        elif kind == "control_request":
            lane = event.get("parent_tool_use_id")
            self._asked[event["request_id"]] = (lane, event["request"]["tool_use_id"])
        elif kind == "control_response":
            self._resolved(event["response"])
        elif kind == "system" and event["subtype"] == "state":
            if event["data"]["state"] == "thinking" and self._began is None:
                self._began = self._now()
        elif kind == "result" and self._model and _is_of_a_call(event.get("error")):
            api = self._models[self._model]["api"]
            api["totalRequests"] += 1
            api["totalErrors"] += 1

    def described(self) -> dict[str, Any]:
        """The ``stats`` of a ``result``."""
        decisions = {
            name: sum(tool["decisions"][name] for tool in self._tools.values())
            for name in _DECISIONS
        }
        totals = {
            total: sum(tool[key] for tool in self._tools.values())
            for total, key in (
                ("totalCalls", "count"),
                ("totalSuccess", "success"),
                ("totalFail", "fail"),
                ("totalDurationMs", "durationMs"),
            )
        }
        return {
            "models": self._models,
            "tools": {**totals, "totalDecisions": decisions, "byName": self._tools},
        }

    def _assistant(self, message: dict[str, Any], lane: str | None) -> None:
        self._model = message["model"]
        model = self._models.setdefault(
            self._model,
            {
                "api": {"totalRequests": 0, "totalErrors": 0, "totalLatencyMs": 0},
                "tokens": {"prompt": 0, "candidates": 0, "total": 0, "cached": 0},
            },
        )
        for block in message["content"]:
            if block["type"] == "tool_use":
                self._calls[lane, block["id"]] = block["name"]
        usage = message["usage"]
        if "total_tokens" not in usage:  # not the last of its message
            return
        api, tokens = model["api"], model["tokens"]
        api["totalRequests"] += 1
        if self._began is not None:
            api["totalLatencyMs"] += round((self._now() - self._began) * 1000)
            self._began = None
        tokens["prompt"] += usage["input_tokens"]
        tokens["candidates"] += usage["output_tokens"]
        tokens["cached"] += usage.get("cache_read_input_tokens", 0)
        tokens["total"] += usage["total_tokens"]

    def _results(self, event: Event) -> None:
        for block in event["message"]["content"]:
            if block["type"] != "tool_result":
                continue
            call = (event["parent_tool_use_id"], block["tool_use_id"])
            name = self._calls.pop(call, "")
            tool = self._tools.setdefault(
                name,
                {
                    "count": 0,
                    "success": 0,
                    "fail": 0,
                    "durationMs": 0,
                    "decisions": dict.fromkeys(_DECISIONS, 0),
                },
            )
            tool["count"] += 1
            tool["fail" if block["is_error"] else "success"] += 1
            tool["durationMs"] += event.get("tool_use_result", {}).get("duration_ms", 0)
            tool["decisions"][self._decided.pop(call, "auto_accept")] += 1

    def _resolved(self, response: dict[str, Any]) -> None:
        call = self._asked.pop(response["request_id"], None)
        if call is not None:
            self._decided[call] = "accept" if response["response"]["allowed"] else "reject"
