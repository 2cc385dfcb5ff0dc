"""Imports every module of promises: each adds its own."""

from qwen_dual.conformance import (
    base,
    base_approvals,
    base_ends,
    full_choosing,
    full_hosts,
    full_screen,
    full_turns,
    plus_commands,
    plus_events,
    plus_inputs,
    plus_outputs,
)

MODULES = (
    base,
    base_approvals,
    base_ends,
    plus_events,
    plus_commands,
    plus_outputs,
    plus_inputs,
    full_turns,
    full_screen,
    full_choosing,
    full_hosts,
)
