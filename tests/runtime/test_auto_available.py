"""Where there is an auto mode, who judges in it, and which rules have no effect."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.errors import ModeRefused
from tests.runtime.test_auto_mode import Auto, auto, judging, shell
from tests.support.fakes import FakeModel

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_fast_model_the_one_in_force_judges(tmp_path: Path) -> None:
    async def script(at: Auto) -> None:
        await at.hooked.ask("go")
        assert (at.work / "made").exists()
        assert at.judge.requests == []

    auto(
        tmp_path,
        shell("touch made"),
        judging("allow"),
        judge=FakeModel(),
        settings={"fastModel": "gone"},
        script=script,
    )


def test_the_mode_says_which_rules_have_no_effect_in_it(tmp_path: Path) -> None:
    async def script(at: Auto) -> None:
        at.handle.set_approval_mode("auto", KEYBOARD)
        [told] = at.hooked.notices()
        assert told == "Without effect in auto mode, since they allow every command: Bash."

    rules = {"permissions": {"allow": ["Bash", "Bash(git log *)"]}}
    auto(tmp_path, judge=FakeModel(), settings=rules, script=script, approval_mode="default")


# -- folders that are not trusted --------------------------------------------------------------


def test_there_is_none_in_a_folder_that_is_not_trusted(tmp_path: Path) -> None:
    async def script(at: Auto) -> None:
        assert at.handle.approval_mode == "default"
        with pytest.raises(ModeRefused, match="not trusted"):
            at.handle.set_approval_mode("auto", KEYBOARD)
        assert (await at.hooked.ask("/approval-mode auto"))["is_error"]
        told = await at.handle.load()
        assert any("no auto mode in a folder" in text for text in told)
        await at.hooked.ask("/trust session")
        await at.hooked.ask("/approval-mode auto")
        assert at.handle.approval_mode == "auto"
        await at.hooked.ask("/trust no")
        assert at.handle.approval_mode == "default"

    auto(tmp_path, judge=FakeModel(), script=script, trust=False)


def test_the_settings_begin_with_it_where_the_folder_is_trusted(tmp_path: Path) -> None:
    async def script(at: Auto) -> None:
        assert at.handle.approval_mode == "auto"
        assert at.events.of("session_start")[0]["data"]["approval_mode"] == "auto"

    settings = {"tools": {"approvalMode": "auto"}}
    auto(tmp_path, judge=FakeModel(), script=script, settings=settings, approval_mode=None)


def test_who_does_not_use_it_imports_nothing_of_it() -> None:
    code = "import sys, qwen_dual.runtime.assembly, qwen_dual.runtime.late\n"
    code += "print(sorted(name for name in sys.modules if '.auto' in name))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['qwen_dual.settings.auto_keys']"
