"""Has what calls change kept from the first one on, and gives it to what goes back. Imports neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.core.ports import Keeper
    from qwen_dual.core.rewinding import Rewinding
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch


def keep_files(launch: Launch, parts: Parts) -> None:
    """Has what calls change kept, once one may change something; nothing is imported before.

    What goes back gets it, once somebody wants to.
    """

    def keeper() -> Keeper | None:
        from qwen_dual.runtime.kept_files import files_of

        return files_of(launch, parts)

    def note_prompt(event: Event) -> None:
        if event["type"] == "user" and "origin" in event and event["parent_tool_use_id"] is None:
            parts.prompted = event

    def prepare_rewinding(rewinding: Rewinding) -> None:
        from qwen_dual.runtime.rewinding import prepare

        prepare(rewinding, launch, parts)

    parts.session.services.keeper = keeper
    parts.session.prepare_rewinding = prepare_rewinding
    launch.bus.subscribe(
        note_prompt, name="What notes prompts", on_error="keep", missed=True, streamed=False
    )
