"""What a script can do about a failure: the words for ``result.error.remedy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.protocol.events import Event

_ANEW = "Begin a new session, without --continue or --resume"

SENTENCES: Mapping[str, str] = {
    "retry": "Run it again.",
    "retry_or_change_model": "Run it again, or name another model with --model.",
    "change_model": "--model names another model.",
    "connect": "`qwen-dual settings` shows which key is used and where it is from.",
    "rephrase": f"Word the prompt in another way. {_ANEW}, where the earlier turns are the trouble.",
    "compress": f"{_ANEW}, or name a model with a larger context window with --model.",
    "new_session": f"{_ANEW}, or name another model with --model.",
}


def what_helps(result: Event) -> str:
    """A sentence for standard error; empty where the message says it all."""
    error = result.get("error") or {}
    return SENTENCES.get(error.get("remedy") or "", "")
