"""Who has no images pays for none: nothing that is for them alone is imported at the start."""

from __future__ import annotations

import subprocess
import sys

OF_IMAGES = (
    "PIL",
    "pypdfium2",
    "qwen_dual.core.prompts.attaching",
    "qwen_dual.core.models.images",
    "qwen_dual.frontends.tui.terminal.clipboard_image",
    "qwen_dual.frontends.tui.editing.draft_images",
    "qwen_dual.frontends.tui.editing.dropped",
    "qwen_dual.frontends.tui.rendering.pictures",
    "qwen_dual.frontends.tui.terminal.terminal_clipboard",
    "qwen_dual.imaging",
    "qwen_dual.protocol.attachments",
    "qwen_dual.protocol.content_shapes",
    "qwen_dual.tools.images",
    "qwen_dual.tools.pdf",
)


def test_a_start_imports_nothing_of_images() -> None:
    modules = (
        "qwen_dual.frontends.tui.frontend, qwen_dual.runtime.assembly, qwen_dual.models.connect"
    )
    code = f"import sys, {modules}; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(OF_IMAGES).isdisjoint(loaded)
    assert "qwen_dual.frontends.tui.app" in loaded
