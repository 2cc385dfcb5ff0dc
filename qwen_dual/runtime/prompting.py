"""What an editor of prompts is given: paths to mention, earlier prompts, whether the work tree changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.chats.prompt_history import PromptHistory
from qwen_dual.git.changes import Changes
from qwen_dual.runtime.assembly import MAY_CHANGE
from qwen_dual.runtime.in_force import filters_of
from qwen_dual.settings import keys
from qwen_dual.tools.file_index import FileIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.workspace import Workspace


def file_index(place: Launch | Workspace) -> FileIndex:
    """The paths of the session's folder; its ``run`` has to run."""
    return FileIndex(
        place.cwd,
        lambda: place.env,
        filters=filters_of(place.settings),
        recursive=place.settings.get(keys.RECURSIVE_FILE_SEARCH),
        trusted=lambda: place.settings.trusted,
    )


def prompt_history(launch: Launch) -> PromptHistory | None:
    """What keeps prompts for later sessions; nothing does where nothing is to be recorded."""
    if not launch.settings.get(keys.CHAT_RECORDING):
        return None
    return PromptHistory(launch.home, launch.cwd, launch.bus.secrets.scrub)


def follow_changes(launch: Launch, on_change: Callable[[], object]) -> Changes:
    """What marks the branch, asked for at the start and after each turn and command."""
    changes = Changes(launch.cwd, lambda: launch.env, lambda: launch.settings.trusted, on_change)
    changes.look_again()

    def follow(event: Event) -> None:
        if event["type"] in MAY_CHANGE:
            changes.look_again()

    launch.bus.subscribe(follow, name="The mark of the branch", on_error="keep", streamed=False)
    return changes
