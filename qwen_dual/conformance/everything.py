"""Imports every module of promises, in the order of their sections."""

from qwen_dual.conformance import (
    base,
    base_ends,
    plus_commands,
    plus_events,
    plus_inputs,
    plus_outputs,
)

__all__ = ["base", "base_ends", "plus_commands", "plus_events", "plus_inputs", "plus_outputs"]
