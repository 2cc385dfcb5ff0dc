"""Images of a tool's result, as each protocol takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.models.anthropic import AnthropicTranslator
from qwen_dual.models.gemini import GeminiTranslator
from qwen_dual.models.openai import OpenAITranslator
from qwen_dual.models.vision import NO_GIF, UNSEEN, sees_images
from qwen_dual.protocol.blocks import image_line
from tests.models.conversations import asked, called, configured, resulted, said
from tests.support.images import GIF, image, png

if TYPE_CHECKING:
    from qwen_dual.core.models.model import ModelRequest
    from qwen_dual.settings.model_config import ModelProtocol

IMAGE = image(png(20, 10))
DATA = IMAGE["source"]["data"]
LINE = image_line(IMAGE)


def looked(*, is_error: bool = False) -> ModelRequest:
    """Two calls of which the first gave an image between words, then a prompt."""
    seen = {**resulted("a", is_error=is_error), "content": [said("seen:"), IMAGE]}
    return asked(
        ("user", [said("look")]),
        ("assistant", [called("a"), called("b")]),
        ("user", [seen, resulted("b"), said("and?")]),
    )


def body(protocol: ModelProtocol, request: ModelRequest, model: str, **more: Any) -> dict[str, Any]:
    translator: Any = {
        "openai": OpenAITranslator,
        "anthropic": AnthropicTranslator,
        "gemini": GeminiTranslator,
    }[protocol]()
    return dict(translator.request(configured(protocol, model, **more), request).body)


def test_in_chat_completions_images_follow_all_results() -> None:
    messages = body("openai", looked(), "gpt-4o")["messages"]
    assert [message["role"] for message in messages] == [
        *("system", "user", "assistant", "tool", "tool", "user")
    ]
    assert messages[3]["content"] == f"seen:\n{LINE}"
    assert messages[5]["content"] == [
        {"type": "text", "text": "From the result of the tool call a:"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},
        {"type": "text", "text": "and?"},
    ]


@pytest.mark.parametrize("protocol", ["openai", "anthropic", "gemini"])
def test_what_steers_stands_behind_all_results_with_its_image(protocol: ModelProtocol) -> None:
    request = asked(
        ("user", [said("go")]),
        ("assistant", [called("a"), called("b")]),
        (
            "user",
            [resulted("a"), resulted("b"), said("look at this"), dict(IMAGE), said("and that")],
        ),
    )
    model = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5", "gemini": "gemini-3-pro"}
    told = str(body(protocol, request, model[protocol]))
    results = [at for at in range(len(told)) if told.startswith("done", at)]
    behind = [told.index(each) for each in ("look at this", DATA, "and that")]
    assert len(results) == 2
    assert [*results, *behind] == sorted([*results, *behind])
    if protocol == "openai":  # a result is a message of its own, and nothing may stand between two
        roles = [one["role"] for one in body("openai", request, "gpt-4o")["messages"]]
        assert roles == ["system", "user", "assistant", "tool", "tool", "user"]


def test_in_the_messages_protocol_images_are_in_the_result() -> None:
    content = body("anthropic", looked(), "claude-sonnet-4-5")["messages"][2]["content"]
    assert content[0] == {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [said("seen:"), IMAGE],
    }
    assert [block["type"] for block in content] == ["tool_result", "tool_result", "text"]


def test_in_the_messages_protocol_an_error_is_nothing_but_text() -> None:
    content = body("anthropic", looked(is_error=True), "claude-sonnet-4-5")["messages"][2][
        "content"
    ]
    assert content[0]["content"] == f"seen:\n{LINE}" and content[0]["is_error"]
    kinds = [block["type"] for block in content]
    assert kinds == ["tool_result", "tool_result", "image", "text"]


def test_gemini_3_takes_images_as_parts_of_the_result() -> None:
    parts = body("gemini", looked(), "gemini-3-pro-preview")["contents"][2]["parts"]
    response = parts[0]["functionResponse"]
    assert response["response"] == {"output": f"seen:\n{LINE}"}
    assert response["parts"] == [{"inlineData": {"mimeType": "image/png", "data": DATA}}]
    assert [next(iter(part)) for part in parts] == ["functionResponse", "functionResponse", "text"]


def test_earlier_geminis_take_images_behind_all_results() -> None:
    parts = body("gemini", looked(), "gemini-2.5-pro")["contents"][2]["parts"]
    assert "parts" not in parts[0]["functionResponse"]
    kinds = [next(iter(part)) for part in parts]
    assert kinds == ["functionResponse", "functionResponse", "inlineData", "text"]
    assert parts[2]["inlineData"]["data"] == DATA


@pytest.mark.parametrize("protocol", ["openai", "anthropic", "gemini"])
def test_a_model_that_cannot_see_is_told_what_there_was(protocol: ModelProtocol) -> None:
    request = looked()
    sent = str(body(protocol, request, "qwen3-coder-plus"))
    assert DATA not in sent
    assert f"{LINE} {UNSEEN}" in sent
    assert DATA in str(request.messages)  # the conversation keeps it for a model that can


@pytest.mark.parametrize("protocol", ["openai", "anthropic", "gemini"])
def test_the_settings_say_what_a_name_does_not(protocol: ModelProtocol) -> None:
    assert DATA in str(body(protocol, looked(), "house-model", images=True))
    assert DATA not in str(body(protocol, looked(), "gpt-4o", images=False))


@pytest.mark.parametrize("protocol", ["openai", "anthropic", "gemini"])
def test_a_persons_image_reaches_the_model(protocol: ModelProtocol) -> None:
    request = asked(("user", [said("look"), dict(IMAGE)]))
    model = {"openai": "qwen3-vl-plus", "anthropic": "claude-opus-4-7", "gemini": "gemini-3-pro"}
    assert DATA in str(body(protocol, request, model[protocol]))


@pytest.mark.parametrize(
    ("model", "sees"),
    [
        ("gpt-4o-mini", True),
        ("openai/gpt-5.2", True),
        ("gpt-3.5-turbo", False),
        ("o3", True),
        ("claude-3-5-haiku-latest", True),
        ("claude-2.1", False),
        ("qwen3-coder-plus", False),
        ("qwen3-vl-235b", True),
        ("qwen2.5-vl:7b", True),
        ("qwen-vl-max", True),
        ("qwen3.6-plus", True),
        ("deepseek-chat", False),
        ("glm-4.6", False),
        ("glm-4.5v", True),
        ("mistralai/pixtral-12b", True),
        ("llava:13b", True),
        ("gemma3:27b", True),
        ("nobody-knows", False),
    ],
)
def test_which_models_see_is_known_by_their_names(model: str, sees: bool) -> None:
    assert sees_images(configured("openai", model)) is sees


@pytest.mark.parametrize("protocol", ["openai", "anthropic", "gemini"])
def test_gemini_is_told_of_a_gif_that_the_others_take(protocol: ModelProtocol) -> None:
    gif = image(GIF, "image/gif")
    model = {"openai": "gpt-4o", "anthropic": "claude-opus-4-7", "gemini": "gemini-3-pro"}
    sent = str(body(protocol, asked(("user", [said("look"), dict(gif)])), model[protocol]))
    assert (gif["source"]["data"] in sent) is (protocol != "gemini")
    assert (NO_GIF in sent) is (protocol == "gemini")
