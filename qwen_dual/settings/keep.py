"""Writes settings: a rule that an answer asked to remember, and a provider that was connected.

What was picked in the UI is ``choices``'s. How it is written, so that all else in the file stays, is
``editing``'s.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.home import expanded
from qwen_dual.fs.projects import permissions_file
from qwen_dual.settings.editing import CannotKeep, edit_settings, section
from qwen_dual.settings.rules import is_variable_name
from qwen_dual.settings.secrets import display
from qwen_dual.settings.trust import FILE as TRUST_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.settings.model_config import ModelProtocol
    from qwen_dual.settings.trust import Level

NO_KEY = "LOCAL_API_KEY"
"""Stands as ``envKey`` at a service that needs no key. Without one it would be the protocol's own
variable, and that key would be sent to a service that it is not for."""


def keep_rule(rule: str, scope: str, cwd: str, home: str) -> None:
    """Keeps ``rule`` for good, in the person's own home either way: never in the project's folder.

    Args:
        rule: what is allowed.
        scope: ``project``: in ``cwd`` alone; ``user``: everywhere.
        cwd: the project.
        home: the user's settings folder.

    Raises:
        CannotKeep: the file does not parse or does not have the expected shape.
        OSError: it cannot be read or written.
    """
    project = os.path.realpath(cwd)
    whole = scope != "project"
    path = os.path.join(home, "settings.json") if whole else permissions_file(home, project)
    of = "" if whole else f" under {json.dumps(project, ensure_ascii=False)}"
    instead = f'add "{rule}" to its permissions.allow{of} yourself'

    def add(values: dict[str, Any]) -> None:
        outer = values if whole else section(values, project)
        inner = section(outer, "permissions") if isinstance(outer, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("allow"), list | None):
            raise CannotKeep(path, "has a permissions.allow that is no list", instead)
        allow = inner["allow"] = inner.get("allow") or []
        if rule not in allow:
            allow.append(rule)

    edit_settings(path, add, instead)


def keep_trust(home: str, folder: str, level: Level, person: str) -> None:
    """Keeps in ``trustedFolders.json`` whether ``folder`` is trusted; the file is private afterwards.

    Args:
        home: the user's settings folder.
        folder: its real path; another rule of the same folder gives way.
        level: what is kept.
        person: what ``~`` stands for in the file.

    Raises:
        CannotKeep: the file does not parse or does not have the expected shape.
        OSError: it cannot be read or written.
    """
    path = os.path.join(home, TRUST_FILE)
    key = json.dumps(folder, ensure_ascii=False)

    def put(values: dict[str, Any]) -> None:
        for name in list(values):
            if name != folder and os.path.realpath(expanded(name, person)) == folder:
                del values[name]
        values[folder] = level

    edit_settings(path, put, f'add {key}: "{level}" to it yourself', private=True)


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
        CannotKeep: the file does not parse or does not have the expected shape; says what to add by hand,
            without the key.
        ValueError: ``env_key`` cannot name a variable.
        OSError: it cannot be read or written.
    """
    if env_key and not is_variable_name(env_key):
        raise ValueError("the name of an environment variable is letters, digits and _")
    variable = env_key or (NO_KEY if "baseUrl" in entry else None)
    whole = {**entry, **({"envKey": variable} if variable else {})}
    instead = _by_hand(protocol, whole, env_key, select)

    def part(values: dict[str, Any], name: str, kind: type[dict[str, Any] | list[Any]]) -> Any:
        found = values.get(name)
        if found is None:
            values[name] = found = kind()
        if not isinstance(found, kind):
            what = "list" if kind is list else "object"
            raise CannotKeep(path, f"has a {name} that is no {what}", instead)
        return found

    def add(values: dict[str, Any]) -> None:
        models = part(part(values, "modelProviders", dict), protocol, list)
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
            part(values, "env", dict)[env_key] = key
        if select:
            part(part(values, "security", dict), "auth", dict)["selectedType"] = protocol
            if isinstance(values.get("model"), str):  # the flat name of old
                values["model"] = {}
            part(values, "model", dict)["name"] = whole["id"]

    edit_settings(path, add, instead, private=True)


def _by_hand(protocol: str, entry: Mapping[str, Any], env_key: str | None, select: bool) -> str:
    parts = [f"to modelProviders.{protocol}: {json.dumps(display(entry), ensure_ascii=False)}"]
    if env_key:
        parts.append(f"to env: {json.dumps(env_key)} and your key")
    if select:
        parts.append(f"security.auth.selectedType {protocol}")
        parts.append(f"model.name {json.dumps(entry['id'], ensure_ascii=False)}")
    return f"add yourself: {'; '.join(parts)}"
