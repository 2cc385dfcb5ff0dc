"""A chat as one HTML page that needs nothing else: no scripts, no files, light and dark. Pure.

Everything that somebody said is text here, escaped, and images are in the page itself; a policy in it
forbids the rest.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from qwen_dual.protocol.blocks import image_line, media_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from qwen_dual.chats.export import Entry

_STYLE = """
:root { color-scheme: light dark; --fg: #1f2328; --bg: #fff; --dim: #656d76; --line: #d1d9e0;
  --accent: #0b66c3; --bad: #b3261e; --soft: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --dim: #9198a1;
  --line: #3d444d; --accent: #6cb6ff; --bad: #ff7b72; --soft: #151b23; } }
body { color: var(--fg); background: var(--bg); font: 16px/1.55 system-ui, sans-serif;
  max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
dl { color: var(--dim); display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); padding: .8rem 0; }
header { color: var(--dim); font-size: .85rem; }
.user header b { color: var(--accent); }
.failed summary { color: var(--bad); }
pre, .text { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; }
pre { background: var(--soft); padding: .6rem .8rem; border-radius: 6px;
  font: .85rem/1.45 ui-monospace, monospace; }
img { max-width: 100%; max-height: 30rem; display: block; margin: .4rem 0; }
.thinking .text, .notice .text, .compaction .text { color: var(--dim); }
.lane { border-left: 2px solid var(--line); padding-left: .8rem; margin: .4rem 0; }
summary { cursor: pointer; font-family: ui-monospace, monospace; font-size: .9rem; }
"""

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_WHO = {
    "user": "You",
    "assistant": "Assistant",
    "thinking": "Thinking",
    "tool": "Tool",
    "notice": "Notice",
    "compaction": "Compaction",
}


def page(title: str, facts: Iterable[tuple[str, str]], entries: Iterable[Entry]) -> str:
    """The page.

    Args:
        title: its heading.
        facts: name and value of what is known of the session.
        entries: what happened, in order.
    """
    heading = escape(title or "Session")
    about = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{heading}</title>",
            f"<style>{_STYLE}</style></head>",
            f"<body><h1>{heading}</h1>",
            f"<dl>{about}</dl>",
            *map(_article, entries),
            "</body></html>\n",
        )
    )


def _article(entry: Entry) -> str:
    failed = " failed" if entry.is_error else ""
    time = f" <time>{escape(entry.timestamp)}</time>" if entry.timestamp else ""
    head = f"<header><b>{_WHO[entry.kind]}</b>{time}</header>"
    body = _tool(entry) if entry.kind == "tool" else f'<div class="text">{escape(entry.text)}</div>'
    body += "".join(map(_image, entry.images))
    return f'<article class="{entry.kind}{failed}">{head}{body}</article>'


def _image(block: Mapping[str, Any]) -> str:
    """An image in the page itself; what it is its own bytes say, and nothing but base64 is let in."""
    data = block["source"]["data"]
    kind = media_type_of(data)
    if kind is None or not _BASE64.fullmatch(data):
        return ""
    return f'<img alt="{escape(image_line(block))}" src="data:{kind};base64,{data}">'


def _tool(entry: Entry) -> str:
    shown = (entry.diff or entry.given, entry.text)
    parts = [f"<pre>{escape(text)}</pre>" for text in shown if text]
    if entry.agent:
        head = f"<summary>{escape(entry.agent)}</summary>"
        lane = "".join(map(_article, entry.lane))
        parts.insert(1, f'<details class="lane">{head}{lane}</details>')
    state = " (failed)" if entry.is_error else ""
    summary = f"<summary>{escape(entry.name)}{state}</summary>"
    return f"<details>{summary}{''.join(parts)}</details>"
