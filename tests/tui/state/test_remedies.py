"""What a person is told to do about each failure, in the words of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from qwen_dual.core.models.model import ModelError
from qwen_dual.frontends.tui.state.remedies import ALTERNATIVES, SENTENCES, failure_text
from qwen_dual.models import endings
from qwen_dual.models.failures import Failures
from qwen_dual.protocol.failures import Remedy
from qwen_dual.settings.model_config import ModelConfig

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event

FAILURES = Failures(
    ModelConfig("coder", "openai", "https://models.example/v1", key_source="OPENAI_API_KEY")
)


def result(error: ModelError) -> Event:
    return {
        "kind": error.kind,
        "message": error.message,
        "status": error.status,
        "remedy": error.remedy,
    }


def of(status: int, message: str = "no") -> ModelError:
    return FAILURES.of_status(status, {}, b'{"error": {"message": "%s"}}' % message.encode()).error


def test_every_remedy_has_its_words() -> None:
    assert sorted([*SENTENCES, *ALTERNATIVES]) == sorted(get_args(Remedy))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            endings.broken(),
            "The answer broke off before it was complete. Ask again with Ctrl+Y.",
        ),
        (
            endings.empty("SAFE"),
            (
                "The model gave an empty answer (SAFE). Ask again with Ctrl+Y, or choose another model "
                "with /model."
            ),
        ),
        (
            endings.window_full(),
            (
                "The conversation fills the model's context window. Shorten the conversation with "
                "/compress, or begin a new session with /clear."
            ),
        ),
        (
            endings.refused("MISSING_THOUGHT_SIGNATURE"),
            (
                "The service refused the conversation (MISSING_THOUGHT_SIGNATURE). Begin a new session "
                "with /clear, or choose another model with /model."
            ),
        ),
        (
            FAILURES.no_key(),
            (
                "There is no API key for coder at models.example: set OPENAI_API_KEY, or connect with "
                "/auth."
            ),
        ),
        (
            of(401),
            (
                "401 models.example refused the API key in OPENAI_API_KEY: no. Set OPENAI_API_KEY to a "
                "valid key, or connect again with /auth."
            ),
        ),
        (
            of(503, "busy").after(7),
            (
                "503 models.example is overloaded: busy. (7 tries.) Try again later, or choose another "
                "model with /model."
            ),
        ),
        (
            of(400),
            (
                "400 models.example cannot use the request: no. Check generationConfig in the settings, "
                "or choose another model with /model."
            ),
        ),
        (
            of(404, "gone"),
            (
                "404 models.example does not know the model coder: gone. Check the base URL "
                "https://models.example/v1, or choose another model with /model."
            ),
        ),
        (
            FAILURES.stalled(240).error,
            (
                "The answer of models.example stalled: nothing came for 240 s. A longer limit can be set as "
                "generationConfig.streamIdleTimeoutMs. Ask again with Ctrl+Y."
            ),
        ),
        (ModelError("odd", 500), "500 odd"),
    ],
    ids=lambda one: one.kind if isinstance(one, ModelError) else "",
)
def test_a_failure_is_told_with_what_helps_at_a_keyboard(error: ModelError, text: str) -> None:
    assert failure_text(result(error)) == text


def test_a_result_of_a_program_without_remedies_is_told_as_it_is() -> None:
    assert failure_text({"message": "says no", "status": None}) == "says no"
