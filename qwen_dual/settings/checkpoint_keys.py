"""The keys of what is kept of files, so that a session can go back."""

from __future__ import annotations

from qwen_dual.settings.key import Key
from qwen_dual.settings.rules import BOOLEAN, POSITIVE

CHECKPOINTING = Key(
    "general.checkpointing.enabled",
    BOOLEAN,
    default=True,
    trust="person",
    doc="Whether what a session changes is kept, so that `/rewind` can take it back; see "
    "`docs/rewind.md`.",
)
CHECKPOINT_PROJECT = Key(
    "general.checkpointing.projectMegabytes",
    POSITIVE,
    500,
    "person",
    doc="How much is kept of one project, packed.",
)
CHECKPOINT_TOTAL = Key(
    "general.checkpointing.totalMegabytes",
    POSITIVE,
    2000,
    "person",
    doc="How much is kept of all projects; of those longest unused all goes first.",
)
CLEANUP_DAYS = Key(
    "general.cleanupPeriodDays",
    POSITIVE,
    30,
    "person",
    doc="Days after which what is kept for `/rewind` goes.",
)

CHECKPOINT_KEYS = (CHECKPOINTING, CHECKPOINT_PROJECT, CHECKPOINT_TOTAL, CLEANUP_DAYS)
