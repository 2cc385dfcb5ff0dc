"""What a call shows before it runs, with warnings for what in it is not what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from qwen_dual.core.tool import Call
    from qwen_dual.protocol.shapes import Preview


async def warned_preview(call: Call) -> Preview | None:
    """What ``call`` shows, with a warning for what is not what it looks like."""
    from qwen_dual.protocol.previews import LONG_CHARS, warnings_of

    preview = await call.preview()
    if preview is None:
        return None
    if len(preview["text"]) < LONG_CHARS:
        return {**preview, "warnings": warnings_of(preview)}
    return {**preview, "warnings": await to_thread.run_sync(warnings_of, preview)}
