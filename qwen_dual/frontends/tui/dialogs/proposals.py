"""Prompts of hosts that the person looks at before they run, as requests for the dialog.

What is asked for leave comes first: a turn waits for that. A proposal stands by while somebody types,
and what is typed and chooses nothing is the draft's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.dialogs.preview_layout import SMALL
from qwen_dual.frontends.tui.rendering.render import ARROWS
from qwen_dual.frontends.tui.state.live_state import Request
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import clip, width_of
from qwen_dual.protocol.previews import warnings_of
from qwen_dual.protocol.visible import BRACKET, oddities, visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.prompts.review import Held, Review
    from qwen_dual.frontends.tui.text.lines import Line

KIND = "proposal"

MOST = 100
"""Requests that are kept made."""

LOOK_HINT, SHORT_HINT = " · ctrl+g looks at it", " · ctrl+g"

ROOMY = 50
"""Columns from which on there is room for whole words."""


class Proposals:
    """What is held for the person, and their answers to it.

    Args:
        review: gives what holds it; None as long as nothing was.
    """

    def __init__(self, review: Callable[[], Review | None]) -> None:
        self._review = review
        self._requests: dict[str, Request] = {}

    def asked(self, pending: Mapping[str, Request]) -> Mapping[str, Request]:
        """What is asked now.

        Args:
            pending: the requests for leave. They wait only while the person edits a proposal.
        """
        review = self._review()
        if review is None or not review.held:
            return pending
        if review.edited in review.held:
            held = review.held[review.edited]
            return {held.key: self._request(held)}
        if pending:
            return pending
        return {held.key: self._request(held) for held in review.held.values()}

    def text(self, key: str) -> str:
        """What is proposed, exactly."""
        review = self._review()
        return "" if review is None or key not in review.held else review.held[key].text

    def editable(self, key: str) -> str:
        """The same for an editor: without what that cannot show, so that nobody leaves it in unseen."""
        text = self.text(key)
        hidden = {index for index, _ in oddities(text, "prose") if text[index] != BRACKET}
        return "".join(char for index, char in enumerate(text) if index not in hidden)

    def edit(self, key: str) -> None:
        """The person edits it from now on; an empty key: none any more."""
        review = self._review()
        if review is not None:
            review.edited = key

    def take(self, key: str, edited: str | None = None) -> None:
        """Has it run, as it is or as the person made it."""
        review = self._review()
        if review is not None:
            self._requests.pop(key, None)
            review.take(key, edited)

    def refuse(self, key: str, why: str | None) -> None:
        """Refuses it."""
        review = self._review()
        if review is not None:
            self._requests.pop(key, None)
            review.refuse(key, why)

    def _request(self, held: Held) -> Request:
        known = self._requests.get(held.key)
        if known is None:
            if len(self._requests) > MOST:  # what a host took back leaves none behind for long
                self._requests.clear()
            # What only looks like another letter takes long to find in a long one.
            kind: Literal["text", "plan"] = "text" if len(held.text) <= SMALL else "plan"
            odd = warnings_of({"kind": kind, "title": "", "text": held.text})
            known = self._requests[held.key] = Request(
                held.key,
                "",
                "",
                Display.of(""),
                KIND,
                "",
                _shown(held),
                warnings=tuple(one["message"] for one in odd if one["kind"] != "long"),
                asker=name_of(held.actor),
            )
        return known


def _shown(held: Held) -> str:
    """The text, and of each image where its bytes come from: a title tells no more than a name."""
    paths = [
        f"{block.get('title', '')} is {block['source']['path']}"
        for block in held.content
        if block["type"] == "image" and block["source"]["type"] == "path"
    ]
    return "\n".join([held.text, *paths])


def name_of(actor: Actor) -> str:
    """Who proposes, as the transcript marks it."""
    return f"{ARROWS} {clip(visible_line(actor.name), 30) if actor.name else 'remote'}"


def standing_line(request: Request, width: int) -> Line:
    """A proposal while somebody types: who, and what it is about, in one row."""
    who = f"{request.asker} proposes: " if width >= ROOMY else f"{request.asker}: "
    said = " ".join(visible_line(request.text.strip()[:400]).split())
    room = width - width_of(who) - 2
    hint = LOOK_HINT if width >= ROOMY else clip(SHORT_HINT, max(0, room))
    told = clip(said, max(0, room - width_of(hint)))
    return [
        (theme.ACCENT, "? "),
        (theme.STRONG, clip(who, width - 2)),
        ("", told),
        (theme.DIM, hint),
    ]
