"""A small program with dual output that keeps every promise of the base but the one that is named in BREAK.

It has no UI: what is typed is a line. Everything that a check may ask of it is in its few verbs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
import uuid
from typing import Any

import anyio
import anyio.to_thread

BREAK = os.environ.get("PYTHONPATH", "").partition("break=")[2]
NUMBERS = {"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 0, "total_tokens": 2}
LATE = "unknown request_id (already resolved, cancelled, or never issued)"


class Faulty:
    def __init__(self, output: int, commands: str) -> None:
        self.output = output
        self.commands = commands
        self.session = "s" if BREAK == "session_id" else str(uuid.uuid4())
        self.pending: dict[str, tuple[str, str]] = {}
        self.queue: list[str] = []
        self.over = anyio.Event()

    def emit(self, kind: str, **body: Any) -> None:
        event: dict[str, Any] = {
            "type": kind,
            "uuid": str(uuid.uuid4()),
            "session_id": self.session,
        }
        event |= {"parent_tool_use_id": None, **body}
        if kind.startswith("control"):
            event = {"type": kind, **body}
        if BREAK == "envelope":
            event["uuid"] = "same"
        line = json.dumps(event, ensure_ascii=False).encode()
        if BREAK.startswith("output") and kind == "assistant":
            line = line.replace(b'"', b"'")
        os.write(self.output, line + b"\n")

    def start(self) -> None:
        data = {
            "session_id": self.session,
            "cwd": os.getcwd(),
            "protocol_version": 2,
            "version": "1",
        }
        if BREAK != "session_start":
            data["supported_events"] = ["system"]
        if BREAK == "rewind":
            data["supported_commands"] = ["submit"]
        # As programs of a higher level do, it watches its input from its first event on.
        self.emit("system", subtype="session_start", data={**data, "agent": "faulty"})

    def say(self, text: str, *calls: dict[str, Any]) -> None:
        def stream(**event: Any) -> None:
            self.emit("stream_event", event=event)

        def block(content: dict[str, Any], stop: str | None) -> None:
            message: dict[str, Any] = {
                "id": "m",
                "type": "message",
                "role": "assistant",
                "model": "f",
            }
            message |= {"content": [content], "stop_reason": stop, "usage": NUMBERS}
            if BREAK == "assistant":
                del message["usage"]
            self.emit("assistant", message=message)

        stream(type="message_start")
        if text:
            stream(type="content_block_start", index=0)
            delta = {"type": "text_delta", "text": "" if BREAK == "stream" else text}
            stream(type="content_block_delta", index=0, delta=delta)
            stream(type="content_block_stop", index=0)
            block({"type": "text", "text": text}, None)
        for call in calls:
            block({"type": "tool_use", **call}, "tool_use")
        stream(type="message_stop")

    def prompt(self, text: str) -> None:
        if text == "/quit":
            if BREAK == "end_by_quit":
                os._exit(0)
            self.over.set()
            return
        told = text.upper() if BREAK in ("submit", "keyboard") else text
        content = [{"type": "text", "text": told}]
        self.emit("user", message={"role": "user", "content": content})
        if text == "tool":
            given = {"command": "touch made-by-the-check"}
            self.say("I will.", {"id": "c", "name": "shell", "input": given})
            request: dict[str, Any] = {
                "subtype": "can_use_tool",
                "tool_name": "shell",
                "tool_use_id": "c",
            }
            request |= {"input": given, "permission_suggestions": None, "blocked_path": None}
            if BREAK == "request":
                self.run("")
            self.pending["r"] = ("c", "touch")
            self.emit("control_request", request_id="r", request=request)
        elif text == "output":
            self.say("", {"id": "o", "name": "shell", "input": {}})
            self.result("o", "x" * (70_000 if BREAK == "long_result" else 40_000))
        elif text == "fail":
            self.say("It failed." if BREAK == "model_error" else "[API Error: 400 no]")
        else:
            self.say("An answer.")

    def run(self, call: str) -> None:
        open("made-by-the-check", "w").close()
        if call:
            self.result(call, "done")

    def result(self, call: str, text: str) -> None:
        block = {"type": "tool_result", "tool_use_id": call, "is_error": False, "content": text}
        self.emit("user", message={"role": "user", "content": [block]})
        self.say("Done.")

    def command(self, line: str) -> None:
        try:
            given = json.loads(line)
        except ValueError:
            if BREAK == "bad_line":
                os._exit(1)
            return
        if not isinstance(given, dict):
            return
        if given.get("type") == "submit" and isinstance(given.get("text"), str):
            waits = self.pending and BREAK != "answer_first"
            if BREAK == "queue" and given["text"].endswith("3"):
                return
            if BREAK == "together" and given["text"].endswith("4"):
                ask_together(["answer 3", given["text"]])
                return
            (self.queue.append if waits else self.prompt)(given["text"])
        elif given.get("type") == "confirmation_response":
            self.answer(given["request_id"], given["allowed"])

    def answer(self, request: str, allowed: bool) -> None:
        response: dict[str, Any] = {"subtype": "success", "request_id": request}
        if request not in self.pending:
            error = "too late" if BREAK == "late_answer" else LATE
            self.emit("control_response", response={**response, "subtype": "error", "error": error})
            return
        call, _ = self.pending.pop(request)
        said = not allowed if BREAK in ("allowed", "denial_told") else allowed
        self.emit("control_response", response={**response, "response": {"allowed": said}})
        if allowed or BREAK == "denied":
            self.run(call)
        else:
            self.result(call, "denied")
        while self.queue:
            self.prompt(self.queue.pop(0))

    async def watch(self) -> None:
        with open(self.commands, "rb") as file:
            while True:
                if line := file.readline():
                    self.command(line.decode(errors="replace"))
                else:
                    await anyio.sleep(0.005)

    async def listen(self) -> None:
        while line := await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            self.prompt(line.rstrip("\r\n"))

    async def signals(self) -> None:
        quick = {"end_by_sigterm": signal.SIGTERM, "end_by_sighup": signal.SIGHUP}.get(BREAK)
        if quick:
            await anyio.sleep_forever()
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as received:
            async for _ in received:
                self.over.set()

    async def main(self) -> None:
        self.start()
        async with anyio.create_task_group() as group:
            for task in (self.watch, self.listen, self.signals):
                group.start_soon(task)
            await self.over.wait()
            if BREAK == "slow_end":
                await anyio.sleep(0.4)
            self.emit("system", subtype="session_end", data={"session_id": self.session})
            sys.stdout.flush()
            os._exit(0)


def ask_together(texts: list[str]) -> None:
    message = {"role": "user", "content": "\n".join(texts)}
    where = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    body = json.dumps({"messages": [message]}).encode()
    urllib.request.urlopen(urllib.request.Request(where, body)).close()


def main() -> None:
    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
    if "--json-fd" in given and "--json-file" in given and BREAK != "exclusive":
        sys.exit("they are mutually exclusive")
    try:
        where = given.get("--json-file")
        output = (
            int(given["--json-fd"])
            if where is None
            else os.open(where, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        )
    except OSError as error:
        if BREAK == "bad_output":
            raise
        print(f"Warning: dual output disabled — {error}", flush=True)
        output = os.open(os.devnull, os.O_WRONLY)
    anyio.run(Faulty(output, given["--input-file"]).main)


main()
