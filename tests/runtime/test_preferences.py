"""``/theme`` and ``/model``: for the session, or from now on where the person says so."""

from __future__ import annotations

import fcntl
import inspect
import json
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.commands.slash import SlashCommands
from qwen_dual.core.errors import CommandFailed
from qwen_dual.frontends.tui.text.theme import THEMES, names
from qwen_dual.runtime.commands.preferences import Preferences
from qwen_dual.settings.model_config import ModelConfig

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.commands.slash import Output
    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.commands.screen import Screen
    from qwen_dual.runtime.launch import Launch


def said(output: Output) -> str:
    """What a command says, once it is there."""
    if not inspect.isawaitable(output):
        return str(output)
    awaited = output

    async def wait() -> str:
        return str(await awaited)

    return anyio.run(wait)


class Fake:
    """A session, a screen and a home that record what was set."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.values: dict[str, str] = {}  # of the environment
        self.slash = SlashCommands()
        self.model_name, self.model_names = "one", ["one", "two"]
        self.theme_name, self.shown = "light", "light"
        self.vi, self.switched = False, [False]
        config = ModelConfig(id="two-id", protocol="openai", base_url="http://h/v1")
        launch: Any = SimpleNamespace(
            home=str(home),
            workspace=SimpleNamespace(short=str),
            choice=SimpleNamespace(configs={"two": config}),
            settings=SimpleNamespace(environment=self),
        )
        themes = [Choice(item.name) for item in THEMES]
        Preferences(
            cast("Session", self), cast("Launch", launch), cast("Screen", self), themes
        ).register()

    def set_model(self, name: str, origin: str) -> None:
        self.model_name = name

    def set_theme(self, name: str, *, preview: bool = False) -> None:
        self.shown = name
        if not preview:
            self.theme_name = name

    def set_vi(self, on: bool) -> str:
        self.vi = on
        self.switched.append(on)
        return "Vim keys" if on else "No vim keys"

    def run(self, line: str, actor: Actor = KEYBOARD) -> str:
        found = self.slash.find(line)
        assert found is not None
        return said(found[0].run(found[1], actor))

    def answer(self, name: str, *answers: str) -> str:
        command = self.slash.named(name)
        assert command is not None
        assert command.answered is not None
        return said(command.answered(answers, KEYBOARD))

    @property
    def kept(self) -> Any:
        file = self.home / "settings.json"
        return json.loads(file.read_text()) if file.exists() else None


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


def test_a_theme_holds_for_the_session_and_with_keep_from_now_on(fake: Fake) -> None:
    assert fake.run("/theme dark") == "Theme: dark"
    assert (fake.theme_name, fake.kept) == ("dark", None)
    assert "from now on" in fake.run("/theme mono keep")
    assert (fake.theme_name, fake.kept) == ("mono", {"ui": {"theme": "mono"}})


def test_a_model_is_kept_by_its_id_and_how_it_is_spoken_to(fake: Fake) -> None:
    fake.run("/model two")
    assert (fake.model_name, fake.kept) == ("two", None)
    fake.run("/model two keep")
    assert fake.kept == {
        "model": {"name": "two-id"},
        "security": {"auth": {"selectedType": "openai"}},
    }


def test_an_environment_that_goes_before_what_is_kept_is_named(fake: Fake) -> None:
    fake.values["OPENAI_MODEL"] = "another"
    assert "OPENAI_MODEL names another" in fake.run("/model two keep")
    fake.values["OPENAI_MODEL"] = "two-id"
    assert "OPENAI_MODEL" not in fake.run("/model two keep")


def test_a_model_without_a_service_is_not_kept(fake: Fake) -> None:
    with pytest.raises(CommandFailed, match="for this session"):
        fake.run("/model one keep")
    assert (fake.model_name, fake.kept) == ("one", None)


def test_the_form_asks_for_how_long(fake: Fake) -> None:
    command = fake.slash.named("theme")
    assert command is not None
    assert command.form is not None
    first, second = command.form(()), command.form(("dark",))
    assert first is not None
    assert second is not None
    assert [choice.value for choice in first.choices] == list(names())
    assert first.default == "light"
    assert command.form(("dark", "session")) is None
    assert fake.answer("theme", "dark", "session") == "Theme: dark"
    assert fake.kept is None
    fake.answer("theme", "dark", second.choices[1].value)
    assert fake.kept == {"ui": {"theme": "dark"}}


def test_moving_in_the_form_previews_and_chooses_nothing(fake: Fake) -> None:
    command = fake.slash.named("theme")
    assert command is not None
    assert command.form is not None
    question = command.form(())
    assert question is not None
    assert question.preview is not None
    question.preview("dark")
    assert (fake.shown, fake.theme_name) == ("dark", "light")


def test_a_host_changes_the_session_and_never_the_settings(fake: Fake) -> None:
    fake.run("/theme dark", INPUT)
    with pytest.raises(CommandFailed, match="at the keyboard"):
        fake.run("/theme mono keep", INPUT)
    assert (fake.theme_name, fake.kept) == ("dark", None)


def test_vim_keys_are_switched_and_kept_beside_what_its_owner_wrote(fake: Fake) -> None:
    file = fake.home / "settings.json"
    file.write_text('{\n  // habits\n  "general": {"preferredEditor": "vi"}, // mine\n}\n')
    assert "from now on" in fake.run("/vim")
    assert '"vimMode": true' in file.read_text()
    assert "No vim keys" in fake.run("/vim")
    text = file.read_text()
    assert "// habits" in text
    assert "// mine" in text
    assert text.count("vimMode") == 1
    assert '"vimMode": false' in text
    assert "for this session" in fake.run("/vim", INPUT)
    assert fake.switched == [False, True, False, True]
    assert file.read_text() == text
    with pytest.raises(CommandFailed, match="takes nothing, not 'on'"):
        fake.run("/vim on")


def test_a_file_that_cannot_take_it_costs_the_lasting_alone(fake: Fake) -> None:
    (fake.home / "settings.json").write_text("{oops")
    with pytest.raises(CommandFailed, match="For this session only"):
        fake.run("/theme dark keep")
    assert fake.theme_name == "dark"
    assert (fake.home / "settings.json").read_text() == "{oops"


def test_another_session_that_changes_the_settings_holds_up_no_screen(fake: Fake) -> None:
    folder = os.open(fake.home, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)

    async def main() -> None:
        output = fake.slash.find("/theme dark keep")
        assert output is not None
        kept = output[0].run(output[1], KEYBOARD)
        assert inspect.isawaitable(kept) and fake.theme_name == "dark"
        answers: list[object] = []

        async def wait() -> None:
            answers.append(await kept)

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.lowlevel.checkpoint()
            assert not answers  # the loop goes on while the lock is another's
            os.close(folder)
        assert "from now on" in str(answers[0])

    anyio.run(main)
    assert fake.kept == {"ui": {"theme": "dark"}}


def test_an_unknown_theme_is_named_with_those_there_are(fake: Fake) -> None:
    with pytest.raises(CommandFailed, match="unknown theme 'x'; there are: default"):
        fake.run("/theme x")
