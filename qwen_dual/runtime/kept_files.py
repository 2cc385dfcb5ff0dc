"""The kept files of a session: where they are, what is left out, and on whose behalf calls run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.projects import rewind_folder
from qwen_dual.rewind.bounds import Bounds
from qwen_dual.rewind.keeper import SessionFiles
from qwen_dual.rewind.store import Owner
from qwen_dual.settings import checkpoint_keys as keys
from qwen_dual.settings.keys import CHAT_RECORDING
from qwen_dual.tools.ignore import Ignore

if TYPE_CHECKING:
    from qwen_dual.rewind.opening import Opened
    from qwen_dual.rewind.records import Commit
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

OFF = "general.checkpointing.enabled is false in your settings, so nothing is kept for /rewind"

MAX_TEXT = 500
"""Characters of a prompt that are kept with what its turn changed."""


def files_of(launch: Launch, parts: Parts) -> SessionFiles | None:
    """The kept files of a session; None where they are switched off."""
    if not launch.settings.get(keys.CHECKPOINTING):
        return None
    if parts.files is None:
        parts.files = _made(launch, parts)
    return parts.files


def _made(launch: Launch, parts: Parts) -> SessionFiles:
    session, top = parts.session, os.path.realpath(launch.cwd)
    settings = launch.settings
    bounds = Bounds(
        bytes=settings.get(keys.CHECKPOINT_PROJECT) << 20,
        total=settings.get(keys.CHECKPOINT_TOTAL) << 20,
        days=settings.get(keys.CLEANUP_DAYS),
    )

    def opened() -> Opened:
        from qwen_dual.rewind.opening import Opened

        folder = rewind_folder(launch.home, top)
        return Opened(
            launch.home,
            folder,
            top,
            session.session_id,
            ignores=lambda: Ignore(top, top),
            bounds=bounds,
            left_out=tuple(map(os.path.realpath, launch.outside.paths)),
            committed=_committed,
        )

    def owner() -> Owner | None:
        event = parts.prompted
        if event is None:
            return None
        content = event["message"]["content"]
        text = "".join(block["text"] for block in content if block["type"] == "text")
        if not settings.get(CHAT_RECORDING):
            text = ""  # what is asked then stands on no disk
        uuid, session_id = event["uuid"], event["session_id"]
        return Owner(session_id, uuid, session.turn_id, text[:MAX_TEXT])

    return SessionFiles(
        opened,
        lambda: session.session_id,
        owner,
        lambda text: session.notice(text, "warning"),
        _too_wide(top, launch.workspace.person),
    )


def _too_wide(top: str, person: str) -> str:
    """Why a folder is not gone through; empty where it is."""
    home = os.path.realpath(person)
    if home == top or home.startswith(top.rstrip("/") + "/"):
        return f"{top} holds your whole home folder"
    return ""


def _committed(commit: Commit) -> bool:
    """Whether the conversation of a chat went back with the files."""
    from qwen_dual.chats.rewound import holds_rewound

    return holds_rewound(commit.chat, commit.event)


async def recovered(launch: Launch, parts: Parts) -> list[str]:
    """Takes back or finishes a going back that was broken off; says what became of it."""
    if parts.files is None:
        parts.files = _made(launch, parts)
    try:
        found = await parts.files.recover()
    except OSError as error:
        return [f"A /rewind was broken off, and its files cannot be put back: {error}."]
    return [] if found is None else [found.message]
