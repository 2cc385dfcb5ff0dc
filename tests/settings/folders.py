"""A home, a project and a machine's own files, in a test's own folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qwen_dual.settings.load import Settings, SystemFiles, load_settings
from qwen_dual.settings.validate import Full, validate

if TYPE_CHECKING:
    from pathlib import Path


class Folders:
    """Writes settings files and reads them the way the program does."""

    def __init__(self, tmp_path: Path) -> None:
        self.person = tmp_path / "person"
        self.home = self.person / ".qwen"
        self.project = self.person / "code" / "project"
        self.machine = tmp_path / "etc"
        self.system = SystemFiles(
            str(self.machine / "system-defaults.json"), str(self.machine / "settings.json")
        )
        for folder in (self.home, self.machine, self.project / ".qwen"):
            folder.mkdir(parents=True)

    @property
    def user_file(self) -> Path:
        return self.home / "settings.json"

    @property
    def project_file(self) -> Path:
        return self.project / ".qwen" / "settings.json"

    def user(self, value: Any) -> None:
        _write(self.user_file, value)

    def workspace(self, value: Any) -> None:
        _write(self.project_file, value)

    def defaults(self, value: Any) -> None:
        _write(self.machine / "system-defaults.json", value)

    def override(self, value: Any) -> None:
        _write(self.machine / "settings.json", value)

    def trust(self) -> None:
        _write(self.home / "trustedFolders.json", {str(self.project): "TRUST_FOLDER"})

    def load(self, flags: dict[str, Any] | None = None, /, **env: str) -> Settings:
        return load_settings(
            str(self.project),
            str(self.home),
            {"HOME": str(self.person), **env},
            system=self.system,
            flags=flags,
        )

    def full(self, **env: str) -> Full:
        return validate(self.load(**env).layers)

    def wrong(self, **env: str) -> list[str]:
        """What ``validate`` says, without the folder's own name."""
        return [text.replace(f"{self.person}/", "") for text in self.full(**env).warnings]


def _write(path: Path, value: Any) -> None:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
