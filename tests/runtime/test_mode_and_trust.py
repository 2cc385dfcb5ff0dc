"""In a folder that nobody trusts the mode is still the person's: only the folder cannot loosen it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.frontends.headless.control import ControlProtocol
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from qwen_dual.protocol.control import ControlRequest
from tests.headless.control_kit import Servers
from tests.hooks.kit import play, session

if TYPE_CHECKING:
    from pathlib import Path


def test_the_keyboard_a_channel_and_an_sdk_choose_alike_and_the_folder_does_not(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work" / ".qwen"
    folder.mkdir(parents=True)
    loose = {"tools": {"approvalMode": "yolo"}}
    (folder / "settings.json").write_text(json.dumps(loose))

    async def main() -> None:
        async with session(tmp_path, {}) as one:
            handle = one.handle
            assert not handle.launch.settings.trusted and handle.approval_mode == "default"
            handle.submit("/approval-mode yolo", KEYBOARD)
            await one.events.results()
            assert handle.approval_mode == "yolo"
            for mode in ("default", "yolo"):
                command = {"type": "set_approval_mode", "mode": mode}
                handle.dispatcher(INPUT).command(parse_command(encode(command).strip()))
                assert handle.approval_mode == mode
            control = ControlProtocol(handle, lambda _: None, lambda _: None, servers=Servers())
            for mode in ("default", "yolo"):
                asked = {"subtype": "set_permission_mode", "mode": mode}
                control.request(ControlRequest("r", "set_permission_mode", asked))
                assert handle.approval_mode == mode

    play(main)
