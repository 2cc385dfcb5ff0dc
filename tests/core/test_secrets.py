"""Keys are taken out of what is shown, wherever they stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.bus import Bus
from qwen_dual.core.secrets import Secrets
from qwen_dual.protocol import events
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    import pytest

KEY = "sk-planted-0123456789"


def test_a_key_gives_way_to_its_name_in_keys_and_values_at_any_depth() -> None:
    secrets = Secrets()
    secrets.add(KEY, "OPENAI_API_KEY")
    scrubbed = secrets.scrub_all({"a": [f"x{KEY}y{KEY}", {KEY: 1}], "b": None})
    assert scrubbed == {
        "a": ["x[OPENAI_API_KEY]y[OPENAI_API_KEY]", {"[OPENAI_API_KEY]": 1}],
        "b": None,
    }


def test_words_too_short_to_be_keys_stay() -> None:
    secrets = Secrets()
    secrets.add("none", "X")
    secrets.add(None, "Y")
    assert secrets.scrub("none") == "none"


def test_no_event_holds_a_key() -> None:
    bus = Bus("id")
    bus.secrets.add(KEY, "K")
    seen: list[str] = []
    bus.subscribe(lambda event: seen.append(str(event)))
    bus.publish(events.notice(f"bad key {KEY}", "error"))
    bus.publish(events.user_text(KEY, "keyboard"))
    bus.publish(events.control_request("r", {"input": {"command": f"echo {KEY}"}}))
    assert len(seen) == 3
    assert KEY not in "".join(seen)


def test_neither_the_model_nor_an_event_gets_a_key_that_a_tool_printed() -> None:
    tool = FakeTool(result=f"OPENAI_API_KEY={KEY}")
    model = FakeModel(call(tool.name))
    host = Host(model, tool, approval_mode="yolo")
    host.bus.secrets.add(KEY, "OPENAI_API_KEY")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.run_shell("env", KEYBOARD)
        await host.result(2)

    host.play(script)
    assert KEY not in str(host.events)
    assert KEY not in str([(request.system, request.messages) for request in model.requests])
    assert KEY not in str(host.session.history)
    assert "OPENAI_API_KEY=[OPENAI_API_KEY]" in str(model.requests[1].messages)


def test_a_long_text_that_was_looked_through_in_steps_is_what_it_becomes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qwen_dual.core.secrets.LONG", 100)
    monkeypatch.setattr("qwen_dual.core.secrets.STEP", 10)
    secrets = Secrets()
    secrets.add(KEY, "K")
    secrets.add(KEY[::-1], "R")
    for at in range(12):  # a key lies across every edge of the steps
        text = "x" * (80 + at) + KEY + KEY[::-1] + "y" * 15 + KEY
        expected = secrets.scrub(text)
        assert "[K][R]" in expected
        assert len(list(secrets.look_through(text))) > 5
        monkeypatch.setattr("qwen_dual.core.secrets.LONG", 10)
        assert secrets.scrub(text) == expected
        assert secrets.scrub(text) is secrets.scrub(text)
        assert not list(secrets.look_through(text))
        monkeypatch.setattr("qwen_dual.core.secrets.LONG", 100)
    clean = "z" * 150
    list(secrets.look_through(clean))
    assert secrets.scrub(clean) is clean
    secrets.add("z" * 20, "Z")  # a key that becomes known later is looked for again
    assert secrets.scrub(clean) != clean
