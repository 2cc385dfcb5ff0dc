"""Permission rules: how they are read, what they match, what is proposed, what is offered."""

from __future__ import annotations

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.permissions.rule_names import RuleNames
from qwen_dual.core.permissions.rules import allows, select_tools
from qwen_dual.core.tools.tool import UNKNOWN, Command, Display, FileAccess, Subject
from qwen_dual.shell.reader import GLOB, Line, Simple, read
from tests.support.declared import DECLARED, NAMES, Words, parse_rule
from tests.support.fakes import FakeModel, FakeTool, Host, call

SHELL = "run_shell_command"


def command(*texts: str) -> Subject:
    words = [tuple(text.split()) for text in texts]
    return Subject(tuple(map(Command, words)), line=Line(tuple(map(Simple, words))))


def file(
    path: str, real: str = "", *, is_folder: bool = False, root: str = "/w", home: str = "/h"
) -> Subject:
    access = FileAccess(path, real or path, is_folder=is_folder)
    return Subject(files=(access,), root=root, home=home)


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        ("Bash(git *)", ["git", "git status", "git log -1"], ["gitx", "gi t", "ls git"]),
        ("Bash(git:*)", ["git", "git status"], ["gitx"]),
        ("run_shell_command(git)", ["git", "git status"], ["gitx"]),
        ("ShellTool(git log)", ["git log", "git log -1"], ["git", "git logs", "git push"]),
        ("Bash(git * main)", ["git main", "git log -1 main"], ["git log main -1"]),
        ("Bash(npm run test:*)", ["npm run test", "npm run test x"], ["npm run test:unit"]),
        ("Bash(npm run test*)", ["npm run test:unit", "npm run test"], ["npm run build"]),
        ("Bash(* --version)", ["node --version"], ["node --version x"]),
        ("Bash(*)", ["rm x"], []),
        ("Bash", ["rm x"], []),
        ("Shell(a 'b c')", [], ["a b c"]),
    ],
)
def test_commands_match_by_whole_words(rule: str, yes: list[str], no: list[str]) -> None:
    parsed = parse_rule(rule)
    for text in yes:
        assert allows([parsed], SHELL, command(text)), text
        assert parsed.applies(SHELL, command(text)) == "yes", text
    for text in no:
        assert not allows([parsed], SHELL, command(text)), text
        assert parsed.applies(SHELL, command(text)) == "no", text


def test_quotes_in_a_rule_hold_words_together() -> None:
    rule = parse_rule("Bash(echo 'a b' *)")
    assert allows([rule], SHELL, Subject(line=Line((Simple(("echo", "a b", "c")),))))


def test_every_command_has_to_be_allowed_and_one_is_enough_to_deny() -> None:
    both = command("git log", "rm x")
    assert not allows([parse_rule("Bash(git *)")], SHELL, both)
    assert allows([parse_rule("Bash(git *)"), parse_rule("Bash(rm *)")], SHELL, both)
    assert parse_rule("Bash(rm *)").applies(SHELL, both) == "yes"


def test_only_the_strict_reading_allows_and_only_the_other_is_unsure() -> None:
    git = [parse_rule("Bash(git *)")]
    assert not allows(git, SHELL, Subject((Command(("git", "log")),)))
    assert allows(git, SHELL, Subject(line=Line((Simple(("git", "log")),))))
    deny = parse_rule("Bash(git push *)")
    assert deny.applies(SHELL, Subject((Command(("git", UNKNOWN)),))) == "maybe"
    assert deny.applies(SHELL, Subject((Command((UNKNOWN,)),))) == "maybe"
    assert deny.applies(SHELL, Subject((Command(("git", "log", UNKNOWN)),))) == "no"
    assert deny.applies(SHELL, Subject(parsed=False)) == "maybe"


def test_names_that_only_the_shell_knows_match_no_word() -> None:
    assert not allows([parse_rule("Bash(cat a*)")], SHELL, command(f"cat {GLOB}a*"))
    assert not allows([parse_rule("Bash(cat *.py)")], SHELL, command(f"cat {GLOB}*.py"))


def test_words_to_be_spelled_are_not_covered_by_a_star() -> None:
    delete = command("find . -delete")
    assert not allows([parse_rule("Bash(find *)")], SHELL, delete)
    assert allows([parse_rule("Bash(find * -delete)")], SHELL, delete)


def test_what_a_command_runs_in_turn_is_denied_but_allowed_only_where_it_changes_nothing() -> None:
    inner = Command(("mypy", "x"))
    sudo = Subject((Command(("sudo", "mypy", "x"), runs=(inner,)),), line=read("sudo mypy x"))
    mypy = parse_rule("Bash(mypy *)")
    assert mypy.applies(SHELL, sudo) == "yes"
    assert not allows([mypy], SHELL, sudo)
    assert allows([mypy], SHELL, command("nice -n 5 mypy x"))


