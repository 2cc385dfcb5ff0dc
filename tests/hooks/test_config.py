"""What the settings say of hooks: whose they are, what they mean, and what cannot be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.hooks.config import read_hooks
from qwen_dual.settings.layers import Layer
from tests.hooks.kit import group, play, says, session

if TYPE_CHECKING:
    from pathlib import Path


def layer(name: str, hooks: Any) -> Layer:
    values = {"hooks": hooks}
    return Layer(name, f"/{name}.json", "", values, values)


def read(hooks: Any) -> tuple[list[Any], list[str]]:
    return read_hooks([layer("user", hooks)], trusted=True)


def test_project_hooks_count_in_a_trusted_folder_and_run_first() -> None:
    layers = [
        layer(name, {"Stop": [group({"command": name})]})
        for name in ("system defaults", "user", "project", "system")
    ]
    found, wrong = read_hooks(layers, trusted=True)
    assert [(hook.does, hook.source) for hook in found] == [
        ("project", "Project"),
        ("user", "User"),
        ("system", "System"),
        ("system defaults", "System"),
    ]
    assert not wrong
    untrusted, _ = read_hooks(layers, trusted=False)
    assert [hook.does for hook in untrusted] == ["user", "system", "system defaults"]


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        *((None, 60), (5, 5), (0.5, 0.5), (999, 999), (1000, 1), (10000, 10), (1800000, 1800)),
        *((0, 60), (-1, 60), ("30s", 60), (True, 60), (float("nan"), 60)),
    ],
)
def test_a_timeout_is_in_seconds_and_in_milliseconds_from_1000_on(
    timeout: object, seconds: float
) -> None:
    found, _ = read({"Stop": [group({"command": "x", "timeout": timeout})]})
    assert found[0].seconds == seconds


@pytest.mark.parametrize(
    ("hooks", "wrong"),
    [
        ([], "hooks is not used: expected an object"),
        ({"PreTool": []}, "hooks.PreTool is not used: there is no such event"),
        ({"Stop": {}}, "hooks.Stop is not used: expected a list"),
        ({"Stop": [7]}, "hooks.Stop[0] is not used"),
        ({"Stop": [{"hooks": [7]}]}, "hooks.Stop[0].hooks[0] is not used: expected an object"),
        ({"Stop": [group({"type": "magic"})]}, "expected command, http or prompt, not magic"),
        ({"Stop": [group({"command": " "})]}, ".command is not used: expected a text"),
        ({"Stop": [group({"command": "a\0b"})]}, ".command is not used: expected a text"),
        ({"Stop": [group({"command": "x", "shell": "powershell"})]}, "only bash"),
        ({"Stop": [{"matcher": 7, "hooks": []}]}, "matcher is not used: expected a text"),
    ],
)
def test_what_cannot_be_used_is_said_and_left_out(hooks: Any, wrong: str) -> None:
    found, said = read(hooks)
    assert found == [] and wrong in said[0] and said[0].startswith("/user.json: ")


def test_one_that_is_wrong_takes_none_of_the_others_along() -> None:
    found, wrong = read({"Stop": [group({"command": 7}, {"command": "fine"})], "Nope": []})
    assert [hook.does for hook in found] == ["fine"] and len(wrong) == 2


def test_a_name_is_one_short_line() -> None:
    found, _ = read({"Stop": [group({"command": "x", "name": "evil\n\x1b[31mname" + "y" * 99})]})
    assert "\n" not in found[0].name and "\x1b" not in found[0].name and len(found[0].name) == 60


def test_a_command_is_taken_as_it_stands_and_its_variables_are_the_shells(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"UserPromptSubmit": [group({"command": 'printf %s "$HOME" > home; echo hi'})]}
        async with session(tmp_path, hooks) as one:
            await one.ask("hello")
            assert one.handle.parts.hooking is not None
            assert "$HOME" in one.handle.parts.hooking.hooks.engine.hooks[0].does
            assert (one.work / "home").read_text() == str(tmp_path)

    play(main)


def test_all_of_them_can_be_switched_off(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"UserPromptSubmit": [group(says("no", exit=2))]}
        async with session(tmp_path, hooks, settings={"disableAllHooks": True}) as one:
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"
            assert one.told() == [] and one.events.of("hook_started") == []

    play(main)


@pytest.mark.parametrize("mine", [True, False])
def test_a_folder_ends_its_own_hooks_and_never_the_persons(tmp_path: Path, *, mine: bool) -> None:
    own = tmp_path / "work" / ".qwen"
    own.mkdir(parents=True)
    theirs = {"UserPromptSubmit": [group(says("no", exit=2, name="theirs"))]}
    settings = {"hooks": theirs, "disableAllHooks": mine}
    (own / "settings.json").write_text(json.dumps(settings))

    async def main() -> None:
        hooks = {"Stop": [group(says(seen="mine"))]}
        # What the person ended, a folder does not begin again either.
        async with session(tmp_path, hooks, settings={"disableAllHooks": not mine}) as one:
            await one.ask("/trust session")
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"
            assert one.told() == [] and bool(one.told(file="mine")) is mine
            listed = (await one.ask("/hooks"))["result"]
            assert ("None of this folder's hooks runs" in listed) is mine
            assert ("No hook runs: disableAllHooks is true" in listed) is not mine

    play(main)


def test_reading_the_hooks_again_reads_the_switch_too(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"UserPromptSubmit": [group(says("no", exit=2))]}
        async with session(tmp_path, hooks) as one:
            assert (await one.ask("hello"))["stop_reason"] == "denied"
            file = tmp_path / "home" / "settings.json"
            file.write_text(json.dumps({**json.loads(file.read_text()), "disableAllHooks": True}))
            await one.ask("/hooks reload")
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"

    play(main)


def test_what_a_hook_runs_by_itself_is_guarded(tmp_path: Path) -> None:
    command = """test -f x && "$QWEN_PROJECT_DIR"/scripts/check.sh --fix; python ./y.py"""
    hooks = {"PostToolUse": [group({"type": "command", "command": command})]}

    async def main() -> None:
        async with session(tmp_path, hooks) as hooked:
            await hooked.handle.load()
            guard = hooked.handle.parts.tools.workspace.own_guard
            work = hooked.work.resolve()
            assert guard(f"{work}/scripts/check.sh") == "check.sh"
            assert guard(f"{work}/y.py") == "y.py"
            assert guard(f"{work}/z.py") == ""

    play(main)
