"""What a receipt says of a prompt. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NOT_RUN = frozenset(("busy", "cancelled", "interrupted", "too_many", "unavailable"))
"""Codes of a prompt that was taken and is not run. With others the line was not used at all, or the session
ended while it waited: sent again, it runs."""


REFUSING = ("rejected", "refused")
"""The ``status`` of a command that is not carried out."""


def is_not_run(receipt: Mapping[str, Any]) -> bool:
    """Whether a receipt says that a prompt which was taken will not run."""
    return receipt["status"] == "refused" or (
        receipt["status"] == "rejected" and receipt.get("code") in NOT_RUN
    )


def submitted_by(told: Mapping[str, Any]) -> str | None:
    """Who submitted the prompt that an event, or its data, tells of: whoever has edited it since."""
    who = told.get("submitted_by") or told.get("origin")
    return who if isinstance(who, str) else None
