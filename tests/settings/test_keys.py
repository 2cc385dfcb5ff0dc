"""The table of keys: each is whole, has an effect, and is read through its accessor alone."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import qwen_dual
from qwen_dual.runtime.habits import Habits
from qwen_dual.settings import (
    auto_keys,
    checkpoint_keys,
    keys,
    model_keys,
    terminal_keys,
)
from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.keys import KEYS
from qwen_dual.settings.limiting_keys import RULES as RULES_KIND
from qwen_dual.settings.load import Settings
from qwen_dual.settings.model_keys import ENTRY, GENERATION
from qwen_dual.settings.rules import DROPPED, ListOf
from qwen_dual.settings.untrusted import RULES
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.toolset import SHELL_TIMEOUT_MS
from tests.support.sources import ROOT, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(qwen_dual.__file__).parent

TABLES = {"keys": keys, "model_keys": model_keys, "auto_keys": auto_keys}
TABLES["checkpoint_keys"] = checkpoint_keys
TABLES["terminal_keys"] = terminal_keys
NAMED = {
    name: value
    for table in TABLES.values()
    for name, value in vars(table).items()
    if isinstance(value, Key)
}

ELSEWHERE = {"SANDBOX_BACKEND", "SANDBOX_FILESYSTEM", "SANDBOX_NETWORK"}
"""Read layer by layer, as one object, since a wrong one must not be left out: ``runtime/sandboxing``."""


def test_the_table_has_every_key_once() -> None:
    assert sorted(map(id, (*KEYS, *GENERATION.keys, *ENTRY.keys))) == sorted(
        map(id, NAMED.values())
    )
    assert len({key.path for key in KEYS}) == len(KEYS)
    flat = [key.legacy for key in KEYS if key.legacy]
    assert len(set(flat)) == len(flat)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_default_is_a_right_value_or_stands_for_none(name: str) -> None:
    key, wrong = NAMED[name], list[Any]()
    if key.default not in (None, "", (), {}):
        assert key.kind.read(key.default, (), wrong.append) is not DROPPED
    assert wrong == []
    assert key.doc.endswith(".")


def test_every_key_has_an_effect() -> None:
    used = {
        node.attr
        for path, text in sources(PACKAGE.name).items()
        if path.name not in ("keys.py", "model_keys.py", "table.py") and "keys." in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in TABLES
    }
    assert NAMED.keys() - used - ELSEWHERE == set()
    sandboxing = (PACKAGE / "runtime" / "sandboxing.py").read_text(encoding="utf-8")
    for name in ELSEWHERE:
        assert f'"{NAMED[name].place[-1]}"' in sandboxing


def _literal_gets(path: Path, text: str) -> Iterator[str]:
    if "settings" not in text or ".get(" not in text:
        return  # most: to read their grammar takes seconds
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        literal = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if node.func.attr != "get" or not literal:
            continue
        if "settings" in ast.unparse(node.func.value).split(".")[-1]:
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def test_no_setting_is_read_by_a_literal_name() -> None:
    found = [
        line
        for folder in (PACKAGE.name, "tests", "benchmarks", "demos")
        for path, text in sources(folder).items()
        for line in _literal_gets(path, text)
    ]
    assert found == []


def test_what_is_not_set_has_its_default_and_what_is_set_its_value() -> None:
    assert Settings().get(keys.CHAT_RECORDING) is True
    values = {"general": {"chatRecording": False}, "ui": {"theme": "dark"}}
    settings = Settings(values=values, sources={"ui.theme": "/a"})
    assert settings.get(keys.CHAT_RECORDING) is False
    assert (settings.source(keys.THEME), settings.source(keys.MODEL)) == ("/a", "settings")
    assert Habits.of(settings) == Habits(theme="dark")


def test_tools_that_nobody_configures_have_the_same_limits() -> None:
    assert Limits() == Limits(keys.OUTPUT_CHARS.default, keys.OUTPUT_LINES.default)
    assert keys.SHELL_TIMEOUT.default == SHELL_TIMEOUT_MS


def test_all_lists_of_a_project_are_bounded() -> None:
    brought = [
        key
        for key in KEYS
        if (isinstance(key.kind, ListOf) or key.kind is RULES_KIND) and key.trust != "person"
    ]
    assert set(map(id, brought)) == set(map(id, RULES))


def test_an_object_within_an_object_is_read_by_its_own_keys() -> None:
    wrong: list[Any] = []
    section = Section((Key("a.b", keys.THEME.kind, None), Key("a.c.d", keys.VIM_MODE.kind, False)))
    values = {"a": {"b": "", "c": {"d": True, "e": 1}}, "f": 2}
    assert section.read(values, (), wrong.append) == {"a": {"c": {"d": True, "e": 1}}, "f": 2}
    assert [each.at for each in wrong] == [("a", "b")]
