"""The reference of the API: what the packages for hosts export, in groups, as Markdown."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docs.pages.docstrings import Docstring, parse
from docs.pages.source import ROOT, Exported, code, definitions, exports, signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HOST_GROUPS = {
    "Sessions": ("open_session", "Session", "follow", "send"),
    "Events": ("Event", "Turn", "Subscription", "BadLine", "Skipped", "Restarted"),
    "Approvals": (
        *("Request", "Preview", "PreviewWarning", "Suggestion", "Verdict", "Allow", "Deny"),
        "Resolution",
    ),
    "Records": (
        *(
            "Greeting",
            "Sandbox",
            "McpServer",
            "Receipt",
            "QueuedPrompt",
            "Result",
            "ToolResult",
            "Denial",
            "RewindPoints",
            "RewindPoint",
            "Rewound",
            "RewoundFile",
            "Exit",
        ),
    ),
    "The terminal": (
        "TerminalStream",
        "TerminalReports",
        "TerminalReader",
        "ProgramStatus",
        "ScreenMark",
        "WindowTitle",
        "MessageMarks",
    ),
    "Errors": (
        *("HostError", "SpawnFailed", "StartTimeout", "SessionExited", "HostTimeout"),
        *("CommandRejected", "NotSupported", "SendFailed", "TurnFailed"),
    ),
}

INTERNAL = {"of", "all_in", "put", "end", "catching_up"}
"""Methods for the rest of the package, which have no underscore since it is not their class."""


def _grouped(exported: Mapping[str, Exported]) -> dict[str, tuple[str, ...]]:
    """The groups of the host's page; what is in none of them stands last."""
    known = {name for names in HOST_GROUPS.values() for name in names}
    others = tuple(name for name in exported if name not in known)
    return {**HOST_GROUPS, "Others": others} if others else dict(HOST_GROUPS)


@dataclass(frozen=True)
class Page:
    """One page: its file, the package it is about, what stands first, and the names in groups."""

    file: str
    module: str
    about: str
    groups: Mapping[str, tuple[str, ...]]
    exported: Mapping[str, Exported]


def pages() -> Iterator[tuple[Path, str]]:
    """Each page of the reference and its text."""
    host = exports("qwen_dual.host")
    for page in (
        Page(
            "host.md",
            "qwen_dual.host",
            "The library for whoever hosts the program; [Embedding](../embedding.md) shows it at work.",
            _grouped(host),
            host,
        ),
        Page(
            "bridge.md",
            "qwen_dual.bridge.channel",
            "The channels for a program of your own; [the demo](../demos/own_bridge.md) has one in "
            "under 40 lines.",
            {"Channels": ("Channel",)},
            definitions("qwen_dual.bridge.channel"),
        ),
    ):
        yield ROOT / "docs" / "reference" / page.file, _text(page)


def _text(page: Page) -> str:
    parts = [f"# {page.module}", page.about, f"    from {page.module} import …"]
    docs = {
        name: parse(page.exported[name].docstring)
        for group in page.groups.values()
        for name in group
    }
    for group, names in page.groups.items():
        parts.append(f"## {group}")
        if len(names) > 1:
            rows = [f"| [`{n}`](#{n.lower()}) | {docs[n].summary} |" for n in names]
            parts.append("\n".join(["| | |", "|---|---|", *rows]))
        for name in names:
            parts += [f"### {name}", *_described(page.exported[name], docs[name])]
    return "\n\n".join(parts) + "\n"


def _described(exported: Exported, doc: Docstring) -> Iterator[str]:
    match exported.node:
        case ast.ClassDef() as node:
            yield from _class(node, doc)
        case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
            yield _fenced(signature(node))
            yield from _sections(doc)
        case node:
            yield _fenced(code(node))
            yield from _sections(doc)


def _class(node: ast.ClassDef, doc: Docstring) -> Iterator[str]:
    functions = [
        item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    made = next((item for item in functions if item.name == "__init__"), None)
    if "Args" in doc.entries and made is not None:
        yield _fenced(signature(made, node.name).removeprefix("def ").removesuffix(" -> None"))
    # What it is made of says nothing to its users.
    inner = ("Struct", "Exception", "Buffer")
    bases = [base for base in map(code, node.bases) if base.partition("[")[0] not in inner]
    if bases:
        article = "An" if bases[0][0] in "AEIO" else "A"
        yield f"{article} {' and '.join(f'`{base}`' for base in bases)}."
    attributes = doc.entries.pop("Attributes", {})
    yield from _sections(doc)
    said = dict(_fields(node, attributes)) | {
        item.name: (_returns(item), parse(ast.get_docstring(item) or ""))
        for item in functions
        if _is_property(item) and not item.name.startswith("_")
    }
    for name, text in attributes.items():
        said.setdefault(name, ("", Docstring(text)))
    if said:
        yield "\n".join(_attribute(name, kind, about) for name, (kind, about) in said.items())
    for item in functions:
        about = ast.get_docstring(item)
        if about and not (_is_property(item) or item.name.startswith("_") or item.name in INTERNAL):
            yield f"#### {node.name}.{item.name}"
            yield _fenced(signature(item))
            yield from _sections(parse(about))


def _fields(
    node: ast.ClassDef, about: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, Docstring]]]:
    for item in node.body:
        match item:
            case ast.AnnAssign(target=ast.Name(name)) if not name.startswith("_"):
                kind = code(item.annotation)
                if isinstance(item.value, ast.Constant):
                    kind += f" = {code(item.value)}"
                yield name, (kind, Docstring(about.get(name, "")))


def _attribute(name: str, kind: str, about: Docstring) -> str:
    typed = f": {kind}" if kind else ""
    text = " ".join(about.text.split())
    if text[1:2].islower() or text.startswith(
        "A "
    ):  # as the entries of a list begin; `None` and acronyms stay
        text = text[0].lower() + text[1:]
    return f"- `{name}{typed}`" + (f": {text}" if text else "")


def _sections(doc: Docstring) -> Iterator[str]:
    if doc.text:
        yield doc.text
    for section, entries in doc.entries.items():
        titles = {"Args": "Takes", "Attributes": "Has", "Raises": "Raises"}
        rows = [f"- `{name}`: {text}" for name, text in entries.items()]
        yield f"{titles[section]}:\n\n" + "\n".join(rows)
    for section, text in doc.prose.items():
        yield f"{section}: {text}"


def _fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(item, ast.Name) and item.id == "property" for item in node.decorator_list)


def _returns(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return "" if node.returns is None else code(node.returns)
