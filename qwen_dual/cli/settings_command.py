"""``qwen-dual settings``: every value in force and where it comes from, secrets masked.

Opens no connection and starts no session; changes nothing.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.printing import run_printing
from qwen_dual.fs.home import qwen_home
from qwen_dual.runtime.process import environment
from qwen_dual.settings.layers import dotted
from qwen_dual.settings.load import load_settings
from qwen_dual.settings.providers import resolve
from qwen_dual.settings.secrets import display, masked, printable, without_password

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

    from qwen_dual.settings.load import SystemFiles
    from qwen_dual.settings.model_config import ModelConfig
    from qwen_dual.settings.providers import Providers
    from qwen_dual.settings.rules import Path

BUILT_IN = "built-in"


class Row(NamedTuple):
    """One value in force."""

    key: str
    value: Any
    source: str
    known: bool


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual settings``; returns its exit status.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    parser = SafeParser(
        prog="qwen-dual settings",
        description="Prints every setting in force and where it comes from; secrets are masked.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    as_json = bool(parser.parse_args(arguments).json)
    env = environment()
    return run_printing(lambda cwd: run_settings(cwd, qwen_home(env), env, as_json=as_json))


def run_settings(
    cwd: str,
    home: str,
    env: Mapping[str, str],
    *,
    as_json: bool = False,
    model: str | None = None,
    auth_type: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    flags: Mapping[str, Any] | None = None,
    system: SystemFiles | None = None,
    out: TextIO | None = None,
) -> int:
    """Prints the settings; returns the exit status.

    Args:
        cwd: the project.
        home: the user's settings folder.
        env: the shell's environment.
        as_json: one JSON object instead of text.
        model: ``-m``; ``auth_type``, ``api_key`` and ``base_url`` likewise, as for ``resolve``.
        flags: what else the command line sets, as for ``load_settings``.
        system: the machine's files, as for ``load_settings``.
        out: where to print; None for stdout.

    Raises:
        BadFlag: a flag's value cannot be used.
    """
    from qwen_dual.settings.validate import validate

    settings = load_settings(cwd, home, env, system=system, flags=flags)
    providers = resolve(
        settings, model=model, auth_type=auth_type, api_key=api_key, base_url=base_url
    )
    full = validate(settings.layers)
    rows = _rows(full.values, full.sources)
    held_back = settings.held_back
    if settings.refused:
        held_back[0] += ". /trust in a session trusts it"
    warnings = [*settings.warnings, *held_back, *full.warnings, *providers.warnings]
    lines = (
        [_as_json(rows, providers, warnings)] if as_json else _as_text(rows, providers, warnings)
    )
    print("\n".join(lines), file=out or sys.stdout)
    return 0


def _rows(values: Mapping[str, Any], sources: Mapping[str, str]) -> list[Row]:
    """What is set, and the defaults of what is not, by key."""
    from qwen_dual.settings.table import default, keys

    fields = dict(keys())
    patterns = [_pattern(key) for key in fields]
    rows = []
    for path, value in _leaves(display(dict(values)), ()) if values else ():
        key = dotted(path)
        known = any(pattern.match(key) for pattern in patterns)
        rows.append(Row(key, value, _source(path, sources), known))
    set_already = [row.key for row in rows]
    for key, field in fields.items():
        value = default(field)
        if value is None or "*" in key or "[" in key:
            continue
        if not any(at == key or at.startswith((f"{key}.", f"{key}[")) for at in set_already):
            rows.append(Row(key, value, BUILT_IN, True))
    return sorted(rows, key=lambda row: row.key)


def _pattern(key: str) -> re.Pattern[str]:
    """Matches the keys that a line of the table stands for, and what is inside their values."""
    text = re.escape(key).replace(r"\[\]", r"\[\d+\]").replace(r"\.\*", r"\.[^.]+")
    text = re.sub(r"\\{[^}]*\\}", "[^.[]+", text)
    return re.compile(rf"{text}(?:[.\[]|$)")


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Values with their paths; a list of plain values is one."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _source(path: Path, sources: Mapping[str, str]) -> str:
    """The layer of the value, or of the list that it is in."""
    for length in range(len(path), 0, -1):
        if source := sources.get(".".join(map(str, path[:length]))):
            return source
    return BUILT_IN


def _as_text(rows: list[Row], providers: Providers, warnings: list[str]) -> list[str]:
    shown = [(row, printable(json.dumps(row.value, ensure_ascii=False))) for row in rows]
    key_width = max(len(row.key) for row in rows)
    value_width = min(max(len(value) for _, value in shown), 40)
    lines = [
        f"{row.key:{key_width}}  {value:{value_width}}  {printable(row.source)}"
        f"{'' if row.known else ' (unknown key, ignored)'}"
        for row, value in shown
    ]
    lines += ["", "Models (* is the one a session begins with):"]
    for index, (name, config) in enumerate(providers.named.items()):
        mark = "*" if index == providers.chosen else " "
        key = masked(config.api_key) if config.api_key else "not set"
        lines.append(
            printable(
                f"{mark} {name}  {config.protocol}  {without_password(config.base_url)}  "
                f"key {key} ({config.key_source})  {config.source}"
            )
        )
    if not providers.models:
        lines.append("  none: the offline model answers; /auth connects a provider")
    if warnings:
        lines += ["", "Warnings:", *(f"  {printable(warning)}" for warning in warnings)]
    return lines


def _as_json(rows: list[Row], providers: Providers, warnings: list[str]) -> str:
    return json.dumps(
        {
            "settings": [row._asdict() for row in rows],
            "models": [
                _model(name, config, chosen=index == providers.chosen)
                for index, (name, config) in enumerate(providers.named.items())
            ],
            "warnings": warnings,
        },
        indent=2,
    )


def _model(name: str, config: ModelConfig, *, chosen: bool) -> dict[str, Any]:
    return {
        "name": name,
        "id": config.id,
        "protocol": config.protocol,
        "base_url": without_password(config.base_url),
        "key": masked(config.api_key) if config.api_key else None,
        "key_source": config.key_source,
        "source": config.source,
        "chosen": chosen,
    }
