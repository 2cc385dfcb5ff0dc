"""A plan and a verdict of auto mode, as a host of the real program has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.host.support import on_trio, real, run

if TYPE_CHECKING:
    from pathlib import Path


def script(folder: Path, *blocks: dict[str, Any]) -> str:
    path = folder / "script.jsonl"
    path.write_text("".join(json.dumps({"blocks": [block]}) + "\n" for block in blocks))
    return str(path)


def use(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": given}


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


@on_trio
def test_a_host_reads_a_plan_and_chooses_how_to_go_on(tmp_path: Path, backend: str) -> None:
    played = script(
        tmp_path,
        use("exit_plan_mode", plan="# Make it\n"),
        use("write_file", file_path="made.txt", content="x"),
        say("Done."),
    )
    arguments = ("--offline-script", played, "--approval-mode", "plan")

    async def main() -> None:
        async with real(tmp_path, *arguments) as session:
            with session.events() as events:
                turn = await session.submit("plan it")
                async for event in events:
                    if event.type == "control_request":
                        break
            [request] = session.pending.values()
            assert request.preview is not None
            assert (request.preview.kind, request.preview.text) == ("plan", "# Make it\n")
            assert request.previous_mode == "default"
            ways = [one.mode for one in request.suggestions if one.type == "allow"]
            assert ways == ["default", "auto-edit", "previous"]
            found = await session.approve(request, mode="auto-edit")
            assert (found.allowed, found.in_time) == (True, True)
            assert (await turn.result()).text == "Done."

    run(backend, main)
    assert (tmp_path / "work/made.txt").read_text() == "x"


@on_trio
def test_a_host_is_told_what_a_model_said_that_judged_a_call(tmp_path: Path, backend: str) -> None:
    played = script(
        tmp_path,
        use("run_shell_command", command="touch made"),
        say('{"verdict": "allow", "reason": "plain"}'),
        say("Done."),
    )
    arguments = ("--offline-script", played, "--approval-mode", "auto", "--trust")

    async def main() -> None:
        async with real(tmp_path, *arguments) as session:
            found = {}
            with session.events() as events:
                turn = await session.submit("make it")
                async for event in events:
                    if event.subtype == "auto_verdict":
                        found = event.data
                    if (result := event.tool_result) is not None:
                        break
            assert result is not None
            assert (found["verdict"], found["reason"]) == ("allow", "plain")
            assert (result.auto_verdict, result.auto_reason) == ("allow", "plain")
            assert (await turn.result()).text == "Done."

    run(backend, main)
