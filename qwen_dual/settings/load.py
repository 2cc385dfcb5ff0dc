"""The settings in force, as the start needs them: all layers, before anything heavy is imported.

Reads files and the environment; ``validate`` says later which values were wrong.
Those are left out here already, each in its own layer, so that the layer below counts.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field

from qwen_dual.fs.foreign import ForeignFileError, read_foreign
from qwen_dual.fs.home import expanded, home_of
from qwen_dual.fs.projects import permissions_file
from qwen_dual.protocol.records import shown
from qwen_dual.settings import keys
from qwen_dual.settings.environment import Environment, load_environment, of_a_project
from qwen_dual.settings.files import MAX_BYTES, BadFile, read_object
from qwen_dual.settings.key import Section
from qwen_dual.settings.layers import Layer, dotted, expand, for_all, merge, without_nulls
from qwen_dual.settings.legacy import moved
from qwen_dual.settings.trust import FolderTrust, TrustedFolders
from qwen_dual.settings.untrusted import MAX_CHARS, MAX_RULES, limit, restrict, shorten, withhold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.settings.key import Key

T = TypeVar("T")


class SystemFiles(Struct, frozen=True):
    """The files of whoever runs the machine: below and above everybody's own."""

    defaults: str
    settings: str


def system_files(env: Mapping[str, str]) -> SystemFiles:
    """Where they are; ``QWEN_CODE_SYSTEM_…_PATH`` in the environment moves them."""
    folder = (
        "/Library/Application Support/QwenCode" if sys.platform == "darwin" else "/etc/qwen-code"
    )
    settings = env.get("QWEN_CODE_SYSTEM_SETTINGS_PATH") or os.path.join(folder, "settings.json")
    beside = os.path.join(os.path.dirname(settings), "system-defaults.json")
    return SystemFiles(env.get("QWEN_CODE_SYSTEM_DEFAULTS_PATH") or beside, settings)


class Settings(Struct):
    """What is in force.

    Attributes:
        json_file: ``dualOutput.jsonFile``, absolute.
        input_file: ``dualOutput.inputFile``, absolute.
        warnings: files and keys that were not taken, and why. Wrong values are not among them:
            ``validate.validate(settings.layers)`` names those.
        refused: keys of the project's file that are not used, since the folder is not trusted.
        limited: what of that file would not be used either if it were, in words.
        sources: the file that each value comes from, by its dotted key.
        values: everything that is set, without what is wrong.
        layers: what each file sets, low to high.
        environment: the shell's variables, those of .env files and of ``env``.
        trust: whether the project's folder is trusted, now; the rest is as it was when it was read.
        unread: the person's and the machine's files that are there and could not be understood.
    """

    json_file: str | None = None
    input_file: str | None = None
    warnings: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    limited: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    layers: Sequence[Layer] = ()
    environment: Environment = field(default_factory=lambda: Environment({}))
    unread: Sequence[str] = ()
    trust: FolderTrust = field(default_factory=lambda: FolderTrust(TrustedFolders("", "/"), ""))

    def __repr__(self) -> str:
        return shown(self, without={"values", "layers", "environment", "trust"})

    @property
    def held_back(self) -> list[str]:
        """What the project's files say and is not used, since the folder is not trusted."""
        path = next((layer.path for layer in self.layers if layer.name == "project"), "")
        lines = [f"{path} is not used: its folder is not trusted" for path in self.environment.held]
        if self.refused:
            keys = ", ".join(self.refused)
            verb = "is" if len(self.refused) == 1 else "are"
            why = "this folder is not trusted"
            lines.insert(0, f"{path}: {keys} {verb} not used: {why}")
        return lines if self.trusted else [*lines, *self.limited]

    @property
    def trusted(self) -> bool:
        """Whether the project's folder is trusted, now."""
        return self.trust.trusted

    def get(self, key: Key[T]) -> T:
        """The value in force of a key; its default where it is not set."""
        return key.within(self.values)

    def source(self, key: Key[Any]) -> str:
        """The file that the value of a key comes from."""
        return self.sources.get(key.path, "settings")

    @property
    def folder_hooks_off(self) -> bool:
        """Whether the project's own file ends the hooks that the project brings."""
        return any(
            keys.DISABLE_ALL_HOOKS.within(keys.clean(layer.values))
            for layer in self.layers
            if layer.name == "project"
        )

    @property
    def allowed_here(self) -> list[str]:
        """Rules of ``allow`` and ``tools.allowed`` that the person gave for this folder alone.

        By "always in this project", and on the command line.
        """
        found: list[str] = []
        for layer in self.layers:
            if layer.name in ("kept", "command line"):
                values = keys.clean(layer.values)
                found += [*keys.ALLOW.within(values), *keys.ALLOWED_TOOLS.within(values)]
        return found


