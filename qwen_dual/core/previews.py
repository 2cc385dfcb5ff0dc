"""What a call shows before it runs, with warnings for what in it is not what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.tool import Call
    from qwen_dual.protocol.shapes import Preview

HIDDEN = (
    "A value in it counts as secret: a name in brackets stands in its place, and the value is used."
)


async def warned_preview(call: Call, scrub: Callable[[str], str] | None = None) -> Preview | None:
    """What ``call`` shows, with a warning for what is not what it looks like.

    Args:
        call: that is shown.
        scrub: what takes secrets out of it before it is seen.
    """
    from qwen_dual.protocol.previews import LONG_CHARS, warnings_of

    preview = await call.preview()
    if preview is None:
        return None
    text = preview["text"]
    if len(text) < LONG_CHARS:
        found = warnings_of(preview)
    else:
        found = await to_thread.run_sync(warnings_of, preview)
    if scrub is not None and scrub(text) != text:
        found.insert(0, {"kind": "invisible", "message": HIDDEN})
    return {**preview, "warnings": found}
