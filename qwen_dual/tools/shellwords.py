"""What a command line runs: every simple command in it, by a real parser of the shell's grammar.

Errs on one side: whatever is not known for sure to be what it looks like is marked so, and then no
rule allows it. ``programs`` knows which commands run others. Importing the parser takes 20 ms, so
that happens when the first command line comes.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwen_dual.core.tool import UNKNOWN, Command
from qwen_dual.tools import programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node, Parser

MAX_DEPTH = 4
"""How deep scripts within scripts are looked into."""

MAX_LINE = 65_536
"""Characters beyond which a line is not taken apart."""

MAX_NODES = 20_000
"""Parts of a line beyond which the rest is not looked at."""

MAX_SCRIPTS = 64
"""Scripts within a line that are looked into."""

PARSE_SECONDS = 0.04
"""How long the grammar may think, of this thread's own time: it takes quadratic time over nonsense,
and the interpreter's lock with it."""

_CHUNK = 4096
_HARMLESS_TARGETS = ("/dev/null", "/dev/stdout", "/dev/stderr")

# Nodes that only hold others; all that is in neither of these sets is not understood.
_FRAMES = frozenset(
    [
        "program",
        "list",
        "pipeline",
        "redirected_statement",
        "subshell",
        "compound_statement",
        "if_statement",
        "elif_clause",
        "else_clause",
        "for_statement",
        "while_statement",
        "case_statement",
        "case_item",
        "do_group",
        "negated_command",
        "command",
        "command_name",
        "command_substitution",
        "process_substitution",
        "unary_expression",
        "binary_expression",
        "parenthesized_expression",
        "ternary_expression",
        "postfix_expression",
        "array",
        "concatenation",
        "string",
        "herestring_redirect",
    ]
)
_IN_ONE_LINE = frozenset(["command", "command_name", "concatenation", "herestring_redirect"])
_LEAVES = frozenset(
    [
        "word",
        "number",
        "string_content",
        "raw_string",
        "variable_name",
        "special_variable_name",
        "test_operator",
        "regex",
        "extglob_pattern",
        "file_descriptor",
        "simple_expansion",
        "ansi_c_string",
    ]
)
# Understood, but no rule allows them: a function makes a name mean something else from then on, and
# about the end of a here-document the grammar may disagree with the shell.
_DELICATE = frozenset(
    ["c_style_for_statement", "function_definition", "heredoc_redirect", "subscript"]
)
_WORDS = frozenset(["word", "number", "string", "raw_string", "concatenation"])
_PLAIN_EXPANSION = re.compile(r"\$\{\w+\}")
_PLAIN_ARITHMETIC = re.compile(r"\$\(\([\w\s+*/%()<>=!&|^~?:,$-]*\)\)")
# A control character, or a space that the shell takes for a letter.
_ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\x85\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff]"
)
# What may stand between the words of one command, between commands, and in a word.
_BLANK = re.compile(rb"(?:[ \t]|\\\n)*")
_BLANK_LINES = re.compile(rb"(?:[ \t\n]|\\\n)*")
_WORD = re.compile(r"(?:[^\s;&|<>()'\"`\\]|\\.)+", re.DOTALL)
_EXPANDS = re.compile(r"(?<!\\)(?:\\\\)*[*?\[{]")


@dataclass(slots=True)
class Parsed:
    """A command line.

    Attributes:
        commands: every simple command in it, in the order in which they stand there.
        whole: whether all of it was understood.
        writes: files that redirects write, as far as their names are known.
        scripts: how many there were within it.
    """

    commands: list[Command] = field(default_factory=list)
    whole: bool = True
    writes: list[str] = field(default_factory=list)
    scripts: int = 0


