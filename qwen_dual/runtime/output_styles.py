"""The output styles that a session can have, and the one in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.definitions.styles import list_styles

if TYPE_CHECKING:
    from qwen_dual.definitions.places import Listing
    from qwen_dual.definitions.styles import OutputStyle
    from qwen_dual.runtime.launch import Launch


def styles_of(launch: Launch) -> Listing[OutputStyle]:
    """Those there are, as the files say by now; reads them, so not on the loop's thread."""
    return list_styles(
        launch.cwd, launch.home, launch.workspace.person, trusted=launch.settings.trusted
    )


def style_of(launch: Launch, name: str) -> OutputStyle | None:
    """The one of this name, whatever its capitals; as ``styles_of``."""
    return styles_of(launch).found.get(name.casefold())
