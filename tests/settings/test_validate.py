"""Wrong values: how they are told, what goes and what stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_dual.settings.keys import check, clean
from qwen_dual.settings.layers import Layer
from qwen_dual.settings.positions import line_of
from qwen_dual.settings.table import keys
from qwen_dual.settings.validate import validate

if TYPE_CHECKING:
    from tests.settings.folders import Folders

FILE = """{
  // "approvalMode": "not this one"
  "other": {"approvalMode": 1},
  "tools": {
    "approvalMode": "fast",
    "shell": {"defaultTimeoutMs": -1},
  },
  "permissions": {"allow": ["Bash(ls)", 3], "deny": "all"},
  "modelProviders": {
    "openai": [
      {"id": "good", "generationConfig": {
        "timeout": "soon", "maxRetries": 2}},
      {"name": "no id"},
      {"id": "b", "envKey": "sk-planted-1234567890123456"},
      {"id": "c", "baseUrl": "$NOWHERE/v1"},
      7,
    ]
  },
  "env": {"PLANTED_KEY": ["planted"]},
  "ui": [],
  "proxy": "planted:1",
}
"""


def test_each_wrong_value_is_told_with_file_line_key_value_and_what_is_expected(
    folders: Folders,
) -> None:
    folders.user(FILE)
    at = ".qwen/settings.json"
    assert sorted(folders.wrong()) == sorted(
        [
            (
                f"{at}:5: tools.approvalMode = 'fast' is not used: "
                "expected one of plan, default, auto-edit, auto, yolo; until that is mended, the mode is plan"
            ),
            (
                f"{at}:6: tools.shell.defaultTimeoutMs = -1 is not used: "
                "expected milliseconds, more than 0"
            ),
            f"{at}:8: permissions.allow[1] = 3 is not used: expected a text that is not empty",
            (
                f"{at}:8: permissions.deny = 'all' is not used: expected a list of texts; "
                "until that is mended, every call is denied"
            ),
            (
                f"{at}:12: modelProviders.openai[0].generationConfig.timeout = 'soon' is not used: "
                "expected milliseconds, more than 0"
            ),
            f"{at}:13: modelProviders.openai[1] is not used: it has no id",
            (
                f"{at}:14: modelProviders.openai[2].envKey = (hidden) is not used, nor is its model: "
                "expected the name of an environment variable, not the key itself "
                "(the key goes into env)"
            ),
            (
                f"{at}:15: modelProviders.openai[3].baseUrl = '$NOWHERE/v1' is not used, nor is its "
                "model: expected variables that are set, and NOWHERE is not"
            ),
            f"{at}:16: modelProviders.openai[4] = 7 is not used: expected an object",
            (
                f"{at}:19: env.PLANTED_KEY = […] is not used: expected a text, a number or true or "
                "false"
            ),
            f"{at}:20: ui = [] is not used: expected an object",
            (
                f"{at}:21: proxy = 'planted:1' is not used: "
                "expected a URL that begins with http://, https://, socks5:// or socks5h://"
            ),
        ]
    )


def test_siblings_of_wrong_values_stay(folders: Folders) -> None:
    folders.user(FILE)
    full = folders.full()
    assert full.values["permissions"] == {"allow": ["Bash(ls)"], "deny": ["*"]}
    good = {"id": "good", "generationConfig": {"maxRetries": 2}}
    assert full.values["modelProviders"] == {"openai": [good]}
    assert full.values["other"] == {"approvalMode": 1}
    assert full.values == folders.load().values
    assert full.sources == folders.load().sources


def test_a_flat_name_is_told_as_it_is_written(folders: Folders) -> None:
    folders.user('{\n"approvalMode": "fast"}')
    assert folders.wrong()[0].startswith(".qwen/settings.json:2: approvalMode = 'fast'")


@pytest.mark.parametrize(
    "value",
    [
        {"env": {"MY_TOKEN": {"planted": 1}}},
        {"tools": {"approvalMode": "$MY_TOKEN"}},
        {"modelProviders": {"openai": {"apiKey": "planted"}}},
        {"modelProviders": {"openai": [{"id": "a", "envKey": "AIzaplanted_planted_planted_x"}]}},
        {"model": {"generationConfig": {"customHeaders": {"Authorization": "planted\n"}}}},
        {"model": {"generationConfig": {"customHeaders": {"X": 1, "Y": "planted\r"}}}},
        {"proxy": "ftp://user:planted@host"},
        {"ui": {"theme": ["planted"]}},
    ],
)
def test_a_secret_is_never_part_of_a_message(folders: Folders, value: dict[str, Any]) -> None:
    folders.user(value)
    warnings = folders.wrong(MY_TOKEN="planted")
    assert warnings
    assert "planted" not in "".join(warnings)


def test_a_control_character_in_a_key_does_not_reach_the_terminal(folders: Folders) -> None:
    folders.user({"env": {"\x1b[2J": []}})
    assert "\x1b" not in folders.wrong()[0]
    assert "\\x1b[2J" in folders.wrong()[0]


def test_the_line_is_that_of_the_key_at_its_place() -> None:
    text = '{"b": {"a": 1},\n "a": [{\n "x": "}"}, // "a"\n {\'x\': 2, y: {\n "a\\u0062": 0}}],\n "a": 1}'
    assert line_of(text, ("b", "a")) == 1
    assert line_of(text, ("a", 0, "x")) == 3
    assert line_of(text, ("a", 1)) == 4
    assert line_of(text, ("a", 1, "y", "ab")) == 5
    assert line_of(text, ("a", 1, "z")) == 4
    assert line_of(text, ("a",)) == 6
    assert line_of(text, ("none",)) is None


NAMES = st.text(max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_is_found_on_its_line(value: Any) -> None:
    text = json.dumps({"top": value}, indent=1)
    lines = text.split("\n")

    def check(at: Any, path: tuple[str | int, ...]) -> None:
        line = line_of(text, path)
        assert line is not None
        shown = json.dumps(at)
        if not isinstance(at, (dict, list)):
            assert lines[line - 1].rstrip(",").endswith(shown)
        inner = (
            at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
        )
        for key, item in inner:
            check(item, (*path, key))

    check(value, ("top",))


def _tree() -> dict[str, Any]:
    """The keys of the schema as nested dicts, ``None`` where a value stands."""
    tree: dict[str, Any] = {}
    for key, _ in keys():
        at = tree
        *parents, last = key.replace("[]", ".[]").split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = None
    return tree


PLAUSIBLE = st.sampled_from(
    [
        "plan", "yolo", "fast", "openai", "http://x/v1", "https://u:p@h", "ftp://x", "$SET/x",
        "$UNSET", "", " ", "A_KEY", "sk-1234567890123456789", "a\0b", "a\nb", 0, 1, -1, -2, 1.5,
        1e400, 10**400, True, False, [], {}, ["a"], ["a", 1, ""], {"k": "v"}, {"k": 1, "l": []}, None, "é",
        {"effort": "high"}, "x" * 50,
    ]
)  # fmt: skip


def _settings(tree: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Settings that know the keys and get many values wrong."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for key, inner in tree.items():
        value = PLAUSIBLE if inner is None else _settings(inner) | PLAUSIBLE
        if key == "[]":
            return st.lists(value, max_size=3)
        if key in ("*", "{openai,anthropic,gemini}"):
            return st.dictionaries(st.sampled_from(["openai", "mine", ""]), value, max_size=2)
        fields[key] = value
    known = st.fixed_dictionaries({}, optional=fields)
    return st.tuples(known, st.dictionaries(NAMES, VALUES, max_size=1)).map(
        lambda both: {**both[1], **both[0]}
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(_settings(_tree()), min_size=1, max_size=3))
def test_what_is_left_is_right_and_each_value_that_is_not_is_told(
    files: list[dict[str, Any]],
) -> None:
    layers = [
        Layer(f"layer {number}", f"/{number}", text, json.loads(text), json.loads(text))
        for number, text in enumerate(map(json.dumps, files))
    ]
    full = validate(layers)
    assert bool(full.warnings) == any(clean(layer.values) != layer.values for layer in layers)
    assert check(full.values) == (full.values, [])
    for layer in layers:
        assert layer.values == layer.raw, "a layer is as its file has it"


def test_of_thousands_of_wrong_values_some_are_named_and_the_others_counted(
    folders: Folders,
) -> None:
    folders.user({"modelProviders": {"openai": [{"id": number} for number in range(5000)]}})
    told = folders.wrong()
    assert len(told) == 21
    assert told[-1].endswith("settings.json: 4,980 more values are not used")
