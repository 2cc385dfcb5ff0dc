"""``/auth``: the questions, the one call, and that nothing is kept when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.auth import SERVICES, configure, connect_provider, form
from qwen_dual.core.model import ModelError, RetryWait, TextDelta
from qwen_dual.core.slash_runner import CommandFailed
from tests.support.fakes import FakeModel, Step

if TYPE_CHECKING:
    from qwen_dual.core.model import Model
    from qwen_dual.models.config import ModelConfig

KEY = "sk-planted-0123456789"
ANSWERS = ("DashScope (Alibaba Cloud)", "https://host/v1/", "qwen3", KEY)


def asked(*answers: str) -> list[str]:
    texts = []
    for count in range(len(answers) + 1):
        question = form(answers[:count])
        if question is None:
            break
        texts.append(question.text)
    return texts


def test_a_service_is_asked_for_its_address_model_and_key() -> None:
    assert len(asked("OpenAI", "https://x", "m", "k")) == 4
    assert len(asked("Ollama, on this machine", "http://localhost:1/v1", "m")) == 3
    key = form(("OpenAI", "https://x", "m"))
    assert key is not None
    assert key.secret


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_offered_leads_to_a_configuration(name: str) -> None:
    config, env_key = configure((name, "https://host/v1", "model", KEY))
    assert (config.id, config.base_url) == ("model", "https://host/v1")
    assert env_key == SERVICES[name].env_key


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (("OpenAI", "host", "m", KEY), "'host' is no address"),
        (("OpenAI", "https://h", " ", KEY), "model's id is needed"),
        (("OpenAI", "https://h", "m", ""), "needs an API key"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named(answers: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        configure(answers)


def attempt(*steps: Step) -> tuple[str, list[str]]:
    done: list[str] = []

    async def keep(config: ModelConfig, env_key: str) -> str:
        done.append(f"keep {config.id} {env_key}")
        return "Saved."

    def use(config: ModelConfig, model: Model) -> None:
        done.append(f"use {config.base_url}")

    async def main() -> str:
        return await connect_provider(
            ANSWERS, connect=lambda _: FakeModel(steps), keep=keep, use=use
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