def parse(line: str, depth: int = 0) -> Parsed:
    """Takes a command line of ``bash -c`` apart.

    One that is too long, has too many parts or takes too long to understand is not ``whole`` and
    runs something unknown, so that no rule allows it and every rule against something may mean it.
    """
    parsed = Parsed(whole=not _ODD.search(line))
    data = line.encode("utf-8", "replace")
    root = _tree(data) if len(line) <= MAX_LINE else None
    if root is None:
        return _not_understood(parsed)
    parsed.whole = parsed.whole and not root.has_error
    nodes: list[tuple[Node, Node | None]] = [(root, None)]
    looked_at = 0
    while nodes:
        looked_at += 1
        if looked_at > MAX_NODES:
            return _not_understood(parsed)
        # A node finds its parent by a search from the top: it is carried along instead.
        node, parent = nodes.pop()
        children = node.children
        parsed.whole = parsed.whole and _is_plain(node, children, data)
        _look_at(node, parent, parsed, data, depth)
        nodes += ((child, node) for child in reversed(children))
    return parsed


def _tree(data: bytes) -> Node | None:
    """The tree of a line; None when its time is over."""
    until = time.thread_time() + PARSE_SECONDS
    try:
        tree = _parser().parse(
            lambda at, _: data[at : at + _CHUNK],
            progress_callback=lambda _at, _error: time.thread_time() > until,
        )
    except ValueError:  # the way in which it says that it was told to stop
        return None
    return tree.root_node


def _not_understood(parsed: Parsed) -> Parsed:
    parsed.whole = False
    parsed.commands.append(Command((UNKNOWN,), exact=False))
    return parsed


def warm_up() -> None:
    """Imports the parser."""
    _parser()


def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _look_at(node: Node, parent: Node | None, parsed: Parsed, data: bytes, depth: int) -> None:
    """Adds what ``node`` itself says, its children apart."""
    kind = node.type
    if not node.is_named or kind in _LEAVES:
        # Arithmetic takes the values of variables for expressions, and those may run commands.
        delicate = kind == "(("
    elif kind == "command":
        delicate = False
        _add_command(node, parent, parsed, depth)
    elif kind in ("declaration_command", "unset_command", "test_command"):
        delicate = False
        parsed.commands.append(Command(tuple(map(_told, node.children))))
    elif kind == "variable_assignment":
        above = parent.type if parent is not None else ""
        delicate = above not in ("command", "declaration_command")
    elif kind == "file_redirect":
        delicate = False
        _add_redirect(node, parent, parsed)
    elif kind == "expansion":
        delicate = not _PLAIN_EXPANSION.fullmatch(_text(node))
    elif kind == "arithmetic_expansion":
        delicate = not _PLAIN_ARITHMETIC.fullmatch(_text(node))
    else:
        delicate = kind in _DELICATE
        if kind == "comment":
            before = data[node.start_byte - 1 : node.start_byte]
            parsed.whole = parsed.whole and (not before or before in b" \t\n;&|()")
        elif not delicate and kind not in _FRAMES:
            parsed.whole = parsed.whole and kind.startswith("heredoc_")
    if delicate:
        parsed.commands.append(Command((_text(node),), exact=False))


def _is_plain(node: Node, children: Sequence[Node], data: bytes) -> bool:
    """Whether the grammar and the shell agree on where the words of ``node`` end.

    The grammar lets a backslash swallow the end of a line that ends a command for the shell.
    """
    if node.type == "word":
        return bool(_WORD.fullmatch(_text(node)))
    if node.type == "string" or node.type.startswith("heredoc_"):
        return True
    blank = _BLANK_LINES if node.type in _FRAMES - _IN_ONE_LINE else _BLANK
    at = node.start_byte
    for child in children:
        if not blank.fullmatch(data, at, child.start_byte):
            return False
        at = child.end_byte
    return not children or bool(blank.fullmatch(data, at, node.end_byte))


def _add_command(node: Node, parent: Node | None, parsed: Parsed, depth: int) -> None:
    words, exact = [], True
    for child in _arguments(node, parent):
        if child.type == "variable_assignment":
            exact = False
        else:
            word = word_of(child)
            exact = exact and child.type != "ansi_c_string"
            words.append(word)
    if not words:
        return
    exact = exact and words[0] != UNKNOWN
    runs, transparent = _runs(words, depth, parsed)
    parsed.commands.append(
        Command(tuple(words), exact, programs.to_be_spelled(words), runs, transparent)
    )