def load_settings(
    cwd: str,
    home: str,
    env: Mapping[str, str],
    *,
    system: SystemFiles | None = None,
    flags: Mapping[str, Any] | None = None,
    trust: FolderTrust | None = None,
) -> Settings:
    """Reads all layers.

    Args:
        cwd: the project; its file is ``.qwen/settings.json``.
        home: the user's settings folder.
        env: the shell's environment; it is not changed.
        system: the machine's files; None takes them from where they belong.
        flags: what the command line sets, as the settings would: the highest layer.
        trust: whether ``cwd`` is trusted; what the user's list says unless given.
    """
    files = system or system_files(env)
    warnings: list[str] = []
    if trust is None:
        trust = FolderTrust(TrustedFolders(home, home_of(env)), cwd)
    trusted = trust.trusted
    unread: list[str] = []
    read = _read(cwd, home, files, warnings, unread)
    own_env = [
        (layer.label, of_a_project(found) if layer.name == "project" else found)
        for layer in read
        if layer.name != "project" or trusted
        for found in (keys.ENV.within(keys.clean(layer.raw)),)
    ]
    environment = load_environment(cwd, home, env, settings=own_env, trusts=trust.trusts)
    refused: list[str] = []
    limited: list[str] = []
    layers = _finish(read, environment, trusted, refused, limited, warnings)
    warnings += limited if trusted else ()
    for layer in layers:
        if layer.name == "project":
            warnings += [
                f"{layer.path}: {dotted(layer.written(place))} is not used: no project sets it, only "
                "your own settings do"
                for place in withhold(layer.values)
            ]
    if flags:
        layers.append(Layer("command line", "", "", dict(flags), dict(flags)))
    if trust.folders.problem is not None:
        warnings.append(trust.folders.problem)
    warnings += environment.warnings
    values, sources = merge(
        (layer.label, for_all(layer, keys.clean(layer.values))) for layer in layers
    )
    settings = Settings(
        warnings=warnings,
        refused=refused,
        limited=limited,
        sources=sources,
        values=values,
        layers=layers,
        environment=environment,
        trust=trust,
        unread=unread,
    )
    settings.json_file = _absolute(settings.get(keys.JSON_FILE), cwd, env)
    settings.input_file = _absolute(settings.get(keys.INPUT_FILE), cwd, env)
    return settings


def _read(
    cwd: str, home: str, files: SystemFiles, warnings: list[str], unread: list[str]
) -> list[Layer]:
    user = os.path.join(home, "settings.json")
    project = os.path.join(cwd, ".qwen", "settings.json")
    places = [("system defaults", files.defaults), ("user", user)]
    if os.path.realpath(project) != os.path.realpath(user):
        places.append(("project", project))
    kept = permissions_file(home, os.path.realpath(cwd))
    places += [("kept", kept), ("system", files.settings)]
    layers = []
    for name, path in places:
        try:
            values, text = read_object(path, cwd if name == "project" else None)
        except BadFile as error:
            values, means = ({}, "") if name in ("project", "kept") else _strictest(path)
            warnings.append(f"{error}; until that is mended, {means}" if means else str(error))
            if name != "project":
                unread.append(path)
            if values:
                layers.append(Layer(name, path, "", values, {}))
            continue
        if name == "kept":
            values, text = _kept_for(cwd, values), ""
        if values:
            raw, flat = moved(without_nulls(values))
            layers.append(Layer(name, path, text, raw, {}, flat))
    return layers


def _strictest(path: str) -> tuple[dict[str, Any], str]:
    """What holds in place of a file that cannot be understood, of the keys that it names, and in words.

    Only of those that take something away: the rest is as it is without the file.
    """
    try:
        text = read_foreign(path, limit=MAX_BYTES, follow=True)
    except (OSError, ForeignFileError):
        return {}, ""
    named = [
        key
        for key in keys.KEYS
        if key.closed is not None
        and any(word and f'"{word}"'.encode() in text for word in (key.place[-1], key.legacy))
    ]
    means = dict.fromkeys(key.closed[1] for key in named if key.closed is not None)
    return Section(named).closed, "; ".join(means)


def _kept_for(cwd: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The rules that ``keep.keep_rule`` has kept for ``cwd``; the file may hold others' too."""
    permissions = _section(_section(values, os.path.realpath(cwd)), "permissions")
    return {"permissions": permissions} if permissions else {}


def _finish(
    read: Sequence[Layer],
    environment: Environment,
    trusted: bool,
    refused: list[str],
    limited: list[str],
    warnings: list[str],
) -> list[Layer]:
    """The layers with variables put in, and the project's as far as it is trusted."""
    layers: list[Layer] = []
    for layer in read:
        untrusted = layer.name == "project" and not trusted
        # No variables for a file that may not see them: a value may be shown.
        values = expand(layer.raw, {} if untrusted else environment.values)
        if layer.name == "project":
            warnings += [
                f"{layer.path}: {dotted(layer.written(place))} is longer than {MAX_RULES} rules of "
                f"{MAX_CHARS:,} characters; the rest is not used"
                for place in shorten(values)
            ]
            below, _ = merge((layer.label, keys.clean(layer.values)) for layer in layers)
            limited += [
                f"{layer.path}: {dotted(layer.written(place))} is not used: {why}"
                for place, why in limit(values, below)
            ]
        if untrusted:
            refused += [dotted(layer.written(place)) for place in restrict(values, below)]
        layers.append(Layer(layer.name, layer.path, layer.text, layer.raw, values, layer.flat))
    return layers


def _section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = values.get(name)
    return section if isinstance(section, dict) else {}


def _absolute(path: str | None, cwd: str, env: Mapping[str, str]) -> str | None:
    """A path as it was meant: ``~`` is the user's folder, a relative one begins at the project."""
    return None if path is None else os.path.join(cwd, _with_home(path, env))


def _with_home(path: str, env: Mapping[str, str]) -> str:
    return expanded(path, home_of(env))
