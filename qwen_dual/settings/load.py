"""The layers together: the user's file, then the project's, as one ``Settings``.

Reads ``dualOutput.jsonFile``, ``dualOutput.inputFile``, ``tools.approvalMode`` and the shell rules of
``permissions.allow``; other keys are ignored. A wrong value is a warning that names file, line, key and value, and counts as absent.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import APPROVAL_MODES
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
    """

    json_file: str | None = None
    input_file: str | None = None
    approval_mode: str | None = None
    allow: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def qwen_home(env: Mapping[str, str]) -> str:
    """The user's own settings folder: ``QWEN_HOME``, else ``~/.qwen``."""
    return env.get("QWEN_HOME") or os.path.join(os.path.expanduser("~"), ".qwen")


def load_settings(cwd: str, home: str, env: Mapping[str, str]) -> Settings:
    """Reads both files.

    Args:
        cwd: the project; its file is ``.qwen/settings.json``.
        home: the user's settings folder.
        env: for ``$VAR`` and ``${VAR}`` in paths.
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

    def untrusted(self, settings: Settings, key: str, value: str) -> bool:
        """Whether a project's value must be left out; says so."""
        if self.home is None:
            return False
        trust_file = os.path.join(self.home, TRUST_FILE)
        try:
            rules, _ = read_object(trust_file)
        except BadFile as error:
            settings.warnings.append(str(error))
            rules = {}
        if is_trusted(self.cwd, rules):
            return False
        settings.warnings.append(
            f"{self.path}: {key} = {value!r} is not used: this folder is not trusted. "
            f'To trust it, add "{self.cwd}": "TRUST_FOLDER" to {trust_file}.'
        )
        return True

    def wrong(self, key: str, value: Any, expected: str) -> str:
        """The warning for a value of the wrong kind."""
        line = line_of(self.text, key)
        where = self.path if line is None else f"{self.path}:{line}"
        return f"{where}: {key} = {value!r} is not used: expected {expected}"

    def absolute(self, value: str) -> str:
        """A path as it was meant: variables and ``~`` expanded, relative to the project."""
        expanded = _VARIABLE.sub(lambda match: self.env.get(match[1] or match[2], match[0]), value)
        return os.path.join(self.cwd, os.path.expanduser(expanded))


def _take(settings: Settings, layer: _Layer) -> None:
    try:
        values, layer.text = read_object(layer.path)
    except BadFile as error:
        settings.warnings.append(str(error))
        return
    for name, attribute in (("jsonFile", "json_file"), ("inputFile", "input_file")):
        value = _value(settings, layer, values, "dualOutput", name)
        if value is None:
            continue
        if not isinstance(value, str) or not value:
            settings.warnings.append(layer.wrong(f"dualOutput.{name}", value, "a path"))
        elif not layer.untrusted(settings, f"dualOutput.{name}", value):
            setattr(settings, attribute, layer.absolute(value))
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
