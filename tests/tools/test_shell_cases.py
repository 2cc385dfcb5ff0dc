"""Command lines that once ran something else under a rule that allows little: now each asks.

And the other side: what a rule denies is found in them, or may be in them, so that it never runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shell.hostile_lines import REACHING
from tests.support.declared import policy_of
from tests.tools.support import tool_of

if TYPE_CHECKING:
    from qwen_dual.core.permissions.policy import Policy, Verdict
    from qwen_dual.tools.toolset import Toolset

RULES = [
    *("Bash(git status)", "Bash(ls *)", "Bash(grep *)", "Bash(find *)", "Bash(sort *)"),
    *("Bash(echo *)", "Bash(tar *)", "Bash(git *)"),
]

LINES = [
    *REACHING,
    "time -a -o FILE -f CONTENT ls",
    "ls | time -a -o FILE -f CONTENT ls",
    "git status\u00a0;CMD",
    "git status;CMD",
    "export PATH=./bin; git status",
    "printf -v PATH ./bin; git status",
    "cd / && git status",
]

# What in them a rule against CMD has to find, or to take for possible.
DENIED = [
    *(line for line in LINES[:5] if "CMD" in line),
    "for RANDOM in 'a[$(CMD)]'; do ls; done",
    "x='a[$(CMD)]'; echo $((x))",
    "x='$(CMD)'; echo ${x@P}",
    "y='x[$(CMD)]'; echo ${y[0]} ${!y}",
    "nice -x CMD",
    "xargs CMD",
    "./nice CMD; $(CMD)",
    "cat <<E\\\nF\nE\nCMD\nF",
    "cat <<'E F'\nE\nE F\nCMD",
    "(( x[$(CMD)] ))",
    "C\\\nMD",
    "printf -v 'a[$(CMD)]' x",
    "test -v 'a[$(CMD)]'",
    "[[ -v 'a[$(CMD)]' ]]",
    "unset 'a[`CMD`]'",
    "read 'a[$(CMD)]'; echo $a",
    "declare -i 'a[$(CMD)]=1'",
    '"C"\\MD x; echo $y',
    "''\\CMD; echo $y",
]


def judged(tools: Toolset, policy: Policy, line: str) -> Verdict:
    tool = tool_of(tools, "run_shell_command")
    return policy.judge(tool, tool.prepare({"command": line}))


@pytest.mark.parametrize("line", LINES)
def test_a_rule_that_allows_little_lets_nothing_else_through(tools: Toolset, line: str) -> None:
    assert judged(tools, policy_of(allow=RULES), line).action == "ask"
    assert judged(tools, policy_of("auto-edit", allow=RULES), line).action == "ask"
    session = policy_of()
    for rule in RULES:
        session.remember(rule)
    assert judged(tools, session, line).action == "ask"
    only = policy_of("yolo")
    only.set_rules(only=RULES)
    if not line.startswith("cd / "):  # in yolo a line may run anywhere
        assert judged(tools, only, line).action == "refuse"


@pytest.mark.parametrize("line", DENIED)
def test_a_rule_that_denies_holds_where_the_grammar_may_err(tools: Toolset, line: str) -> None:
    assert judged(tools, policy_of("yolo", deny=["Bash(CMD *)"]), line).action != "allow"
    assert judged(tools, policy_of(allow=["Bash"], ask=["Bash(CMD *)"]), line).action == "ask"


@pytest.mark.parametrize(
    "line",
    [
        "for i in 1 2; do echo $i ${i%.c} ${#i} ${i:-x} ${i//a/b}; done",
        "docker run \\\n  -v a:b \\\n  image",
        "cat > f <<'EOF'\n$(x)\nEOF",
        "python - <<'PY'\nprint(1)\nPY",
        "python <<PY\nprint(1)\nPY",
        "sed 's/\\(a\\)/b/' \"$x\"",
        "echo 'it'\\''s' $x",
        "echo $((1 + 2)) > f 2>&1",
    ],
)
def test_ordinary_lines_do_not_ask_because_something_else_is_denied(
    tools: Toolset, line: str
) -> None:
    assert judged(tools, policy_of("yolo", deny=["Bash(rm *)"]), line).action == "allow"
