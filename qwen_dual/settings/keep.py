"""Writes settings: a rule that an answer asked to remember, and a provider that was connected.

What was picked in the UI is ``choices``'s. A file that is not plain JSON, or does not have the shape it should, is
left as it is: rewriting it would lose what its owner wrote, comments first of all.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.foreign import ForeignFileError, read_foreign
from qwen_dual.fs.projects import permissions_file
from qwen_dual.fs.replace import replace_file
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.settings.files import MAX_BYTES
from qwen_dual.settings.rules import is_variable_name
from qwen_dual.settings.secrets import display
from qwen_dual.settings.trust import FILE as TRUST_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.models.config import ModelProtocol
    from qwen_dual.settings.trust import Level

PRIVATE = 0o600

NO_KEY = "LOCAL_API_KEY"
"""Stands as ``envKey`` at a service that needs no key. Without one it would be the protocol's own
variable, and that key would be sent to a service that it is not for."""


class CannotKeep(ValueError):
    """A settings file that cannot take what should be kept.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str, why: str, instead: str) -> None:
        super().__init__(f"{path} {why}; {instead}")
        self.path = path


def keep_rule(rule: str, scope: str, cwd: str, home: str) -> None:
    """Keeps ``rule`` for good, in the person's own home either way: never in the project's folder.

    Args:
        rule: what is allowed.
        scope: ``project``: in ``cwd`` alone; ``user``: everywhere.
        cwd: the project.
        home: the user's settings folder.

    Raises:
        CannotKeep: the file is not plain JSON of the expected shape.
        OSError: it cannot be read or written.
    """
    project = os.path.realpath(cwd)
    whole = scope != "project"
    path = os.path.join(home, "settings.json") if whole else permissions_file(home, project)
    of = "" if whole else f" under {json.dumps(project, ensure_ascii=False)}"
    instead = f'add "{rule}" to its permissions.allow{of} yourself'
    values, mode = _read(path, instead)
    section: Any = values if whole else values.setdefault(project, {})
    section = section.setdefault("permissions", {}) if isinstance(section, dict) else None
    allow = section.setdefault("allow", []) if isinstance(section, dict) else None
    if not isinstance(allow, list):
        raise CannotKeep(path, "has a permissions.allow that is no list", instead)
    if rule not in allow:
        allow.append(rule)
        _replace(path, values, mode)


def keep_trust(home: str, folder: str, level: Level) -> None:
    """Keeps in ``trustedFolders.json`` whether ``folder`` is trusted; the file is private afterwards.

    Args:
        home: the user's settings folder.
        folder: its real path; another rule of the same folder gives way.
        level: what is kept.

    Raises:
        CannotKeep: the file is not plain JSON of the expected shape.
        OSError: it cannot be read or written.
    """
    path = os.path.join(home, TRUST_FILE)
    key = json.dumps(folder, ensure_ascii=False)
    values, _ = _read(path, f'add {key}: "{level}" to it yourself')
    same = [name for name in values if os.path.realpath(os.path.expanduser(name)) == folder]
    for name in same:
        del values[name]
    values[folder] = level
    _replace(path, values, PRIVATE)


def save_provider(
    path: str,
    protocol: ModelProtocol,
    entry: Mapping[str, Any],
    env_key: str | None = None,
    key: str | None = None,
    *,
    select: bool = True,
) -> None:
    """Keeps a model and its key in the file at ``path``, which is private afterwards.

    Args:
        path: the user's settings file; it is made if it is not there.
        protocol: how the model is spoken to.
        entry: as in ``modelProviders``; it replaces one with the same id and ``baseUrl``.
        env_key: the variable that the key belongs to; None or empty where the service needs none.
        key: the key; None keeps the one that is there.
        select: whether sessions begin with this model from now on.

    Raises:
        CannotKeep: the file is not plain JSON of the expected shape; says what to add by hand,
            without the key.
        ValueError: ``env_key`` cannot name a variable.
        OSError: it cannot be read or written.
    """
    if env_key and not is_variable_name(env_key):
        raise ValueError("the name of an environment variable is letters, digits and _")
    variable = env_key or (NO_KEY if "baseUrl" in entry else None)
    whole = {**entry, **({"envKey": variable} if variable else {})}
    instead = _by_hand(protocol, whole, env_key, select)
    values, _ = _read(path, instead)
    models = _section(
        path, _section(path, values, instead, "modelProviders"), instead, protocol, []
    )
    place = whole["id"], whole.get("baseUrl")
    same = [
        index
        for index, at in enumerate(models)
        if isinstance(at, dict) and (at.get("id"), at.get("baseUrl")) == place
    ]
    if same:
        models[same[0]] = whole
    else:
        models.append(whole)
    if env_key and key is not None:
        _section(path, values, instead, "env")[env_key] = key
    if select:
        security = _section(path, values, instead, "security")
        _section(path, security, instead, "auth")["selectedType"] = protocol
        model = values.get("model")
        if isinstance(model, str):  # the flat name of old
            del values["model"]
        _section(path, values, instead, "model")["name"] = whole["id"]
    _replace(path, values, PRIVATE)


def _by_hand(protocol: str, entry: Mapping[str, Any], env_key: str | None, select: bool) -> str:
    parts = [f"to modelProviders.{protocol}: {json.dumps(display(entry), ensure_ascii=False)}"]
    if env_key:
        parts.append(f"to env: {json.dumps(env_key)} and your key")
    if select:
        parts.append(f"security.auth.selectedType {protocol}")
        parts.append(f"model.name {json.dumps(entry['id'], ensure_ascii=False)}")
    return f"add yourself: {'; '.join(parts)}"


def _section(path: str, values: dict[str, Any], instead: str, name: str, empty: Any = None) -> Any:
    """The section called ``name``, made if it is not there; of the type of ``empty``."""
    empty = {} if empty is None else empty
    found = values.setdefault(name, empty)
    if not isinstance(found, type(empty)):
        kind = "list" if isinstance(empty, list) else "object"
        raise CannotKeep(path, f"has a {name} that is no {kind}", instead)
    return found


def _read(path: str, instead: str) -> tuple[dict[str, Any], int]:
    """What the file holds, and its mode."""
    try:
        raw = read_foreign(path, limit=MAX_BYTES, follow=True)
    except FileNotFoundError:
        return {}, PRIVATE
    except ForeignFileError as error:
        raise CannotKeep(path, error.why, instead) from None
    mode = os.stat(path).st_mode & 0o777
    if not raw.strip():
        return {}, mode
    try:
        found = decode(raw)
    except NotJson:
        raise CannotKeep(path, "has comments or does not parse", instead) from None
    if not isinstance(found, dict):
        raise CannotKeep(path, "holds no object", instead)
    return found, mode


def _replace(path: str, values: dict[str, Any], mode: int) -> None:
    """Writes the file whole or not at all; a symbolic link stays one."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    real = os.path.realpath(path)
    copies = os.path.join(os.path.dirname(path), "copies")
    replace_file(real, text.encode(), mode=mode, folder_mode=0o700, copies=copies)
