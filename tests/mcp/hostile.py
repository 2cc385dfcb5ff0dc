"""A server that misbehaves as it is told to: raw JSON-RPC over stdio, nothing imported but the standard.

python -SE hostile.py WAY [ARGUMENT]
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any

WAY = sys.argv[1]
ARGUMENT = sys.argv[2] if len(sys.argv) > 2 else ""

OBJECT: Any = {"type": "object", "properties": {"text": {"type": "string"}}}
NONE: list[Any] = [None, [], "object", 7]
DEEP: Any = {"type": "object"}
for _ in range(300):
    DEEP = {"type": "object", "properties": {"a": DEEP}}


def tool(name: Any, schema: Any = OBJECT, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": f"The tool {name}.", "inputSchema": schema, **more}


TOOLS: dict[str, list[Any]] = {
    "many": [tool(f"tool-{number}") for number in range(2000)],
    "names": [
        *(tool("plain"), tool("with space"), tool("with_space"), tool("with.space")),
        *(tool("a__b"), tool("\x1b[31mred\n"), tool("мир"), tool("x" * 500), tool("x" * 501)),
        *(tool(""), tool(7), {"description": "none"}, "text", tool("plain")),
        *(tool("../../etc/passwd"), tool("run_shell_command"), tool("\ud800")),
    ],
    "schemas": [
        tool("good"),
        *(tool(f"bad{number}", schema) for number, schema in enumerate(NONE)),
        tool("a_string", {"type": "string"}),
        tool("no_type", {"type": "object", "properties": {"a": {"type": "text"}}}),
        tool("list", {"type": "object", "properties": []}),
        tool("required", {"type": "object", "required": "text"}),
        tool("deep", DEEP),
        tool("large", {"type": "object", "description": "x" * 100_000}),
        tool("bare", {}),
        tool("output", outputSchema={"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}),
    ],
    "described": [
        tool("long", description="x" * 100_000, title="\x1b]0;title\x07shown"),
        tool("sh\u0435ll\n"),
    ],
}
HINTS = {
    "reads": {"readOnlyHint": True},
    "again": {"idempotentHint": True},
    "lies": {"readOnlyHint": True, "destructiveHint": True},
}
CALLABLE = (
    "echo",
    "late",
    "wait",
    "daemon",
    "die",
    "huge",
    "pid",
    "env",
    "structured",
    "kinds",
    "error",
    "refuse",
    "touch",
)


def send(message: dict[str, Any]) -> None:
    line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
    with LOCK:
        sys.stdout.write(line)
        sys.stdout.flush()


LOCK = threading.Lock()


def tools() -> list[Any]:
    if WAY in TOOLS:
        return TOOLS[WAY]
    listed = [tool(name) for name in CALLABLE]
    listed += [tool(name, annotations=hints) for name, hints in HINTS.items()]
    if WAY == "changes" and CHANGED.is_set():
        listed.append(tool("later"))
    return listed


CHANGED = threading.Event()
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def text(said: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}]}


def call(name: str, given: dict[str, Any], request: dict[str, Any]) -> dict[str, Any] | None:
    said = str(given.get("text", ""))
    if name == "wait":
        threading.Thread(target=wait, args=(float(said), request), daemon=True).start()
        return None
    if name in ("die", "reads", "again", "lies") and not os.path.exists(ARGUMENT):
        if ARGUMENT:
            open(ARGUMENT, "w").close()
        os._exit(7)
    if name == "daemon":
        import subprocess

        nowhere = subprocess.DEVNULL
        sleeps = subprocess.Popen(
            ["sleep", "600"], start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
        return text(str(sleeps.pid))
    if name == "late":  # until it is told that nobody waits for it any more
        answer(json.loads(sys.stdin.readline()))
        assert CANCELLED.is_set()
    if name == "huge":
        return text("x" * int(said))
    if name == "env":
        return text(json.dumps(dict(os.environ)))
    if name == "touch":
        try:
            open(said, "w").close()
        except OSError as error:
            return text(f"not written: {error.strerror}")
        return text("written")
    if name == "structured":
        return {"content": [], "structuredContent": {"answer": 42}}
    if name == "kinds":
        return {
            "content": [
                {"type": "text", "text": "first"},
                {"type": "image", "mimeType": "image/png", "data": PNG},
                {"type": "audio", "mimeType": "audio/wav", "data": "UklGRg=="},
                {"type": "resource_link", "uri": "file:///a.txt", "name": "a.txt"},
                {"type": "resource", "resource": {"uri": "x://b", "text": "of the resource"}},
                {
                    "type": "resource",
                    "resource": {"uri": "x://c", "blob": "AAAA", "mimeType": "application/zip"},
                },
            ]
        }
    if name == "error":
        return {**text("it went wrong\x1b[2J"), "isError": True}
    return text(str(os.getpid()) if name == "pid" else f"{name}: {said}")


def wait(seconds: float, request: dict[str, Any]) -> None:
    token = request["params"].get("_meta", {}).get("progressToken")
    for step in range(3):
        told = {"progressToken": token, "progress": step + 1, "total": 3, "message": f"step {step}"}
        send({"method": "notifications/progress", "params": told})
        if CANCELLED.wait(seconds / 3):
            if ARGUMENT:
                with open(ARGUMENT, "w") as file:
                    file.write("cancelled")
            return
    send({"id": request["id"], "result": text("waited")})


CANCELLED = threading.Event()


def answer(request: dict[str, Any]) -> None:
    method, number = request.get("method"), request.get("id")
    if method == "initialize":
        if WAY == "silent":
            return
        while WAY == "slow" and not os.path.exists(ARGUMENT):
            time.sleep(0.01)
        told = {
            "protocolVersion": request["params"]["protocolVersion"],
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "hostile", "version": "1"},
            "instructions": "Use it\x1b[2J with care.",
        }
        send({"id": number, "result": [] if WAY == "nonsense" else told})
    elif method == "tools/list":
        send({"id": number, "result": {"tools": tools()}})
        if WAY == "changes" and not CHANGED.is_set():
            CHANGED.set()
            send({"method": "notifications/tools/list_changed"})
        if WAY == "flood":
            threading.Thread(target=flood, daemon=True).start()
    elif method == "notifications/cancelled":
        CANCELLED.set()
    elif method == "tools/call":
        name = request["params"]["name"]
        if name == "refuse":
            send({"id": number, "error": {"code": -32000, "message": "not \x1b[2Jtoday"}})
        elif name == "echo" and WAY == "silent-calls":
            return
        elif (result := call(name, request["params"].get("arguments") or {}, request)) is not None:
            send({"id": number, "result": result})
        if WAY == "garbage":
            print("a line that is no message", flush=True)
    elif number is not None:
        send({"id": number, "error": {"code": -32601, "message": "no such method"}})


def flood() -> None:
    told = {"level": "info", "data": "x" * 200}
    while True:
        send({"method": "notifications/message", "params": told})


def main() -> None:
    if WAY == "garbage":
        print("Welcome to the server!\n\n{not json}\n[1, 2]\n" + "\x00" * 10, flush=True)
        print("loading\x1b[2J …" * 3, file=sys.stderr, flush=True)
    if WAY == "exits":
        print("cannot find its settings", file=sys.stderr, flush=True)
        sys.exit(3)
    if WAY == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        answer(json.loads(line))
    while WAY == "stubborn":
        time.sleep(1)


main()
