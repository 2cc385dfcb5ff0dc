"""What a program has told its terminal, read from the bytes of the PTY; and the same, read from its events.

Neither knows the program's own code: each is a second opinion of what both planes say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


class Osc(NamedTuple):
    """One OSC: what stands between its number and its end, and where in the bytes it begins."""

    number: str
    text: str
    at: int


def oscs(data: bytes) -> Iterator[Osc]:
    """Every OSC that was ended, in order, as a terminal reads them: byte by byte."""
    state, begin, body = "ground", 0, bytearray()
    for at, byte in enumerate(data):
        if state == "ground":
            state = "escape" if byte == 0x1B else "ground"
        elif state == "escape":
            if byte == ord("]"):
                state, begin = "osc", at - 1
                body.clear()
            else:
                state = "escape" if byte == 0x1B else "ground"
        elif state == "osc" and byte not in (0x07, 0x1B):
            body.append(byte)
        elif state == "osc" and byte == 0x1B:
            state = "ending"
        elif state == "osc" or byte == ord("\\"):
            number, _, text = body.decode("utf-8", "replace").partition(";")
            state = "ground"
            yield Osc(number, text, begin)
        else:
            raise AssertionError(f"an OSC was broken off at {at}: {bytes(body)!r}")
    assert state != "osc", f"an OSC has no end: {bytes(body)!r}"


SIGNS = {"◐": "working", "◆": "blocked", "✓": "done", "✗": "error"}


def statuses(data: bytes) -> list[str]:
    """What OSC 7501 said one after another, as ``working`` or ``blocked permission``."""
    said = []
    for osc in oscs(data):
        if osc.number == "7501" and osc.text != "?":
            pairs = dict(pair.split("=") for pair in osc.text.split(":"))
            assert pairs.pop("app", "qwen-dual") == "qwen-dual"
            said.append(" ".join(pairs.values()))
    return said


def titles(data: bytes) -> list[str]:
    """The state that each title named, and nothing for one without."""
    named = [osc.text[:1] for osc in oscs(data) if osc.number == "2" and osc.text]
    return [SIGNS.get(sign, "idle") for sign in named]


def by_events(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same sequence as ``statuses``, of a session whose events are these."""
    said, waiting = ["idle"], dict[str, str]()
    for index, event in enumerate(events):
        if event["type"] == "control_request":
            questions = (event["request"].get("preview") or {}).get("kind") == "questions"
            waiting[event["request_id"]] = "blocked question" if questions else "blocked permission"
        elif event["type"] == "control_response":
            waiting.pop(event["response"]["request_id"], None)
        elif event.get("subtype") != "state" or event["parent_tool_use_id"] is not None:
            continue
        elif event["data"]["state"] == "idle":
            if said[-1] not in ("idle", "done", "error"):
                said.append(_outcome(events[index + 1 :]))
            continue
        elif event["data"]["state"] != "awaiting_approval":
            said.append("working")
            continue
        if waiting:
            said.append(next(iter(waiting.values())))
    return [word for index, word in enumerate(said) if index == 0 or word != said[index - 1]]


def _outcome(following: Sequence[Mapping[str, Any]]) -> str:
    """What became of the turn at whose end these events follow."""
    for event in following:
        if event.get("subtype") == "state":
            return "idle"
        if event["type"] == "result":
            if event["stop_reason"] == "interrupted":
                return "idle"
            return "error" if event["is_error"] else "done"
    return "idle"
