"""``/auth``: the questions, the one call, and that nothing is kept when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.models.model import ModelError, RetryWait, TextDelta
from qwen_dual.models.offered import models_in
from qwen_dual.runtime.auth import (
    SERVICES,
    Connection,
    address_of,
    configure,
    connect_provider,
    connection_of,
    model_form,
    service_form,
    wrong_address,
)
from tests.support.fakes import FakeModel, Step

if TYPE_CHECKING:
    from qwen_dual.core.models.model import Model
    from qwen_dual.settings.model_config import ModelConfig

KEY = "sk-planted-0123456789"
DASHSCOPE = "DashScope (Alibaba Cloud)"
OLLAMA = "Ollama, on this machine"


def asked(*answers: str, typed: Connection | None = None) -> list[str]:
    texts = []
    for count in range(len(answers) + 1):
        question = service_form(typed)(answers[:count])
        if question is None:
            break
        texts.append(question.text)
    return texts


def test_a_service_is_asked_for_its_address_and_key_and_then_the_model() -> None:
    assert asked("OpenAI", "https://x", "k") == [
        "Which service?",
        "Its address (base URL)",
        "The API key",
    ]
    assert len(asked(OLLAMA, "http://localhost:1/v1")) == 2
    key = service_form()(("OpenAI", "https://x"))
    assert key is not None
    assert key.secret


def test_the_model_is_picked_from_the_services_list_or_typed() -> None:
    connection = Connection("OpenAI", "https://x", KEY)
    listed = model_form(connection, ["b", "a"])(())
    assert listed is not None
    assert [choice.value for choice in listed.choices] == ["b", "a"]
    assert listed.free
    typed = model_form(connection, [])(())
    assert typed is not None
    assert (typed.choices, typed.default) == ((), "gpt-5")


def test_after_an_error_it_is_asked_again_with_what_was_typed() -> None:
    typed = Connection("OpenAI", "https://host/v1", KEY, "wrong-model")
    questions = [service_form(typed)(("OpenAI", "https://host/v1")[:count]) for count in range(3)]
    service, address, key = questions
    assert service is not None and service.default == "OpenAI"
    assert address is not None and address.default == "https://host/v1"
    assert key is not None and key.optional
    assert connection_of(("OpenAI", "https://host/v1", ""), typed).key == KEY
    again = model_form(typed, [], before=typed.model)(())
    assert again is not None and again.default == "wrong-model"


def test_a_key_that_was_typed_is_not_used_at_another_address() -> None:
    typed = Connection("OpenAI", "https://host/v1", KEY, "m")
    other = service_form(typed)(("OpenAI", "https://other/v1"))
    assert other is not None and not other.optional
    assert connection_of(("OpenAI", "https://other/v1", ""), typed).key == ""
    assert connection_of((DASHSCOPE, "https://host/v1", ""), typed).key == ""


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_offered_leads_to_a_configuration(name: str) -> None:
    config, env_key = configure(Connection(name, "https://host/api", KEY, "model"))
    assert (config.id, config.base_url) == ("model", "https://host/api")
    assert env_key == SERVICES[name].env_key


@pytest.mark.parametrize(
    ("service", "typed", "base"),
    [
        ("OpenAI", "https://host/v1/chat/completions", "https://host/v1"),
        ("Anthropic", "https://host/v1/messages", "https://host"),
        ("Gemini", "https://host/v1beta/models", "https://host"),
    ],
)
def test_the_path_of_calls_is_no_part_of_an_address(service: str, typed: str, base: str) -> None:
    config, _ = configure(Connection(service, typed, KEY, "model"))
    assert config.base_url == base


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://host/v1/", "https://host/v1"),
        ("https://http://host:8000/v1", "http://host:8000/v1"),
        ("https://https://host/v1", "https://host/v1"),
        ("host.example/v1", "https://host.example/v1"),
        ("localhost:8000/v1", "http://localhost:8000/v1"),
        ("192.168.1.5:8000", "http://192.168.1.5:8000"),
        (" HTTPS://host ", "HTTPS://host"),
        ("https://proxy/?to=https://host", "https://proxy/?to=https://host"),
    ],
)
def test_the_address_that_was_meant_is_used(typed: str, meant: str) -> None:
    assert address_of(typed) == meant
    assert wrong_address(typed) is None


def test_an_address_typed_behind_the_one_that_stood_there_counts_alone() -> None:
    service = SERVICES["OpenAI"]
    assert (
        address_of(f"{service.base_url}http://localhost:1/v1", service) == "http://localhost:1/v1"
    )


@pytest.mark.parametrize(
    "text", ["https://", "ftp://host", "https://a b", "http://[", "https://h:99999"]
)
def test_what_is_no_address_is_said_at_once(text: str) -> None:
    assert "is no address" in (wrong_address(text) or "")


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        (Connection("OpenAI", "ftp://h", KEY, "m"), "is no address"),
        (Connection("OpenAI", "https://h", KEY, " "), "model's id is needed"),
        (Connection("OpenAI", "https://h", "", "m"), "needs an API key"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named(connection: Connection, says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        configure(connection)


def test_a_key_is_in_no_repr() -> None:
    assert KEY not in repr(Connection("OpenAI", "https://h", KEY, "m"))


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b'{"data": [{"id": "b"}, {"id": "a"}, {"id": "b"}]}', ["b", "a"]),
        (
            b"""{"models": [
            {"name": "models/g", "supportedGenerationMethods": ["generateContent"]},
            {"name": "models/e", "supportedGenerationMethods": ["embedContent"]}]}""",
            ["g"],
        ),
        (b'{"data": [{"id": "a\\u001b[2J"}, {"id": 3}, null, {"id": "ok"}]}', ["ok"]),
        (b"<html>", []),
        (b"[]", []),
        (b'{"data": 3}', []),
    ],
)
def test_the_models_that_services_list(body: bytes, ids: list[str]) -> None:
    assert models_in(body) == ids


def attempt(*steps: Step) -> tuple[str, list[str]]:
    done: list[str] = []

    async def keep(config: ModelConfig, env_key: str) -> str:
        done.append(f"keep {config.id} {env_key}")
        return "Saved."

    def use(config: ModelConfig, model: Model) -> None:
        done.append(f"use {config.base_url}")

    async def main() -> str:
        return await connect_provider(
            Connection(DASHSCOPE, "https://host/v1", KEY, "qwen3"),
            connect=lambda _: FakeModel(steps),
            keep=keep,
            use=use,
        )

    try:
        return anyio.run(main), done
    except CommandFailed as error:
        return str(error), done


def test_a_model_that_answers_is_used_and_kept() -> None:
    text, done = attempt(TextDelta("ready"))
    assert text == "qwen3 answers, and is in force from now on. Saved."
    assert done == ["use https://host/v1", "keep qwen3 DASHSCOPE_API_KEY"]


@pytest.mark.parametrize(
    "step", [ModelError("wrong key", 401, kind="auth"), RetryWait("wrong key", 1, 2, 7)]
)
def test_one_that_does_not_is_neither(step: Step) -> None:
    text, done = attempt(step)
    assert "nothing was saved" in text
    assert "wrong key" in text
    assert KEY not in text
    assert done == []
