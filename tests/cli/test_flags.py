"""The reference's command line: each flag in each spelling, what does nothing yet, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.__main__ import SUBCOMMANDS as OWN
from qwen_dual.cli.flags import INSTEAD, KINDS, SHORT, SUBCOMMANDS, WITHOUT_EFFECT, normalise
from qwen_dual.cli.parser import Options, parse
from qwen_dual.protocol import APPROVAL_MODES

# Read off `--help` of 0.24.4: switches, flags with a value, flags with several.
if TYPE_CHECKING:
    from pathlib import Path

SWITCHES = [
    "acp",
    "bare",
    "chat-recording",
    "continue",
    "debug",
    "experimental-lsp",
    "fork-session",
    "include-partial-messages",
    "insecure",
    "list-extensions",
    "openai-logging",
    "restore-ask-user-question",
    "safe-mode",
    "sandbox",
    "screen-reader",
    "telemetry",
    "telemetry-log-prompts",
    "yolo",
]
VALUES = [
    "append-system-prompt",
    "approval-mode",
    "auth-type",
    "channel",
    "input-file",
    "input-format",
    "json-fd",
    "json-file",
    "json-schema",
    "max-session-turns",
    "max-subagent-depth",
    "max-tool-calls",
    "max-wall-time",
    "mcp-config",
    "model",
    "openai-api-key",
    "openai-base-url",
    "openai-logging-dir",
    "output-format",
    "output-style",
    "prompt",
    "prompt-interactive",
    "proxy",
    "resume",
    "sandbox-image",
    "session-id",
    "system-prompt",
    "telemetry-otlp-endpoint",
    "telemetry-otlp-protocol",
    "telemetry-outfile",
    "telemetry-target",
    "worktree",
]
LISTS = [
    "add-dir",
    "allowed-mcp-server-names",
    "allowed-tools",
    "core-tools",
    "disabled-slash-commands",
    "exclude-tools",
    "extensions",
    "fallback-model",
    "include-directories",
]

UUID = "6f0c0e6e-2b0f-4f4e-9d3f-7a8a3c1d2e4f"
NOT_ALONE = ("acp", "fork-session", "include-partial-messages", "list-extensions")
"""Switches that end the program, or go with another flag."""

OFF = {
    "sandbox": Options(sandbox="none"),
    "telemetry": Options(telemetry={"enabled": False}),
    "telemetry-log-prompts": Options(telemetry={"logPrompts": False}),
}

VALUE = {
    "approval-mode": "plan",
    "auth-type": "openai",
    "input-format": "text",
    "json-fd": "3",
    "max-session-turns": "5",
    "max-subagent-depth": "2",
    "max-tool-calls": "5",
    "max-wall-time": "1.5h",
    "output-format": "json",
    "session-id": UUID,
}


def camel(name: str) -> str:
    first, *others = name.split("-")
    return first + "".join(part.capitalize() for part in others)


def read(*arguments: str) -> Options:
    """The options, or what ended the program with status 0."""
    return parse(arguments)


@pytest.mark.parametrize("name", [n for n in SWITCHES if n not in NOT_ALONE])
def test_a_switch_is_taken_in_each_spelling(name: str) -> None:
    plain = read(f"--{name}")
    assert plain == read(f"--{camel(name)}") == read(f"--{name}=true")
    assert plain == read(f"--{name}", "true") == read(f"--{name.replace('-', '_')}")
    off = read(f"--{name}=false")
    assert off == read(f"--{name}", "false") == read(f"--no-{name}")
    if name != "chat-recording":  # off is more than not asked for: the settings may ask
        assert off == OFF.get(name, Options())
    if name != "chat-recording":
        assert plain != Options()


@pytest.mark.parametrize("name", VALUES)
def test_a_flag_with_a_value_is_taken_in_each_spelling(name: str) -> None:
    value = VALUE.get(name, "x")
    plain = read(f"--{name}", value)
    assert plain == read(f"--{name}={value}") == read(f"--{camel(name)}", value)
    assert plain == read(f"--{camel(name)}={value}")
    assert plain != Options()


@pytest.mark.parametrize("name", LISTS)
def test_a_flag_with_several_values_is_taken_in_each_spelling(name: str) -> None:
    plain = read(f"--{name}", "A", "B", "--debug")
    assert (
        plain == read(f"--{name}", "A,B", "-d") == read(f"--{name}=A", f"--{camel(name)}=B", "-d")
    )
    assert plain != Options(debug=True)


def test_the_short_flags() -> None:
    assert read("-d") == Options(debug=True)
    assert read("-dy") == Options(debug=True, approval_mode="yolo")
    assert read("-mqwen3") == read("-m", "qwen3") == Options(model="qwen3")
    assert set(SHORT.values()) <= set(KINDS)


def test_what_has_no_effect_is_told_once_each() -> None:
    options = read(
        *("--worktree=x", "--channel=SDK", "-o", "stream-json", "--telemetry=false"),
        *("--include-directories", "a", "b", "--worktree=y", "--openai-logging=false"),
    )
    told = "--worktree, --include-directories have no effect in this version."
    assert options.remarks == (told + INSTEAD,)
    assert set(KINDS) >= WITHOUT_EFFECT


def test_what_has_no_effect_is_named_by_the_name_it_was_given_by() -> None:
    assert read("--addDir", "a", "-e", "b", "--include-directories=c", "-d").remarks == (
        f"--add-dir, --extensions have no effect in this version.{INSTEAD}",
    )


def test_a_list_may_name_nothing() -> None:
    none = read("--allowed-tools", "--exclude-tools", "-p", "x")
    assert none == read("--allowedTools=", "--exclude-tools", "", "-p", "x")
    assert none == Options(prompt="x", headless=True)
    assert read("--core-tools", "-d").remarks == ("--core-tools names no tool, and limits none.",)
    assert read("--allowed-mcp-server-names", "-d").allowed_mcp_servers == ()


def test_a_prompt_may_follow_the_switch_for_a_sandbox() -> None:
    options = read("-s", "fix the test")
    assert (options.sandbox, options.prompt) == ("auto", "fix the test")
    assert read("-s", "bwrap", "fix it") == Options(sandbox="bwrap", prompt="fix it", headless=True)


def test_servers_are_given_several_times_and_keep_their_commas() -> None:
    options = read("--mcp-config", '{"a": {"args": ["x,y"]}}', "--mcpConfig=b.json", "go")
    assert (options.mcp_config, options.prompt) == (('{"a": {"args": ["x,y"]}}', "b.json"), "go")
    assert "x,y" not in repr(options)
    assert read().allowed_mcp_servers is None
    assert read("--allowed-mcp-server-names", "a,b", "c").allowed_mcp_servers == ("a", "b", "c")


def test_rules_keep_their_commas() -> None:
    options = read("--allowed-tools", "Edit,Bash(git log a,b)", "Read", "--core-tools=LS")
    assert options.allowed_tools == ("Edit", "Bash(git log a,b)", "Read")
    assert options.as_settings() == {
        "tools": {"allowed": ["Edit", "Bash(git log a,b)", "Read"], "core": ["LS"]}
    }


def test_values_that_begin_with_a_dash_belong_to_their_flag() -> None:
    assert read("--append-system-prompt", "- be brief").append_system_prompt == "- be brief"
    assert read("--max-session-turns", "-1").max_session_turns == -1
    assert normalise(["--model", "--debug"]).arguments == ["--model", "--debug"]


def test_a_prompt_runs_without_a_screen_unless_it_is_given_with_the_flag_for_that() -> None:
    asked = read("explain", "this", "--debug")
    assert asked == Options(prompt="explain this", headless=True, debug=True)
    assert read("-p", "x") == read("--", "x") == read("x") == Options(prompt="x", headless=True)
    assert read("-p") == read("--prompt=") == Options(prompt="", headless=True)
    assert read("-i", "x") == Options(prompt="x")
    assert read("--", "-x").prompt == "-x"


def test_what_streams_in_is_for_the_format_of_lines() -> None:
    options = read("-p", "x", "-o", "stream-json", "--include-partial-messages")
    assert options.include_partial_messages
    assert options == read("-p", "x", "--outputFormat=stream-json", "--includePartialMessages")


def test_a_fork_is_of_a_session() -> None:
    assert read("-c", "--fork-session").fork_session
    assert read("--resume", UUID, "--forkSession").fork_session


def test_bounds() -> None:
    options = read("-p", "x", "--max-wall-time", "1.5h", "--max-tool-calls", "0", "-q")
    assert (options.max_wall_time, options.max_tool_calls, options.quiet) == (5400.0, 0, True)
    assert read("--max-wall-time", "90") == read("--max-wall-time=1.5m")
    assert read("--max-tool-calls", "-1").max_tool_calls == -1


def test_every_mode_is_taken_in_its_spellings() -> None:
    for mode in APPROVAL_MODES:
        options = read("--approval-mode", mode)
        assert (options.approval_mode, options.remarks) == (mode, ())
    assert read("--approvalMode=auto_edit").approval_mode == "auto-edit"


@pytest.mark.parametrize(
    ("asked", "used"), [("openai-responses", "openai"), ("qwen-oauth", None), ("vertex-ai", None)]
)
def test_a_way_to_a_model_that_is_not_here_yet_is_taken_and_told(
    asked: str, used: str | None
) -> None:
    options = read("--auth-type", asked)
    assert options.auth_type == used
    assert f"--auth-type {asked} is not here yet" in options.remarks[0]


def test_the_version_is_the_number_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["-v"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.replace(".", "").strip().isdigit()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--jsn-file", "x"], "did you mean --json-file?"),
        (["--aprovalMode", "plan"], "did you mean --approval-mode?"),
        (["--zzz"], "unrecognized arguments: --zzz\n"),
        (["-z"], "unrecognized arguments: -z\n"),
        (["-zz"], "unrecognized arguments: -zz\n"),
        (["--jsonFil", "x"], "unrecognized arguments: --jsonFil; did you mean --json-file?"),
        (["--sandbox", "bwrp"], "'bwrp' is no sandbox here"),
        (["--acp"], "--json-file and --input-file"),
        (["-p", "x", "--include-partial-messages"], "needs --output-format stream-json"),
        (["-i", "x", "--json-schema", "{}"], "not with -i"),
        (["--fork-session"], "goes with --continue or --resume ID"),
        (["-r", "--fork-session"], "goes with --continue or --resume ID"),
        (["-o", "xml"], "invalid choice: 'xml'"),
        (["--max-wall-time", "500ms"], "less than a second"),
        (["--max-wall-time", "soon"], "'soon' is no duration"),
        (["--max-wall-time", "9999h"], "more than 2147483 seconds"),
        (["--max-tool-calls", "1.5"], "'1.5' is no number"),
        (["--max-budget-usd", "0"], "'0' is no sum of dollars"),
        (["-p", "x", "y"], "two prompts are given: 'x' and 'y'"),
        (["-i", "x", "y"], "two prompts are given: 'x' and 'y'"),
        (["-i", "x", "-p", "y"], "mutually exclusive"),
        (["session"], "did you mean `qwen-dual sessions`?"),
        (["webb"], "As a prompt: qwen-dual -p 'webb'"),
        *(([name], "subcommand") for name in sorted(SUBCOMMANDS)),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(arguments, OWN)
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert says in said
    assert said.endswith("`qwen-dual --help` lists what there is.\n")


@pytest.mark.parametrize("words", [["hello"], ["-p", "session"], ["session?"], ["which session"]])
def test_what_is_no_slip_for_a_subcommand_is_a_prompt(words: list[str]) -> None:
    assert parse(words, OWN).prompt == words[-1]


def test_the_word_help_is_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["help"])
    assert caught.value.code == 0
    assert "`qwen-dual web`" in " ".join(capsys.readouterr().out.split())


def test_flags_may_stand_between_p_and_its_prompt() -> None:
    options = read("-p", "--trust", "say hello")
    assert (options.prompt, options.headless) == ("say hello", True)


def test_what_claude_agent_sdk_starts_a_program_with_is_taken() -> None:
    options = read(
        *("--output-format", "stream-json", "--verbose", "--permission-prompt-tool", "stdio"),
        *("--permission-mode", "acceptEdits", "--disallowedTools", "Bash", "--max-turns", "3"),
        *("--setting-sources=", "--strict-mcp-config", "--input-format", "stream-json"),
    )
    assert options.asks_on_stdin
    assert (options.approval_mode, options.max_session_turns) == ("auto-edit", 3)
    assert options.exclude_tools == ("Bash",)
    assert options.trust is False
    assert options.strict_mcp_config
    assert options.remarks == ()
    assert read("--permission-mode=bypassPermissions").approval_mode == "yolo"
    assert read("--setting-sources", "user,project").trust is None
    assert read("--setting-sources", "user", "--trust").trust is False
    assert not read("--permission-prompt-tool", "mcp__ask__me").asks_on_stdin


def test_its_list_of_tools_is_about_the_programs_own() -> None:
    assert read("--tools", "default") == Options()
    assert read("--tools", "").core_tools == read("--tools=").core_tools == ("mcp__*",)
    assert read("--tools", "Bash,Read").core_tools == ("Bash", "Read", "mcp__*")


def test_a_system_prompt_may_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prompt"
    path.write_text("Be brief. ü")
    assert read("--system-prompt-file", str(path)).system_prompt == "Be brief. ü"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--exclude-tools", "Bash(touch"), "--exclude-tools: 'Bash(touch': its parenthesis"),
        (("--exclude-tools", "Edit", "Bash()"), "the parentheses are empty"),
        (("--core-tools", "B*"), "--core-tools: 'B*': no name of a tool has a *"),
        (("--tools", "Bash", "--core-tools", "Read"), "say the same"),
        (("--no\x1b[31m-such",), "unrecognized arguments: --no"),
        (("--system-prompt-file", "/nowhere"), "'/nowhere' cannot be read: No such file"),
        (("--system-prompt-file", "/dev/zero"), "more than 1 MiB"),
        (("--system-prompt-file", "/x", "--system-prompt", "y"), "mutually exclusive"),
    ],
)
def test_a_run_that_would_not_be_limited_as_it_was_asked_to_be_is_none(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert says in said
    assert "\x1b" not in said