def _runs(words: list[str], depth: int, parsed: Parsed) -> tuple[tuple[Command, ...], bool]:
    """The commands that a command runs in turn."""
    found = programs.what_runs(words)
    runs: list[Command] = []
    for inner in found.commands:
        further, transparent = _runs(inner, depth + 1, parsed) if depth < MAX_DEPTH else ((), False)
        spelled = programs.to_be_spelled(inner)
        exact = inner[0] != UNKNOWN
        runs.append(Command(tuple(inner), exact, spelled, further, transparent))
    for script in found.scripts:
        parsed.scripts += 1
        if script == UNKNOWN or depth >= MAX_DEPTH or parsed.scripts > MAX_SCRIPTS:
            runs.append(Command((UNKNOWN,), exact=False))
        else:
            inside = parse(script, depth + 1)
            runs += inside.commands
            if not inside.whole:
                runs.append(Command((UNKNOWN,), exact=False))
    return tuple(runs), found.transparent


def _add_redirect(node: Node, owner: Node | None, parsed: Parsed) -> None:
    operator = next((child.type for child in node.children if not child.is_named), ">")
    targets = [child for child in node.named_children if child.type != "file_descriptor"]
    if owner is not None and owner.type == "redirected_statement":
        owner = owner.child(0)
    if len(targets) > 1 and (owner is None or owner.type not in ("command", "file_redirect")):
        parsed.whole = False  # the others are words of a command that cannot be told which
    target = word_of(targets[0]) if targets else ""
    if not targets or (operator in (">&", "<&") and re.fullmatch(r"\d+|-", target)):
        return
    if operator in ("<", "<&"):
        delicate = target == UNKNOWN and targets[0].type != "process_substitution"
        delicate = delicate or target.startswith(("/dev/tcp", "/dev/udp"))
    else:
        delicate = target not in _HARMLESS_TARGETS
        if delicate and target != UNKNOWN:
            parsed.writes.append(target)
    if delicate:
        parsed.commands.append(Command((operator, target), exact=False))


def _arguments(command: Node, parent: Node | None) -> Iterator[Node]:
    """The words of a command, those too that the grammar takes for further targets."""
    parts = list(command.children)
    if parent is not None and parent.type == "redirected_statement":
        parts += [child for child in parent.children if child.type == "file_redirect"]
    for part in parts:
        if part.type == "file_redirect":
            yield from [c for c in part.named_children if c.type != "file_descriptor"][1:]
        elif part.is_named and not part.type.endswith("_redirect"):
            yield part.children[0] if part.type == "command_name" else part


def word_of(node: Node) -> str:
    """The word that ``node`` comes to, ``UNKNOWN`` if only the shell will know."""
    text = _text(node)
    if node.type in ("word", "number"):
        return UNKNOWN if _EXPANDS.search(text) and text != "{}" else _unescaped(text)
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "string":
        inner = [child for child in node.named_children if child.type != "string_content"]
        return UNKNOWN if inner else re.sub(r'\\([$`"\\\n])', _quoted, text[1:-1])
    if node.type == "concatenation":
        parts = [word_of(child) for child in node.children]
        # Braces come as words of their own: only together they expand.
        bare = "".join(_text(c) if c.type in ("word", "number") else "x" for c in node.children)
        if UNKNOWN in parts and bare != "{}":
            return UNKNOWN
        return bare if bare == "{}" else "".join(parts)
    return UNKNOWN


def _quoted(match: re.Match[str]) -> str:
    return match.group(1).strip("\n")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.|\n)", lambda match: match.group(1).strip("\n"), text)


def _told(node: Node) -> str:
    """A word of something that is no plain command; as it stands there where it is no word."""
    return word_of(node) if node.type in _WORDS else _text(node)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
