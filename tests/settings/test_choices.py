"""What a person chose in the UI, kept in a settings file that is otherwise theirs."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.settings import keys
from qwen_dual.settings.choices import keep_choices
from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.files import parse_object
from qwen_dual.settings.insertion import with_value

if TYPE_CHECKING:
    from pathlib import Path

COMMENTED = """\
// mine
{
  // how it looks
  "ui": {
    "theme": "light", // by day
    hideTips: true,
  },
  "permissions": { "deny": ["Read(.env)"] }, /* never */
}
"""


def test_comments_order_and_all_else_stay(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(COMMENTED)
    assert keep_choices(str(tmp_path), {keys.THEME: "dark"}) == str(file)
    assert file.read_text() == COMMENTED.replace('"light"', '"dark"')


def test_what_was_not_there_is_put_behind_the_last(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(COMMENTED)
    keep_choices(str(tmp_path), {keys.MODEL: "qwen", keys.SELECTED_TYPE: "openai"})
    text = file.read_text()
    assert text.startswith(COMMENTED.partition(", /* never */")[0])
    assert "/* never */" in text
    assert parse_object("x", text) == {
        **parse_object("x", COMMENTED),
        "model": {"name": "qwen"},
        "security": {"auth": {"selectedType": "openai"}},
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "ui": {\n    "theme": "dark"\n  }\n}\n'),
        ("{}\n", '{\n  "ui": {\n    "theme": "dark"\n  }\n}\n'),
        ('{"ui": {}}', '{"ui": {\n  "theme": "dark"\n}}'),
        ('{"a": 1}', '{"a": 1, "ui": {"theme": "dark"}}'),
        ('{\n\t"a": 1 // one\n}', '{\n\t"a": 1, // one\n\t"ui": {\n\t  "theme": "dark"\n\t}\n}'),
        ('{"ui": {"theme": "x"}, "ui": {"theme": "y"}}', None),
    ],
)
def test_it_is_written_as_the_file_is(before: str, after: str | None) -> None:
    made = with_value(before, ["ui", "theme"], "dark")
    assert parse_object("x", made)["ui"]["theme"] == "dark"
    if after is not None:
        assert made == after


@pytest.mark.parametrize("text", ['{"ui": 3}', "[1]", "{oops", '{"ui": {"theme": "x"'])
def test_a_file_that_cannot_take_it_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(CannotKeep, match=r'ui\.theme "dark"'):
        keep_choices(str(tmp_path), {keys.THEME: "dark"})
    assert file.read_text() == text


def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    home = tmp_path / ".qwen"
    keep_choices(str(home), {keys.THEME: "dark"})
    file = home / "settings.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    keep_choices(str(home), {keys.THEME: "light"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert json.loads(file.read_text()) == {"ui": {"theme": "light"}}


values = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["a", "ui", "model", "x:y", '"']), values, max_size=4)


@given(objects, st.sampled_from([None, 1, 2, "\t"]), st.text(max_size=5))
def test_any_object_gets_the_value_and_keeps_the_rest(
    before: dict[str, object], indent: int | str | None, value: str
) -> None:
    before = {**before, "ui": before["ui"] if isinstance(before.get("ui"), dict) else {"k": 1}}
    text = json.dumps(before, indent=indent)
    found = parse_object("x", with_value(text, ["ui", "theme"], value))
    section = before["ui"]
    assert isinstance(section, dict)
    assert found == {**before, "ui": {**section, "theme": value}}
