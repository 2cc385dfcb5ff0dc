"""Keeps an answer that lasts: adds a rule to ``permissions.allow`` of a settings file.

The only place that writes settings. A file that is not plain JSON, or does not have the shape it
should, is left as it is: rewriting it would lose what its owner wrote, comments first of all.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from qwen_dual.protocol.codec import NotJson, decode


class CannotKeep(ValueError):
    """A settings file that cannot take the rule.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str, why: str, rule: str) -> None:
        super().__init__(f'{path} {why}; add "{rule}" to its permissions.allow yourself')
        self.path = path


def settings_path(scope: str, cwd: str, home: str) -> str:
    """The file of ``project`` or ``user``."""
    if scope == "project":
        return os.path.join(cwd, ".qwen", "settings.json")
    return os.path.join(home, "settings.json")


def keep_rule(path: str, rule: str) -> None:
    """Adds ``rule`` to the file at ``path``, which is made if it is not there.

    Raises:
        CannotKeep: the file is not plain JSON of the expected shape.
        OSError: it cannot be read or written.
    """
    values: dict[str, Any] = {}
    mode = 0o600
    try:
        with open(path, "rb") as file:
            raw = file.read()
            mode = os.fstat(file.fileno()).st_mode & 0o777
    except FileNotFoundError:
        raw = b""
    if raw.strip():
        try:
            found = decode(raw)
        except NotJson:
            raise CannotKeep(path, "has comments or does not parse", rule) from None
        if not isinstance(found, dict):
            raise CannotKeep(path, "holds no object", rule)
        values = found
    permissions = values.setdefault("permissions", {})
    allow = permissions.setdefault("allow", []) if isinstance(permissions, dict) else None
    if not isinstance(allow, list):
        raise CannotKeep(path, "has a permissions.allow that is no list", rule)
    if rule not in allow:
        allow.append(rule)
        _replace(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n", mode)


def _replace(path: str, text: str, mode: int) -> None:
    """Writes the file whole or not at all; a symbolic link stays one."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    fd, temporary = tempfile.mkstemp(prefix=".settings-", dir=folder)
    try:
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
