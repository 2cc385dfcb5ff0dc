"""Events of several agents, one between the other."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.protocol.events import Event


def of(agent: str, sequence: Iterable[Event]) -> list[Event]:
    """The events as those of the sub-agent that works for the call ``agent``."""
    return [{**event, "parent_tool_use_id": agent} for event in sequence]


def interleaved(seed: int, *lanes: Sequence[Event]) -> list[Event]:
    """All of them, each lane in its order; the same order for the same ``seed``."""
    chance = random.Random(seed)
    turns = [index for index, lane in enumerate(lanes) for _ in lane]
    chance.shuffle(turns)
    rest = [iter(lane) for lane in lanes]
    return [next(rest[index]) for index in turns]
