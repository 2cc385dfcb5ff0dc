"""What a command line runs, for rules that deny or ask: every simple command in it.

What the strict reader understands, it says; all else a real parser of the shell's grammar does. That
and the shell do not always agree, so whatever may be something else than it looks like makes the line
one that is not ``whole``, and then such a rule may mean it. No rule allows by this: that is decided by
``shell.reader`` alone. ``programs`` knows which commands run others. Importing the parser takes 20 ms,
so that happens when it is first needed.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.core.tools.tool import UNKNOWN, Command
from qwen_dual.shell.reader import GLOB, read
from qwen_dual.tools import programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node, Parser

MAX_DEPTH = 4
"""How deep scripts within scripts are looked into."""

MAX_LINE = 65_536
"""Characters beyond which a line is not taken apart."""

MAX_NODES = 4_000
"""Parts of a line beyond which the rest is not looked at."""

MAX_SCRIPTS = 64
"""Scripts within a line that are looked into."""

MAX_INNER = 200
"""Commands that others run which are looked at."""

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
# Values that are assigned to these are taken for expressions.
_NUMBERS = frozenset(["RANDOM", "SRANDOM", "SECONDS", "LINENO", "HISTCMD", "OPTIND"])
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
# What is in them is looked at, and they run nothing else.
_HARMLESS = frozenset(["function_definition", "variable_assignment", "comment"])
_WORDS = frozenset(["word", "number", "string", "raw_string", "concatenation"])
# Arithmetic takes the values of variables for expressions, and those may run commands; so may the
# index of an array, and a value that is expanded like a prompt.
_PLAIN_EXPANSION = re.compile(r"\$\{#?\w+(?:[^\w@\[!][^@\[]*)?\}")
_PLAIN_ARITHMETIC = re.compile(r"\$\(\([\d\s+*/%()<>=!&|^~?:,-]*\)\)")
_PLAIN_HEREDOC = re.compile(rb"<<-?\s*(?:\w+|'\w+'|\"\w+\")(?=[\s;&|)<>]|\Z)")
# Where the grammar finds other words than the shell: pieces glued by a backslash, a digit that
# belongs to a word and not to the redirection behind it, backslashes within backquotes.
_GLUED = re.compile(r"\S\\\n\S|['\"]\\[^'\"\n]|[^\s;&|()<>\d]\d+[<>]|`[^`]*\\")
# A control character, or a space that the shell takes for a letter.
_ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\x85\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff]"
)
# What may stand between the words of one command, between commands, and in a word.
_BLANK = re.compile(rb"(?:[ \t]|\\\n)*")
# The grammar drops the `-` of `python - <<E`.
_BLANK_LINES = re.compile(rb"(?:[ \t\n]|\\\n|(?<=[ \t])-(?=[ \t]))*")
_WORD = re.compile(r"(?:[^\s;&|<>()'\"`\\]|\\.)+", re.DOTALL)
# Variables that say where `cd`, `~` and git lead, as a name that may be set.
_PLACES = re.compile(r"(?<![$\w{])(?:CDPATH|HOME|GIT_DIR|GIT_WORK_TREE)\b")
# Variables that name a program to be run, or say which one a name is. Behind a `PATH` as it was, a folder
# gives no name another program; of `cat` and its like as a pager, all is known.
_STEERS = re.compile(
    r"(?!GIT_(?:(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|TERMINAL_PROMPT|OPTIONAL_LOCKS)="
    r"|\w*PAGER=(?:cat|less|more|true|''|\"\")?$|PATH=[\"']?\$(?:PATH\b|\{PATH\}):)"
    r"(?:\w*(?:PAGER|EDITOR|VISUAL|BROWSER|COMMAND|ASKPASS|LESSOPEN|LESSCLOSE|PRELOAD|SHELL)"
    r"|PATH|PS4|IFS|ENV|(?:GIT|BASH)_\w+)\+?="
)
# `~+` and `~-` are folders that the shell was in.
_EXPANDS = re.compile(r"(?<!\\)(?:\\\\)*[*?\[{]|^~[-+\d]")


class Parsed(Struct):
    """A command line.

    Attributes:
        commands: every simple command in it, in the order in which they stand there.
        whole: whether that is surely all it runs.
        writes: files that redirects write, as far as their names are known.
        writes_unknown: whether there may be more of them.
        sources: files that redirects read, as far as their names are known.
        scripts: how many there were within it.
        inner: how many commands were found that others run.
    """

    commands: list[Command] = field(default_factory=list)
    whole: bool = True
    writes: list[str] = field(default_factory=list)
    writes_unknown: bool = False
    sources: list[str] = field(default_factory=list)
    scripts: int = 0
    inner: int = 0


def parse(line: str, depth: int = 0) -> Parsed:
    """Takes a command line of ``bash -c`` apart.

    One that is too long, has too many parts or takes too long to understand is not ``whole`` and
    runs something unknown, so that every rule against something may mean it.
    """
    if len(line) > MAX_LINE:
        return _not_understood(Parsed())
    exact = read(line)
    if exact is not None:
        parsed = Parsed()
        for command in exact.commands:
            words = [UNKNOWN if word.startswith(GLOB) else word for word in command.words]
            parsed.commands.append(_command(words, depth, parsed))
        return parsed
    parsed = Parsed(whole=not (_ODD.search(line) or _GLUED.search(line)))
    data = line.encode("utf-8", "replace")
    root = _tree(data)
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
    parsed.writes_unknown |= bool((not parsed.whole and ">" in line) or _PLACES.search(line))
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
    parsed.writes_unknown = True
    parsed.commands.append(Command((UNKNOWN,)))
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
    sure = True
    if not node.is_named or kind in _LEAVES:
        sure = kind != "((" and not (kind == "variable_name" and _text(node) in _NUMBERS)
    elif kind == "command":
        _add_command(node, parent, parsed, depth)
    elif kind in ("declaration_command", "unset_command", "test_command"):
        parsed.commands.append(_command([_word(child) for child in node.children], depth, parsed))
    elif kind == "file_redirect":
        _add_redirect(node, parent, parsed)
    elif kind == "expansion":
        sure = bool(_PLAIN_EXPANSION.fullmatch(_text(node)))
    elif kind == "arithmetic_expansion":
        sure = bool(_PLAIN_ARITHMETIC.fullmatch(_text(node)))
    elif kind == "heredoc_redirect":
        sure = bool(_PLAIN_HEREDOC.match(data, node.start_byte))
    elif kind == "heredoc_body":
        # The grammar finds `$(x)` in it, and no backquotes.
        sure = "`" not in _text(node) or _is_quoted(parent)
    elif kind == "variable_assignment":
        sure = not _STEERS.match(_text(node))
    elif kind not in _FRAMES | _HARMLESS:
        sure = kind.startswith("heredoc_")
    if kind == "comment":
        before = data[node.start_byte - 1 : node.start_byte]
        sure = not before or before in b" \t\n;&|()"
    parsed.whole = parsed.whole and sure


def _is_quoted(redirect: Node | None) -> bool:
    """Whether a here-document is taken as it stands."""
    children = () if redirect is None else redirect.children
    starts = [_text(child) for child in children if child.type == "heredoc_start"]
    return bool(starts) and starts[0][:1] in ("'", '"')


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
    words = [word_of(c) for c in _arguments(node, parent) if c.type != "variable_assignment"]
    if words:
        parsed.commands.append(_command(words, depth, parsed))


def _command(words: list[str], depth: int, parsed: Parsed) -> Command:
    """A command, and the commands that it runs in turn."""
    found = programs.what_runs(words)
    runs: list[Command] = []
    for inner in found.commands:
        parsed.inner += 1
        if parsed.inner > MAX_INNER:
            runs.append(Command((UNKNOWN,)))
            break
        runs.append(_command(inner, depth + 1, parsed) if depth < MAX_DEPTH else _too_deep(inner))
    for script in found.scripts:
        parsed.scripts += 1
        if script == UNKNOWN or depth >= MAX_DEPTH or parsed.scripts > MAX_SCRIPTS:
            runs.append(Command((UNKNOWN,)))
        else:
            inside = parse(script, depth + 1)
            runs += inside.commands
            parsed.writes += inside.writes
            parsed.writes_unknown |= inside.writes_unknown
            parsed.sources += inside.sources
            if not inside.whole:
                runs.append(Command((UNKNOWN,)))
    return Command(tuple(words), tuple(runs))


def _too_deep(words: list[str]) -> Command:
    """A command that is looked at no further; what it runs in turn nobody knows."""
    found = programs.what_runs(words)
    runs = (Command((UNKNOWN,)),) if found.commands or found.scripts else ()
    return Command(tuple(words), runs)


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
        parsed.sources.append(target)
        return
    if target in _HARMLESS_TARGETS:
        return
    if target == UNKNOWN:
        parsed.writes_unknown = True
    else:
        parsed.writes.append(target)


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


def _word(node: Node) -> str:
    """A word of something that is no plain command; as it stands there where it is no word."""
    return word_of(node) if node.type in _WORDS else _text(node)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
