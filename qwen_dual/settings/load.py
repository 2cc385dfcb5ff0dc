"""The layers together: the user's file, then the project's, as one ``Settings``.

Reads ``dualOutput.jsonFile``, ``dualOutput.inputFile``, ``tools.approvalMode`` and the shell rules of
``permissions.allow``; other keys are ignored. A wrong value is a warning that names file, line, key
and value, and counts as absent.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import APPROVAL_MODES
from qwen_dual.protocol.codec import encode
from qwen_dual.settings.files import BadFile, line_of, read_object
from qwen_dual.settings.trust import FILE as TRUST_FILE
from qwen_dual.settings.trust import is_trusted

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(slots=True)
class Settings:
    """What is in force.

    Attributes:
        json_file: ``dualOutput.jsonFile``, absolute.
        input_file: ``dualOutput.inputFile``, absolute.
        approval_mode: ``tools.approvalMode``.
        allow: ``permissions.allow`` of both files.
        warnings: what was not taken, and why.
        sources: the file that each of the first three comes from, by its dotted key.
    """

    json_file: str | None = None
    input_file: str | None = None
    approval_mode: str | None = None
    allow: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict, compare=False)


def qwen_home(env: Mapping[str, str]) -> str:
    """The user's own settings folder: ``QWEN_HOME``, else ``~/.qwen``."""
    moved = env.get("QWEN_HOME")
    return os.path.abspath(_with_home(moved, env) if moved else _with_home("~/.qwen", env))


def load_settings(cwd: str, home: str, env: Mapping[str, str]) -> Settings:
    """Reads both files.

    Args:
        cwd: the project; its file is ``.qwen/settings.json``.
        home: the user's settings folder.
        env: for ``$VAR``, ``${VAR}`` and ``~`` in paths.
    """
    settings = Settings()
    _take(settings, _Layer(os.path.join(home, "settings.json"), cwd, env))
    project = os.path.join(cwd, ".qwen", "settings.json")
    if os.path.realpath(project) != os.path.realpath(os.path.join(home, "settings.json")):
        _take(settings, _Layer(project, cwd, env, home=home))
    return settings


class _Layer:
    """One file; with ``home`` it is the project's, whose reach depends on trust."""

    def __init__(
        self, path: str, cwd: str, env: Mapping[str, str], *, home: str | None = None
    ) -> None:
        self.path = path
        self.cwd = cwd
        self.env = env
        self.home = home
        self.text = ""
        self._trusted: bool | None = None

    def untrusted(self, settings: Settings, key: str, value: str) -> bool:
        """Whether a project's value must be left out; says so."""
        if self.home is None:
            return False
        trust_file = os.path.join(self.home, TRUST_FILE)
        if self._trusted is None:
            try:
                rules, _ = read_object(trust_file)
            except BadFile as error:
                settings.warnings.append(str(error))
                rules = {}
            self._trusted = is_trusted(self.cwd, rules)
        if self._trusted:
            return False
        settings.warnings.append(
            f"{self.path}: {key} = {_shown(value)} is not used: this folder is not trusted. "
            f'To trust it, add {_quoted(self.cwd)}: "TRUST_FOLDER" to {trust_file}.'
        )
        return True

    def wrong(self, key: str, value: Any, expected: str) -> str:
        """The warning for a value that cannot be used."""
        line = line_of(self.text, key)
        where = self.path if line is None else f"{self.path}:{line}"
        return f"{where}: {key} = {_shown(value)} is not used: expected {expected}"

    def absolute(self, value: str) -> str:
        """A path as it was meant: variables and ``~`` expanded, relative to the project.

        Raises:
            KeyError: a variable is not set; names it.
        """
        expanded = _VARIABLE.sub(lambda match: self.env[match[1] or match[2]], value)
        return os.path.join(self.cwd, _with_home(expanded, self.env))


def _with_home(path: str, env: Mapping[str, str]) -> str:
    home = env.get("HOME")
    if home and (path == "~" or path.startswith("~/")):
        return home + path[1:]
    return os.path.expanduser(path)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def _quoted(path: str) -> str:
    return encode(path).decode().rstrip("\n")


def _take(settings: Settings, layer: _Layer) -> None:
    try:
        values, layer.text = read_object(layer.path)
    except BadFile as error:
        settings.warnings.append(str(error))
        return
    for name, attribute in (("jsonFile", "json_file"), ("inputFile", "input_file")):
        value = _value(settings, layer, values, "dualOutput", name)
        if value is not None:
            _take_path(settings, layer, f"dualOutput.{name}", value, attribute)
    _take_rules(settings, layer, values)
    mode = _value(settings, layer, values, "tools", "approvalMode")
    if mode is None:
        return
    if mode not in APPROVAL_MODES:
        expected = f"one of {', '.join(APPROVAL_MODES)}"
        settings.warnings.append(layer.wrong("tools.approvalMode", mode, expected))
    elif _laxer(mode, settings.approval_mode) and layer.untrusted(
        settings, "tools.approvalMode", mode
    ):
        return
    else:
        settings.approval_mode = mode
        settings.sources["tools.approvalMode"] = layer.path


def _take_path(settings: Settings, layer: _Layer, key: str, value: Any, attribute: str) -> None:
    if not isinstance(value, str) or not value or "\0" in value:
        settings.warnings.append(layer.wrong(key, value, "a path"))
        return
    if layer.untrusted(settings, key, value):
        return
    try:
        path = layer.absolute(value)
    except KeyError as error:
        expected = f"variables that are set, and {error.args[0]} is not"
        settings.warnings.append(layer.wrong(key, value, expected))
        return
    setattr(settings, attribute, path)
    settings.sources[key] = layer.path


def _take_rules(settings: Settings, layer: _Layer, values: dict[str, Any]) -> None:
    rules = _value(settings, layer, values, "permissions", "allow")
    if rules is None:
        return
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        settings.warnings.append(layer.wrong("permissions.allow", rules, "a list of rules"))
    elif rules and not layer.untrusted(settings, "permissions.allow", ", ".join(rules)):
        settings.allow += rules


def _value(
    settings: Settings, layer: _Layer, values: dict[str, Any], section: str, name: str
) -> Any:
    inner = values.get(section)
    if inner is None:
        return None
    if not isinstance(inner, dict):
        warning = layer.wrong(section, inner, "an object")
        if warning not in settings.warnings:
            settings.warnings.append(warning)
        return None
    return inner.get(name)


def _laxer(mode: str, than: str | None) -> bool:
    """Whether ``mode`` runs more without asking; the modes are listed from strict to lax."""
    return APPROVAL_MODES.index(mode) > APPROVAL_MODES.index(than or "default")
