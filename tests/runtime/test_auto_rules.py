"""What comes while a call is judged in auto mode counts as if it had been there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from tests.runtime.test_auto_mode import Auto, auto, judging, shell
from tests.support.fakes import FakeModel

if TYPE_CHECKING:
    from pathlib import Path


def test_a_rule_that_comes_while_it_judges_is_not_overruled(tmp_path: Path) -> None:
    gate = anyio.Event()

    async def script(at: Auto) -> None:
        at.handle.submit("go", KEYBOARD)
        while not at.judge.requests:
            await anyio.lowlevel.checkpoint()
        at.handle.parts.session.policy.set_rules(ask=["Bash(touch *)"])
        gate.set()
        request = await at.events.until(lambda event: event["type"] == "control_request")
        at.handle.answer(request["request_id"], Decision(False, KEYBOARD))
        await at.events.results()
        assert not (at.work / "made").exists()

    judge = FakeModel([gate, *judging("allow")])
    auto(tmp_path, shell("touch made"), judge=judge, script=script)
