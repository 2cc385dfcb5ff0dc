"""The wheel has the page of `qwen-dual web` inside: one built without it would serve nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageIsBuilt(BuildHookInterface[Any]):
    """Refuses to build a wheel before the page is there; an editable installation needs none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Looks for what `make page` makes.

        Raises:
            RuntimeError: it is not there.
        """
        static = Path(self.root, "qwen_dual", "web", "static")
        for page in (static / "index.html", static / "replay" / "replay.js"):
            if version != "editable" and self.target_name == "wheel" and not page.is_file():
                raise RuntimeError(
                    f"{page} is missing, which the wheel has inside: run `make page`"
                )
