"""What of prompt-toolkit is imported before the first paint: not what this program never shows.

The package gathers the names of all its modules, and with them come its dialogs, progress bars and
completion menus, an XML parser and vi's keys: a fifth of what the UI imports. They are all there for
whoever uses them; see ``net.imports``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qwen_dual.net.imports import Later, import_bare

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.key_binding import KeyBindingsBase
    from prompt_toolkit.layout import Layout

_VI = "prompt_toolkit.key_binding.bindings.vi"
_DUMMY = "prompt_toolkit.layout.dummy"


def import_toolkit() -> None:
    """Imports prompt-toolkit's application; to be called before anything imports another part."""
    if "prompt_toolkit" in sys.modules:
        return
    import_bare("wcwidth", "_wcwidth_c", "_wcwidth")
    import_bare("prompt_toolkit")
    import_bare("prompt_toolkit.completion", "base")
    import_bare("prompt_toolkit.formatted_text", "base", "utils", "ansi")
    import_bare("prompt_toolkit.lexers", "base")
    import_bare("prompt_toolkit.layout", "containers", "controls", "dimension", "layout", "margins")
    known: dict[str, dict[str, object]] = {
        _VI: {name: _once_on(name) for name in ("load_vi_bindings", "load_vi_search_bindings")},
        _DUMMY: {"create_dummy_layout": _empty_layout},
    }
    with Later("shutil", "tempfile", known=known, called={"subprocess": ("Popen",)}):
        import prompt_toolkit.application  # noqa: F401


def _empty_layout() -> Layout:
    """What an application shows that is given no layout."""
    from prompt_toolkit.layout.dummy import create_dummy_layout

    return create_dummy_layout()


def _once_on(name: str) -> Callable[[], KeyBindingsBase]:
    """Stands for a function that makes bindings of vi: made once the person wants vi's keys."""

    def load() -> KeyBindingsBase:
        from prompt_toolkit.application.current import get_app
        from prompt_toolkit.enums import EditingMode
        from prompt_toolkit.key_binding import DynamicKeyBindings

        made: list[KeyBindingsBase] = []

        def now() -> KeyBindingsBase | None:
            if get_app().editing_mode is not EditingMode.VI:
                return None
            if not made:
                from importlib import import_module

                made.append(getattr(import_module(_VI), name)())
            return made[0]

        return DynamicKeyBindings(now)

    return load
