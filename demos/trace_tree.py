"""What a turn did, as the tree of its trace: with telemetry into a file, which needs no collector.

`trace_tree.py PROMPT`; needs the extra `otel`. What is printed is what any tool for traces shows.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROMPT = "let explore run cat made.txt"
COMMAND = [sys.executable, "-m", "qwen_dual", "--offline", "--yolo", "--telemetry"]


def spans(file: Path) -> list[dict[str, Any]]:
    """All of them, by when they began. The file has OTLP's JSON, a request a line."""
    requests = [json.loads(line) for line in file.read_text().splitlines()]
    found = [
        span
        for request in requests
        for resource in request.get("resourceSpans", [])
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    return sorted(found, key=lambda span: int(span["startTimeUnixNano"]))


def show(every: list[dict[str, Any]], parent: str = "", depth: int = 0) -> None:
    """Prints the spans within one, each with its time and what is within it."""
    for span in every:
        if span.get("parentSpanId", "") == parent:
            took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e6
            print(f"{'  ' * depth}{span['name']:<{50 - 2 * depth}} {took:8,.0f} ms")
            show(every, span["spanId"], depth + 1)


def main() -> None:
    """Runs one prompt and prints the tree."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "made.txt").write_text("made\n")
        file = Path(folder) / "otlp.jsonl"
        prompt = " ".join(sys.argv[1:]) or PROMPT
        command = [*COMMAND, f"--telemetry-outfile={file}", "-p", prompt]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        show(spans(file))


main()
