"""Records what the offline model makes of a few prompts, for the tests of the page.

``python -m tests.web.streams`` writes ``tests/web/streams``: streams of this program, as a host gets them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio

from qwen_dual import host

FOLDER = Path(__file__).with_name("streams")
PLACE = "/work-space"

PROMPTS: dict[str, list[str]] = {
    "answers": ["think about it and markdown", "say 30 words", "rewind"],
    "tools": [
        "read greet.py and find *.py",
        "edit greet.py: hello -> good day",
        "write new.txt: one",
        "run printf '\\033[31mred\\033[0m\\n'; false",
        "run touch denied",
        "/approval-mode auto-edit",
        "write other.txt: two",
        "/stats",
        "/nonsense",
    ],
    "agents": ["let explore find *.py and let general-purpose run ls"],
    "session": ["say 3 words", "say 4 words", "/compress", "/clear", "say 5 words"],
    "script": ["plan it", "fail", "look at the image"],
}

_TODOS = [
    [
        {"id": "1", "content": "read the sources", "status": first},
        {"id": "2", "content": "write the tests", "status": second},
    ]
    for first, second in (("in_progress", "pending"), ("completed", "in_progress"))
]

SCRIPT: list[dict[str, Any]] = [
    {"blocks": [{"type": "tool_use", "name": "todo_write", "input": {"todos": _TODOS[0]}}]},
    {"blocks": [{"type": "tool_use", "name": "todo_write", "input": {"todos": _TODOS[1]}}]},
    {"blocks": [{"type": "text", "text": "Half of it is done."}]},
    {"error": {"status": 400, "message": "no such model", "remedy": "change_model"}},
    {"blocks": [{"type": "tool_use", "name": "read_file", "input": {"file_path": "dot.png"}}]},
    {"blocks": [{"type": "text", "text": "A dot."}]},
]

_DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def _policy(request: host.Request) -> bool | host.Deny:
    return host.Deny("not this one") if "denied" in str(request.input) else True


async def _record(name: str, folder: str) -> list[str]:
    Path(folder, "greet.py").write_text("def greet():\n    return 'hello'\n")
    Path(folder, "dot.png").write_bytes(_DOT)
    script = Path(folder, "script.jsonl")
    script.write_text("".join(f"{json.dumps(message)}\n" for message in SCRIPT))
    model = ["--offline-script", str(script)] if name == "script" else ["--offline"]
    async with host.open_session(
        [sys.executable, "-m", "qwen_dual", *model],
        cwd=folder,
        env={**os.environ, "HOME": folder},
        on_approval=_policy,
    ) as session:
        events = aiter(session)
        for prompt in PROMPTS[name]:
            if prompt == "rewind":
                points = await session.rewind_points()
                await session.rewind(points.points[-1].uuid)
            else:
                await session.run(prompt)
    return [
        json.dumps(event.raw, ensure_ascii=False).replace(folder, PLACE) async for event in events
    ]


async def _main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in PROMPTS:
        with tempfile.TemporaryDirectory() as folder:
            lines = await _record(name, folder)
        text = "".join(f"{line}\n" for line in lines)
        (FOLDER / f"{name}.jsonl").write_text(text, encoding="utf-8")
        print(f"{name}: {len(lines)} events")


if __name__ == "__main__":
    anyio.run(_main)
