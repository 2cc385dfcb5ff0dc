"""What the settings of a folder that is trusted may do with the person's: join them and tighten them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings import keys
from qwen_dual.settings.stricter import NOTHING

if TYPE_CHECKING:
    from qwen_dual.settings.key import Key
    from tests.settings.folders import Folders

Case = tuple[str, Any, Any, bool]

CASES: list[Case] = [
    *(("tools.approvalMode", "plan", mode, False) for mode in ("default", "auto-edit", "yolo")),
    ("tools.approvalMode", "default", "auto-edit", False),
    ("tools.approvalMode", "yolo", "auto", True),
    ("tools.approvalMode", "yolo", "plan", True),
    ("tools.core", ["read_file", "edit"], ["read_file"], True),
    ("tools.core", ["read_file"], ["read_file", "run_shell_command"], False),
    ("tools.core", ["read_file"], [], False),
    ("tools.core", [], ["edit"], True),
    ("mcp.allowed", ["a"], ["b"], False),
    ("mcp.allowed", ["a", "b"], ["b"], True),
    ("general.chatRecording", False, True, False),
    ("general.chatRecording", True, False, True),
    ("context.fileFiltering.respectGitIgnore", True, False, False),
    ("context.fileFiltering.respectQwenIgnore", False, True, True),
    ("permissions.autoMode.classifyAllShell", True, False, False),
    ("permissions.autoMode.mcp.forwardArguments", False, True, False),
    ("model.maxSessionTurns", 5, -1, False),
    ("model.maxSessionTurns", 5, 6, False),
    ("model.maxSessionTurns", -1, 6, True),
    ("model.maxSubagentDepth", 1, 5, False),
    ("stopHookBlockingCap", 2, 1, True),
    ("dualOutput.jsonFile", "mine", "theirs", False),
    ("dualOutput.inputFile", "mine", "theirs", False),
    ("dualOutput.socket", False, True, False),
]


def put(path: str, value: Any) -> dict[str, Any]:
    for part in reversed(path.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def key_of(path: str) -> Key[Any]:
    return next(key for key in keys.KEYS if key.path == path)


@pytest.mark.parametrize(("path", "mine", "theirs", "counts"), CASES)
def test_of_what_the_person_has_set_it_only_tightens(
    folders: Folders, path: str, mine: Any, theirs: Any, counts: bool
) -> None:
    folders.trust()
    folders.user(put(path, mine))
    folders.workspace(put(path, theirs))
    settings = folders.load()
    assert settings.get(key_of(path)) == (theirs if counts else mine)
    told = f"{folders.project_file}: {path} is not used: a folder only tightens yours"
    assert settings.warnings == ([] if counts or theirs == [] else [told])
    # The machine's own word stands above both.
    folders.override(put(path, mine))
    assert folders.load().get(key_of(path)) == mine


def test_every_key_that_a_folder_can_only_tighten_is_among_the_cases() -> None:
    assert {key.path for key in keys.KEYS if key.stricter} == {path for path, *_ in CASES}
    for path, mine, *_ in CASES:
        stricter = key_of(path).stricter
        assert stricter is not None and stricter(mine, mine)


@pytest.mark.parametrize("path", ["tools.exclude", "permissions.deny", "permissions.ask"])
def test_a_list_that_restricts_joins_the_persons(folders: Folders, path: str) -> None:
    folders.trust()
    folders.defaults(put(path, ["machine"]))
    folders.user(put(path, ["mine", "both"]))
    for theirs in ([], ["theirs", "both"]):
        folders.workspace(put(path, theirs))
        assert folders.load().get(key_of(path)) == ["machine", "mine", "both", *theirs[:1]]


def test_the_mode_of_a_folder_is_at_most_auto_edit(folders: Folders) -> None:
    folders.trust()
    for mode, told in (("auto-edit", False), ("auto", True), ("yolo", True)):
        folders.workspace({"approvalMode": mode})
        settings = folders.load()
        assert settings.get(keys.APPROVAL_MODE) == ("default" if told else mode)
        line = f"{folders.project_file}: approvalMode is not used: no folder turns on {mode}"
        assert settings.warnings == [line] * told
    # What cannot be understood takes away, whatever the person has set.
    folders.user({"tools": {"approvalMode": "yolo", "core": ["edit"]}})
    folders.workspace({"tools": {"approvalMode": "yolo!", "core": 5}})
    settings = folders.load()
    assert settings.get(keys.APPROVAL_MODE) == "plan"
    assert settings.get(keys.CORE_TOOLS) == [NOTHING]


def test_a_switch_for_hooks_in_a_folder_is_about_the_folders_own(folders: Folders) -> None:
    folders.trust()
    for mine in (True, False, None):
        for theirs in (True, False, None):
            folders.user({"disableAllHooks": mine})
            folders.workspace({"disableAllHooks": theirs})
            settings = folders.load()
            assert settings.get(keys.DISABLE_ALL_HOOKS) is bool(mine)
            assert settings.folder_hooks_off is bool(theirs)
            assert folders.full().values.get("disableAllHooks") is mine
    folders.workspace({"disableAllHooks": "yes"})
    assert folders.load().folder_hooks_off
