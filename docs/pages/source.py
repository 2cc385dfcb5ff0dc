"""What a package exports, read from its source: signatures, fields and docstrings. Runs none of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 88

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Exported:
    """A public name: its definition, and the docstring or the string behind it."""

    name: str
    node: Definition
    docstring: str


def exports(package: str) -> dict[str, Exported]:
    """What ``package/__init__.py`` brings together by ``from … import …``, by name."""
    found: dict[str, Exported] = {}
    for node in _parsed(f"{package}.__init__").body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            there = definitions(node.module)
            found |= {alias.name: there[alias.name] for alias in node.names}
    for exported in found.values():
        if isinstance(exported.node, ast.ClassDef):
            _inherit(exported.node, package, found)
    return found


def _inherit(node: ast.ClassDef, package: str, exported: Mapping[str, Exported]) -> None:
    """Gives a class the members of its bases in the package that have no name outside of it."""
    for base in list(node.bases):
        name = base.id if isinstance(base, ast.Name) else ""
        place = ROOT.joinpath(*package.split("."), f"{name.lower()}.py")
        if name and name not in exported and place.is_file():
            there = definitions(f"{package}.{name.lower()}")[name].node
            assert isinstance(there, ast.ClassDef)
            node.body += there.body[1:]
            node.bases.remove(base)


def definitions(module: str) -> dict[str, Exported]:
    """The names that a module defines."""
    found: dict[str, Exported] = {}
    body = _parsed(module).body
    for node, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[node.name] = Exported(node.name, node, ast.get_docstring(node) or "")
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
                found[name] = Exported(name, node, _string(following))
    return found


def signature(node: Function, name: str = "") -> str:
    """As it is called: ``async def send(path, command) -> str``, a line each where it is long."""
    parts = list(_parameters(node.args))
    decorators = [code(item) for item in node.decorator_list]
    shown = "".join(f"@{item}\n" for item in decorators if item != "property")
    start = f"{'async ' if isinstance(node, ast.AsyncFunctionDef) else ''}def {name or node.name}"
    end = f" -> {code(node.returns)}" if node.returns is not None else ""
    line = f"{start}({', '.join(parts)}){end}"
    if len(line) > WIDTH:
        rows = "".join(f"    {part},\n" for part in parts)
        line = f"{start}(\n{rows}){end}"
    return shown + line


def code(node: ast.AST) -> str:
    """Its source on one line, with double quotes."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    """Each parameter as it is written; without ``self`` and ``cls``."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    for index, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
        if index or argument.arg not in ("self", "cls"):
            yield _parameter(argument, default)
    if arguments.vararg is not None:
        yield f"*{_parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)
    if arguments.kwarg is not None:
        yield f"**{_parameter(arguments.kwarg, None)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    kind = "" if argument.annotation is None else f": {code(argument.annotation)}"
    if default is None:
        return argument.arg + kind
    return f"{argument.arg}{kind}{' = ' if kind else '='}{code(default)}"


def _string(node: ast.stmt) -> str:
    """The text of a string that stands by itself, as behind an attribute."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return ""


def _parsed(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return ast.parse(path.read_text("utf-8"))
