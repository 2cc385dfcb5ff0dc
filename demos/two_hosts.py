"""Two hosts on one session: an editor that may submit prompts, and a phone that may only answer.

Neither can do what the other may, and the person at the terminal sees who did what.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import anyio

from qwen_dual import host

RIGHTS = {"editor": ["observe", "submit"], "phone": ["observe", "approve"]}


async def main() -> None:
    """The editor asks for a command, which the phone allows."""
    with tempfile.TemporaryDirectory(prefix="two-hosts-") as name:
        folder = Path(name)
        # What the person would have in ~/.qwen/settings.json.
        (folder / "settings.json").write_text(json.dumps({"dualOutput": {"rights": RIGHTS}}))
        command = [sys.executable, "-m", "qwen_dual", "--offline", "--socket", f"{name}/socket"]
        env = {**os.environ, "QWEN_HOME": name}
        async with host.open_session(command, cwd=name, env=env) as terminal:
            path = terminal.greeting.data["socket"]

            def decide(request: host.Request) -> bool:
                return request.input.get("command") == "mkdir made"

            async with (
                host.connect(path, name="editor") as editor,
                host.connect(path, name="phone", on_approval=decide) as phone,
            ):
                await editor.run("run mkdir made")
                print("made:", (folder / "made").is_dir())
                print("there are", *(each.name for each in phone.hosts))
                for who, text in ((editor, "/approval-mode yolo"), (phone, "run ls")):
                    try:
                        await who.submit(text)
                    except host.CommandRejected as error:
                        print(error.message)


if __name__ == "__main__":
    anyio.run(main)
