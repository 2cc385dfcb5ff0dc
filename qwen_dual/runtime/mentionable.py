"""What ``@`` completes: files, and the resources of MCP servers where a session has any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.questions import Choice
    from qwen_dual.runtime.assembly import Parts


class Suggests(Protocol):
    """What knows the files of a folder."""

    on_change: Callable[[], object]

    def suggest(self, query: str, limit: int) -> Sequence[Choice]:
        """What fits ``query`` best."""
        ...


class Mentionable:
    """What ``@`` completes: the files of the folder, and the resources of its servers.

    Args:
        files: knows the files.
        parts: of the session.
    """

    def __init__(self, files: Suggests, parts: Parts) -> None:
        self._files = files
        self._parts = parts

    @property
    def on_change(self) -> Callable[[], object]:
        """Called, on any thread, when more is known than before."""
        return self._files.on_change

    @on_change.setter
    def on_change(self, call: Callable[[], object]) -> None:
        self._files.on_change = call
        self._parts.completions_changed = call

    def suggest(self, query: str, limit: int) -> Sequence[Choice]:
        """Resources first where the name of a server is begun: a file has no colon as a rule."""
        files = self._files.suggest(query, limit)
        if self._parts.servers is None or not query:
            return files
        from qwen_dual.runtime.mcp_mentions import resources_like

        return [*resources_like(query, self._parts.servers.status(), limit), *files][:limit]
