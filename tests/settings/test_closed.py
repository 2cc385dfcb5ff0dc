"""A key that takes something away and cannot be understood takes away more, and is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings import keys
from qwen_dual.settings.keys import KEYS

if TYPE_CHECKING:
    from qwen_dual.settings.key import Key
    from tests.settings.folders import Folders

STRICT = [key for key in KEYS if key.closed is not None]
LOOSER_THAN_NOTHING = {"anyone", "tightens"}


def put(key: Key[Any], value: Any) -> dict[str, Any]:
    """A file that sets a key."""
    for part in reversed(key.place):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def test_every_list_that_takes_something_away_says_what_a_wrong_one_means() -> None:
    assert {key.path for key in STRICT} == {
        "tools.approvalMode",
        "tools.exclude",
        "tools.core",
        "permissions.ask",
        "permissions.deny",
        "disableAllHooks",
        "security.allowedHttpHookUrls",
        "general.chatRecording",
        "dualOutput.review",
        "dualOutput.rights",
        "mcp.allowed",
        "mcp.excluded",
        "skills.disabled",
    }
    shown = {"ui.theme", "ui.hideBanner", "ui.images", "ui.hideTips", "ui.enterWhileBusy"}
    assert {key.path for key in KEYS if key.trust in LOOSER_THAN_NOTHING} - shown <= {
        key.path for key in STRICT
    }


@pytest.mark.parametrize("key", STRICT, ids=lambda key: key.path)
@pytest.mark.parametrize("value", [7, {"a": 1}, "nonsense", ["a", 7], [""]])
def test_a_wrong_value_counts_as_the_strictest_and_is_named(
    folders: Folders, key: Key[Any], value: Any
) -> None:
    folders.defaults({"tools": {"approvalMode": "yolo"}})
    folders.user(put(key, value))
    assert key.closed is not None
    assert folders.load().get(key) == key.closed[0]
    (warning,) = folders.wrong()
    assert f"{key.path}" in warning and warning.startswith(".qwen/settings.json")
    assert warning.endswith(f"; until that is mended, {key.closed[1]}")


def test_a_section_that_is_none_closes_all_that_is_in_it(folders: Folders) -> None:
    folders.user({"permissions": ["Bash(rm *)"], "mcp": "none"})
    settings = folders.load()
    assert settings.get(keys.DENY) == settings.get(keys.ASK) == [keys.EVERYTHING]
    assert settings.get(keys.ALLOW) == ()
    assert settings.get(keys.MCP_EXCLUDED) == ["*"]
    first, second = sorted(folders.wrong())
    assert "no MCP server is used" in first
    assert "every call is asked about; every call is denied" in second


def test_of_a_file_that_does_not_parse_the_keys_that_it_names_are_closed(folders: Folders) -> None:
    folders.user('{"permissions": {"deny": ["Bash(rm *)"], "allow": ["Bash"]')
    settings = folders.load()
    assert settings.get(keys.DENY) == [keys.EVERYTHING]
    assert settings.get(keys.APPROVAL_MODE) == "default" and settings.get(keys.ALLOW) == ()
    (warning,) = settings.warnings
    assert str(folders.user_file) in warning
    assert warning.endswith("; until that is mended, every call is denied")


def test_a_file_that_does_not_parse_and_takes_nothing_away_changes_nothing(
    folders: Folders,
) -> None:
    folders.user('{"ui": {"theme": "dark"')
    folders.workspace('{"permissions": {"deny": ["Bash(rm *)"]')
    assert folders.load().values == {}
