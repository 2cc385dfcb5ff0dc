"""What "always" proposes: a rule for each call that a person allowed, or none."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from qwen_dual.core.permissions.patterns import PathPattern
from qwen_dual.core.permissions.proposals import rules_for
from qwen_dual.core.permissions.rules import allows
from qwen_dual.core.tools.tool import Command, FileAccess, Subject
from tests.core.permissions.test_rules import SHELL, command, file
from tests.support.declared import parse_rule
from tests.support.fakes import FakeTool


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ls -la", "run_shell_command(=ls -la)"),
        ("git log -1", "run_shell_command(git log *)"),
        ("git commit -m x", "run_shell_command(git commit *)"),
        ("git commit --no-verify", "run_shell_command(=git commit --no-verify)"),
        ("git push --force", "run_shell_command(=git push --force)"),
        ("git -C x log", "run_shell_command(=git -C x log)"),
        ("git config core.pager x", "run_shell_command(=git config core.pager x)"),
        ("pytest -q", "run_shell_command(pytest *)"),
        ("pytest -p x", "run_shell_command(=pytest -p x)"),
        ("python -m pytest -q", "run_shell_command(python -m pytest *)"),
        ("cargo test x", "run_shell_command(cargo test *)"),
        ("make test", "run_shell_command(=make test)"),
        ("npm run test", "run_shell_command(=npm run test)"),
        ("docker ps", "run_shell_command(=docker ps)"),
        ("./run.sh x", "run_shell_command(=./run.sh x)"),
        ("tar xf a", "run_shell_command(=tar xf a)"),
        ("gcc x.c", "run_shell_command(=gcc x.c)"),
        ("zip x y", "run_shell_command(=zip x y)"),
        ("env make x", "run_shell_command(=make x)"),
        *[
            (text, None)
            for text in (
                "rm x",
                "/bin/rm x",
                "sudo ls",
                "bash x.sh",
                "python3.11 x.py",
                "python -m http.server",
                "node x.js",
                "xargs ls",
                "npx x",
                "printf -v x y",
                "test -f x",
                "export X=1",
                "read x",
                "hash ls",
                "compgen -A x",
                "taskset 1 ls",
                "setpriv ls",
                "runuser x",
                "ssh-agent x",
                "ssh x",
                "vim x",
                "ed x",
                "sqlite3 x",
            )
        ],
    ],
)
def test_a_beginning_is_offered_for_what_is_known_and_else_the_exact_words_or_nothing(
    text: str, rule: str | None
) -> None:
    assert rules_for(FakeTool(SHELL), command(text), outside=False) == ((rule,) if rule else ())


def test_a_line_of_several_commands_leaves_a_rule_for_each_that_needs_one() -> None:
    def rules(subject: Subject) -> tuple[str, ...]:
        return rules_for(FakeTool(SHELL), subject, outside=False)

    log, make = "run_shell_command(git log *)", "run_shell_command(=make all)"
    assert rules(command("git log", "git log -1")) == (log,)
    assert rules(command("git log", "make all")) == (log, make)
    assert rules(replace(command("git log", "ls"), reads={1: ()}, unasked=frozenset([1]))) == (log,)
    assert rules(command("git log", "sudo x")) == ()
    assert rules(Subject((Command(("git", "log")),))) == ()


def test_a_harmless_wrapper_leaves_the_rule_of_what_it_runs() -> None:
    found = rules_for(FakeTool(SHELL), command("timeout 5 npm test"), outside=False)
    assert found == ("run_shell_command(=npm test)",)


@pytest.mark.parametrize(
    ("tool", "path", "is_folder", "rule"),
    [
        ("read_file", "/o/a b/x", False, "Read(//o/a\\ b/**)"),
        ("list_directory", "/o/a", True, "Read(//o/a/**)"),
        ("edit", "/o/x", False, "Edit(//o/**)"),
        ("read_file", "/x", False, "Read(//x)"),
        ("read_file", "/h/.profile", False, "Read(//h/.profile)"),
        ("list_directory", "/h", True, None),
    ],
)
def test_what_lies_outside_leaves_a_rule_for_its_folder(
    tool: str, path: str, is_folder: bool, rule: str | None
) -> None:
    subject = file(path, is_folder=is_folder)
    found = rules_for(FakeTool(tool), subject, outside=True)
    assert found == ((rule,) if rule else ())
    if found:
        assert allows(list(map(parse_rule, found)), tool, subject)


def test_other_calls_leave_what_fits_them() -> None:
    assert rules_for(FakeTool("edit", "edit"), file("/w/x"), outside=False) == ("edits",)
    guarded = Subject(files=(FileAccess("/w/.git/x", "/w/.git/x", True, guard=".git"),))
    assert rules_for(FakeTool("edit", "edit"), guarded, outside=False) == ()
    host = Subject(host="example.com")
    assert rules_for(FakeTool("web_fetch", "fetch"), host, outside=False) == (
        "WebFetch(example.com)",
    )
    assert rules_for(FakeTool("ask_user_question", "question"), Subject(), outside=False) == ()
    assert rules_for(FakeTool("read_file", "read"), file("/w/x"), outside=False) == ()


def test_a_pattern_of_a_path_is_compiled_however_odd_the_project_is_called() -> None:
    pattern = PathPattern.parse("../x")
    assert pattern.matches("/a [b]/x", "/a [b]/w", "/h", is_folder=False)


def test_a_file_of_the_project_is_proposed_by_its_path_from_there() -> None:
    for text, rule in (
        ("./run.sh x", "=./sub/run.sh x"),
        ("../run.sh", "=./run.sh"),
        ("make", "=make"),
        ("/bin/x", "=/bin/x"),
    ):
        there = replace(command(text), place="/w/sub", root="/w")
        found = rules_for(FakeTool(SHELL, "execute"), there, outside=False)
        assert found == (f"run_shell_command({rule})",)
        rules = list(map(parse_rule, found))
        assert allows(rules, "run_shell_command", there)
        from_here = allows(rules, "run_shell_command", replace(there, place="/w"))
        assert from_here is not text.startswith(".")
