"""What a session completes from: files, resources of MCP servers, what commands know of their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.runtime.foreseen import may_have_definitions
from qwen_dual.runtime.prompting import file_index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.commands.questions import Choice
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.tools.file_index import FileIndex


class Mentionable:
    """What ``@`` completes: the files of the folder, and the resources of its servers.

    Args:
        launch: what was decided at the start.
        parts: of the session.
        files: knows the files.
    """

    def __init__(self, launch: Launch, parts: Parts, files: FileIndex) -> None:
        self._launch, self._parts = launch, parts
        self._files = files
        self._changed = anyio.Event()
        self._on_change: Callable[[], object] = lambda: None
        parts.completions_changed = self._more_known

    @property
    def on_change(self) -> Callable[[], object]:
        """Called, on any thread, when more is known than before."""
        return self._on_change

    @on_change.setter
    def on_change(self, call: Callable[[], object]) -> None:
        self._files.on_change = self._on_change = call

    def suggest(self, query: str, limit: int) -> Sequence[Choice]:
        """Resources first where the name of a server is begun: a file has no colon as a rule."""
        return [*self._resources(query, limit), *self._files.suggest(query, limit)][:limit]

    async def find(self, query: str, limit: int) -> tuple[Sequence[Choice], bool]:
        """The same for who can wait: see ``FileIndex.find``."""
        self._parts.session.services.spawn(self.run)
        files, whole = await self._files.find(query, limit)
        return [*self._resources(query, limit), *files][:limit], whole

    async def run(self) -> None:
        """Lists files as long as somebody asks; at once where it runs already."""
        await self._files.run()

    async def ready(self) -> None:
        """Waits until the slash commands of this session are known, those that people wrote too."""
        parts = self._parts
        await parts.complete.wait()
        if may_have_definitions(self._launch):
            parts.wanted.set()
            await parts.loaded.wait()

    async def changed(self) -> None:
        """Waits until commands know more of their arguments."""
        await self._changed.wait()

    def _more_known(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
        self._on_change()

    def _resources(self, query: str, limit: int) -> Sequence[Choice]:
        if self._parts.servers is None or not query:
            return ()
        from qwen_dual.runtime.mcp_mentions import resources_like

        return resources_like(query, self._parts.servers.status(), limit)


def mentionable_of(launch: Launch, parts: Parts) -> Mentionable:
    """What the session completes from; made when somebody asks for the first time."""
    if parts.mentionable is None:
        parts.mentionable = Mentionable(launch, parts, file_index(launch))
    return parts.mentionable