def test_a_program_is_denied_by_whatever_path_and_allowed_by_its_name_only() -> None:
    rm = parse_rule("Bash(rm *)")
    assert rm.applies(SHELL, command("/bin/rm x")) == "yes"
    assert not allows([rm], SHELL, command("./rm x"))


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        ("Read(src/**)", ["/w/src/a", "/w/src/b/c"], ["/w/a", "/x/src/a", "/w/x/src/a"]),
        ("Read(*.env)", ["/w/a.env", "/w/b/.env"], ["/a.env"]),
        ("Read(./secrets)", ["/w/secrets/a"], ["/w/b/secrets"]),
        ("Read(//etc/**)", ["/etc/passwd"], ["/w/etc/passwd", "/etcx"]),
        ("Read(/etc/**)", ["/etc/passwd", "/w/etc/x"], ["/x/etc/y"]),
        ("Read(~/.ssh/**)", ["/h/.ssh/id"], ["/w/.ssh/id", "/h/.sshx"]),
        ("Read(../other/**)", ["/other/x"], ["/w/other/x"]),
        ("Read(#a)", ["/w/#a"], ["/w/a"]),
        ("Read(//w/a\\ \\[1\\]/**)", ["/w/a [1]/x"], ["/w/a 1/x"]),
    ],
)
def test_paths_match_as_gitignore_says(rule: str, yes: list[str], no: list[str]) -> None:
    parsed = parse_rule(rule)
    for path in yes:
        assert allows([parsed], "read_file", file(path)), path
    for path in no:
        assert not allows([parsed], "read_file", file(path)), path


def test_a_folder_stands_for_all_in_it() -> None:
    rule = parse_rule("Read(src/**)")
    assert allows([rule], "grep_search", file("/w/src", is_folder=True))
    assert not allows([rule], "grep_search", file("/w", is_folder=True))
    assert allows([parse_rule("Read(**)")], "glob", file("/w", is_folder=True))


def test_a_link_is_denied_by_both_its_names_and_allowed_by_the_real_one() -> None:
    link = file("/w/src/link", "/etc/passwd")
    rule = parse_rule("Read(src/**)")
    assert not allows([rule], "read_file", link)
    assert rule.applies("read_file", link) == "yes"
    assert parse_rule("Read(//etc/**)").applies("read_file", link) == "yes"


def test_a_command_that_writes_a_file_falls_under_the_rules_for_edits() -> None:
    access = FileAccess("/w/.env", "/w/.env", writes=True)
    subject = Subject(files=(access,), root="/w")
    assert parse_rule("Edit(.env)").applies(SHELL, subject) == "yes"
    assert parse_rule("Read(.env)").applies(SHELL, subject) == "no"


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        ("WebFetch(example.com)", ["example.com", "a.example.com"], ["example.com.evil.org"]),
        ("WebFetch(domain:example.com)", ["example.com"], ["notexample.com"]),
        ("WebFetch(*.example.com)", ["a.example.com"], ["example.com"]),
    ],
)
def test_hosts_match_with_those_below_them(rule: str, yes: list[str], no: list[str]) -> None:
    parsed = parse_rule(rule)
    assert all(allows([parsed], "web_fetch", Subject(host=host)) for host in yes)
    assert not any(allows([parsed], "web_fetch", Subject(host=host)) for host in no)


def test_a_tool_of_others_declares_its_names_and_what_its_patterns_are_of() -> None:
    words = Display("Query")
    names = RuleNames([*DECLARED, Words("mcp__db__copy", ("Copy", "Edit"), "write", words)])
    assert names.parse("Copy(x)").tools == {"mcp__db__copy"}
    assert names.parse("Edit(x)").tools == {"edit", "write_file", "mcp__db__copy"}
    assert names.parse("Edit(x)").writes
    assert not names.parse("Copy(x)").writes, "what speaks of one writer speaks of no command"
    assert names.parse("Grep(x)").pattern and not names.parse("Grep(x)").reads
    with pytest.raises(ValueError, match="takes no pattern"):
        names.parse("mcp__other__tool(x)")


