"""One prompt each, as recorded from Qwen Code 0.24.4, given to ours: the same kinds, order and fields.

Where ours is meant to be another, ``BETTER`` and ``OTHERWISE`` say so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from tests.headless.program import Ended, Runner
from tests.models.server import Reply, reply, serve, sse

RECORDINGS = Path(__file__).parents[1] / "reference" / "headless"

BETTER = {
    "system": {"skills", "agent"},
    "result": {"stop_reason", "total_cost_usd", "context_tokens", "context_window"},
    "error": {"kind", "status", "remedy"},
    "usage": {"total_tokens"},  # of a call that failed, too
}
"""Fields that ours adds, by the type of the message."""

OTHERWISE = {
    "session_id",
    "uuid",
    "id",
    "cwd",
    "tools",
    "slash_commands",
    "agents",
    "qwen_code_version",
    "duration_ms",
    "duration_api_ms",
    "permission_mode",  # `auto` there, which is not here yet
}
"""Fields with a value of each program's own."""

NAMES = [
    "prompt_text",
    "prompt_json",
    "prompt_stream_json",
    "prompt_stream_json_partials",
    "stdin_and_prompt",
    "prompt_http_401",
    "prompt_max_turns",
]


class Recording:
    """One exchange: how it was started, what went in, what came out."""

    def __init__(self, name: str) -> None:
        lines = (RECORDINGS / f"raw-{name}.jsonl").read_text().splitlines()
        self._records = [json.loads(line) for line in lines]
        self.arguments: list[str] = self._records[0]["argv"]
        self.stdin = "".join(f"{line}\n" for line in self._of("in"))
        self.out = "".join(f"{line}\n" for line in self._of("out"))
        self.status: int = self._records[-1]["status"]

    def _of(self, way: str) -> list[str]:
        return [each["line"] for each in self._records if each["dir"] == way and "line" in each]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What came out, without what is the other program's own affair."""
        ended = Ended(self.status, self.out, "")
        return [
            message
            for message in ended.messages
            if message.get("event", {}).get("type") != "goal_state"
        ]


def answers_to(arguments: list[str]) -> list[Reply]:
    """What the model said to the prompt in the recordings."""
    prompt = arguments[arguments.index("-p") + 1]
    if prompt == "ERR401":
        return [reply({"error": {"message": "mock says no"}}, status=401)]
    usage = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}
    if prompt.startswith("TOOLS"):
        call = {
            "index": 0,
            "id": "call_1",
            "type": "function",
            "function": {"name": "list_directory", "arguments": '{"path": "."}'},
        }
        delta = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
        return [sse(delta, usage, "[DONE]")]
    words = [f"word{number} " for number in range(int(prompt.rpartition("=")[2]))]
    deltas = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    return [sse(*deltas, usage, "[DONE]")]


def played(recording: Recording, folder: Path) -> Ended:
    replies = answers_to(recording.arguments)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(*replies)) as server,
    ):
        env = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": server.url, "OPENAI_MODEL": "mock"}
        return Runner(folder, env).run(*recording.arguments, stdin=recording.stdin)


def comparable(message: dict[str, Any], kind: str) -> dict[str, Any]:
    """A message without what ours adds, with a mark for what each has its own value of."""
    added = BETTER.get(kind, set())
    found: dict[str, Any] = {}
    for key, value in message.items():
        if key in added or key == "stats":
            continue
        if key in OTHERWISE:
            found[key] = type(value).__name__
        elif isinstance(value, dict):
            found[key] = comparable(value, key)
        elif isinstance(value, list):
            found[key] = [
                comparable(each, key) if isinstance(each, dict) else each for each in value
            ]
        elif isinstance(value, str) and value.startswith("[API Error: 401 "):
            # Ours says besides whose key was refused, and what to do.
            assert "mock says no" in value
            found[key] = "[API Error: 401 …]"
        else:
            found[key] = value
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_comes_out_as_recorded(name: str, tmp_path: Path) -> None:
    recording = Recording(name)
    ended = played(recording, tmp_path)
    assert ended.status == recording.status
    if name == "prompt_max_turns":
        # The reference ends without a word on stdout; ours says what ended it.
        assert recording.out == ""
        assert (ended.result["subtype"], ended.result["num_turns"]) == ("error_max_turns", 1)
        return
    if name in ("prompt_text", "stdin_and_prompt"):
        assert ended.out == recording.out
        return
    expected = [comparable(message, message["type"]) for message in recording.messages]
    for message in expected:
        # Its second call of the model, for memories of its own, counts there too.
        if message["type"] == "result" and not message["is_error"]:
            message["usage"] = {key: value // 2 for key, value in message["usage"].items()}
        # A call that failed has no tokens; ours says that in all the fields that there are.
    found = [comparable(message, message["type"]) for message in ended.messages]
    assert [list(message) for message in found] == [list(message) for message in expected]
    assert found == expected


def test_what_was_piped_reached_the_model_before_the_prompt(tmp_path: Path) -> None:
    recording = Recording("stdin_and_prompt")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(*answers_to(recording.arguments))) as server,
    ):
        env = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": server.url, "OPENAI_MODEL": "mock"}
        Runner(tmp_path, env).run(*recording.arguments, stdin=recording.stdin)
        (request,) = server.requests
    last = request.json["messages"][-1]["content"]
    asked = last if isinstance(last, str) else last[0]["text"]
    assert asked == "context on stdin\n\nand this N=2"
