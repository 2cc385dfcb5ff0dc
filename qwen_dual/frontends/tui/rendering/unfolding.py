"""What Ctrl+O shows: the last folded output whole, and pressed again the whole conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import FoldedAgents, expanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.editing.external import ExternalPrograms
    from qwen_dual.frontends.tui.rendering.whole import WholeTranscript
    from qwen_dual.frontends.tui.state.blocks import ExpandedBlock
    from qwen_dual.frontends.tui.state.view import View

AT_WORK = FoldedAgents()
"""What Ctrl+O opens while sub-agents are at work."""


class Unfolding:
    """Shows what is folded: what fits into the window below the conversation, the rest in a pager.

    Args:
        view: has the last folded output.
        whole: has everything.
        programs: opens the pager.
        show: puts a block below the conversation.
        rows: of the window.
    """

    def __init__(
        self,
        view: View,
        whole: WholeTranscript,
        programs: ExternalPrograms,
        show: Callable[[ExpandedBlock], object],
        rows: Callable[[], int],
    ) -> None:
        self._view = view
        self._whole = whole
        self._programs = programs
        self._show = show
        self._rows = rows
        self._shown: ExpandedBlock | FoldedAgents | None = None

    def expand(self) -> bool:
        """Shows the last folded output, or the conversation where that was shown already.

        Returns:
            Whether another time shows the conversation.
        """
        folded = self._folded
        if folded is not None and folded is not self._shown:
            self._shown = folded
            if isinstance(folded, FoldedAgents):
                self._show_agents()
            elif self._fits(folded) or not self._programs.has_pager:
                self._show(folded)
            else:
                self._programs.page(f"{folded.title}\n\n{folded.text}")
            return True
        if whole := self._whole.text:
            self._programs.page(whole, at_end=True)
        if self._shown is AT_WORK:
            self._shown = None  # there is more of them by now
        return False

    @property
    def _folded(self) -> ExpandedBlock | FoldedAgents | None:
        return AT_WORK if self._view.work.agents else self._view.folded

    def _show_agents(self) -> None:
        """What sub-agents do is always opened apart: below the conversation it would be its end."""
        text = self._whole.agents
        if self._programs.has_pager:
            self._programs.page(text, at_end=bool(self._view.work.agents))
        else:
            self._show(expanded("Sub-agents", text))

    def _fits(self, folded: ExpandedBlock) -> bool:
        return folded.text.count("\n") + 2 <= self._rows()