def test_aliases_name_the_tools_they_stand_for() -> None:
    assert parse_rule("Read").tools == {"read_file", "list_directory", "glob", "grep_search"}
    assert parse_rule("Edit").tools == parse_rule("Write").tools == {"edit", "write_file"}
    assert parse_rule("read_file").tools == {"read_file"}
    assert parse_rule("mcp__box__*").names("mcp__box__open")
    assert parse_rule("mcp__box").names("mcp__box__open")
    assert not parse_rule("mcp__box").names("mcp__boxes__open")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a tool's name"),
        ("git *", "expected a tool's name"),
        ("Bash(git *", "parenthesis is not closed"),
        ("Bash()", "parentheses are empty"),
        ("Bash(git 'x)", "quotes do not close"),
        ("Read(!x)", "cannot begin with '!'"),
        ("Read([z-a])", "no path pattern"),
        ("Read(a\\)", "no path pattern"),
        ("WebFetch(https://example.com/x)", "expected a host"),
        ("TodoWrite(x)", "takes no pattern"),
        ("*", "no name of a tool has"),
        ("B*(git)", "no name of a tool has"),
    ],
)
def test_a_text_that_is_no_rule_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_rule(text)
    told: list[str] = []
    assert NAMES.parse_all([text, "Bash"], told.append) == [parse_rule("Bash")]
    assert repr(text) in told[0]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Bsh", "Bash"),
        ("Reod", "Read"),
        ("run_shell_comand", "run_shell_command"),
        ("Edti", "Edit"),
    ],
)
def test_a_name_that_is_a_slip_for_a_tool_is_told_and_holds_as_it_is(text: str, near: str) -> None:
    told: list[str] = []
    assert NAMES.parse_all([text], told.append)[0].tools == {text}
    assert len(told) == 1 and f"did you mean {near}?" in told[0].replace("edit", "Edit")
    NAMES.parse_strictly([text], told.append, "the settings")
    assert told[1] == told[0]
    with pytest.raises(ValueError, match="did you mean"):
        NAMES.parse(f"{text}(x)")


@pytest.mark.parametrize("text", ["MultiEdit", "read_many_files", "web_search", "lsp", "mcp__Bsh"])
def test_a_tool_of_another_program_is_no_slip(text: str) -> None:
    told: list[str] = []
    NAMES.parse_all([text, "bash"], told.append)
    assert not told


# -- what is offered ---------------------------------------------------------------------------


def test_the_settings_choose_which_tools_are_offered() -> None:
    tools = [FakeTool(name) for name in (SHELL, "read_file", "edit", "mcp__a__b")]

    def names(core: str = "", exclude: str = "") -> list[str]:
        rules = [[parse_rule(text) for text in texts.split()] for texts in (core, exclude)]
        return [tool.name for tool in select_tools(tools, *rules).tools]

    assert names() == [SHELL, "read_file", "edit", "mcp__a__b"]
    assert names("Read Edit") == ["read_file", "edit"]
    assert names("", "Bash mcp__a") == ["read_file", "edit"]
    assert names("Bash(git) Read", "Read") == [SHELL]
    assert names("", "bash read_FILE") == ["edit", "mcp__a__b"]
    assert names("mcp__*") == ["mcp__a__b"]


def test_a_choice_of_which_nothing_can_be_understood_offers_nothing() -> None:
    assert select_tools([FakeTool(SHELL)], limited=True).tools == ()
    assert select_tools([FakeTool(SHELL)]).tools != ()


def test_a_name_is_known_however_its_letters_are_written() -> None:
    assert parse_rule("bash(git *)").tools == parse_rule("Bash(git *)").tools
    assert parse_rule("BASH").tools == frozenset([SHELL])


def test_patterns_narrow_the_tools_that_are_offered() -> None:
    tools = [FakeTool(SHELL)]
    git, rm, whole = (parse_rule(text) for text in ("Bash(git)", "Bash(rm)", "Bash"))
    assert select_tools(tools, [git], [rm]).only == (git,)
    assert select_tools(tools, [git], [rm]).deny == (rm,)
    assert select_tools(tools, [git, whole]).only == ()


# -- in a session ------------------------------------------------------------------------------


def test_a_denied_call_does_not_run_and_the_model_learns_of_the_rule() -> None:
    tool = FakeTool()
    model = FakeModel(call(SHELL, command="rm x"))

    async def script(host: Host) -> None:
        host.session.policy.set_rules(deny=["Bash(rm *)"])
        host.session.set_approval_mode("yolo", KEYBOARD)
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, tool)
    host.play(script)
    assert tool.runs == [] and host.of("control_request") == []
    assert "Bash(rm *)" in host.tool_results()[0]["content"]


def test_an_edited_input_that_a_rule_denies_does_not_run() -> None:
    tool = FakeTool()

    async def script(host: Host) -> None:
        host.session.policy.set_rules(deny=["Bash(rm *)"])
        host.session.submit("go", KEYBOARD)
        host.session.answer(
            await host.request(), Decision(True, KEYBOARD, updated_input={"command": "rm x"})
        )
        await host.result()

    host = Host(FakeModel(call(SHELL, command="ls")), tool)
    host.play(script)
    assert tool.runs == []
    assert "Bash(rm *)" in host.tool_results()[0]["content"]


@pytest.mark.parametrize("allowed", [True, False])
def test_what_turns_out_to_need_leave_is_asked_about_even_in_yolo(allowed: bool) -> None:
    tool = FakeTool("web_fetch", "fetch", needs_leave=True)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(allowed, KEYBOARD, message="no"))
        await host.result()

    host = Host(FakeModel(call("web_fetch", url="x")), tool, approval_mode="yolo")
    host.play(script)
    assert len(tool.runs) == allowed
    assert host.tool_results()[0]["is_error"] is not allowed
