"""The images of a prompt: read with leave, told of, and sent to the model."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.commands.slash import Asks, SlashCommand
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.support.fakes import FakeModel, Host
from tests.support.images import encoded, image, png
from tests.support.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.tools.toolset import Toolset


class Blind(FakeModel):
    sees_images = False


def host_of(tools: Toolset, model: FakeModel | None = None, **options: Any) -> Host:
    host = Host(model or FakeModel(), *cast("Any", tools.tools), **options)
    tools.hide(host.session.policy.hides)
    return host


def at(path: Path | str) -> PromptBlock:
    return {"type": "image", "source": {"type": "path", "path": str(path)}}


def sent(host: Host) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", host.model.requests[0].messages[0]["content"])


def said(host: Host) -> list[dict[str, Any]]:
    event = next(event for event in host.of("user") if "origin" in event)
    return cast("list[dict[str, Any]]", event["message"]["content"])


def submit(host: Host, **command: Any) -> None:
    line = encode({"type": "submit", **command}).strip()
    Dispatcher(host.session, INPUT).command(parse_command(line))


def test_a_prompt_with_an_image_reaches_the_model_and_is_told_of(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "shot.png").write_bytes(png(800, 600))
    host = host_of(tools)

    async def script(host: Host) -> None:
        content = [{"type": "text", "text": "What is this?"}, at("shot.png")]
        submit(host, content=content)
        await host.result()

    host.play(script)
    assert sent(host) == [{"type": "text", "text": "What is this?"}, image(png(800, 600))]
    text, told = said(host)
    assert text["text"] == "What is this?\n[image 1: shot.png, 800×600]"
    assert told == {
        "type": "image",
        "source": {
            "type": "reference",
            "media_type": "image/png",
            "bytes": len(png(800, 600)),
            "width": 800,
            "height": 600,
            "sha256": sha256(png(800, 600)).hexdigest(),
        },
        "name": "shot.png",
        "title": "[image 1: shot.png, 800×600]",
    }
    assert not host.of("control_request")


def test_the_bytes_are_repeated_where_the_host_asks_for_them(tools: Toolset) -> None:
    host = host_of(tools)
    data = encoded(png())

    async def script(host: Host) -> None:
        source = {"type": "base64", "media_type": "image/jpeg", "data": data}
        block = {"type": "image", "source": source, "name": "a\x1b]b.png"}
        submit(host, text="look", content=[block], include=["images"])
        await host.result()

    host.play(script)
    text, told = said(host)
    assert told["source"] == {"type": "base64", "media_type": "image/png", "data": data}
    assert text["text"] == r"look" + "\n" + told["title"]
    assert "\x1b" not in told["title"] and told["title"].endswith("b.png, 800×600]")


def test_an_image_from_outside_waits_for_leave(tools: Toolset, workspace: Path) -> None:
    away = workspace.parent / "away.png"
    away.write_bytes(png())
    host = host_of(tools)

    async def script(host: Host) -> None:
        host.session.submit("look", KEYBOARD, content=[at(away)])
        request = await host.request()
        assert not host.of("user")
        host.session.answer(request, Decision(True, KEYBOARD))
        await host.result()

    host.play(script)
    request = host.of("control_request")[0]["request"]
    assert request["blocked_path"] == os.path.realpath(away)
    assert request["input"] == {"file_path": str(away)}
    assert image(png()) in sent(host)


def test_an_image_that_is_refused_is_not_read_and_the_prompt_goes_on(
    tools: Toolset, workspace: Path
) -> None:
    away = workspace.parent / "away.png"
    away.write_bytes(png())
    host = host_of(tools)

    async def script(host: Host) -> None:
        host.session.submit("look", KEYBOARD, content=[at(away)])
        host.session.answer(await host.request(), Decision(False, KEYBOARD))
        await host.result()

    host.play(script)
    assert sent(host) == [
        {"type": "text", "text": "[image 1: away.png] is not attached: it was not allowed."}
    ]
    assert host.of("system", "notice")[0]["data"]["level"] == "warning"


def test_a_mode_that_asks_for_nothing_answers_what_waits(tools: Toolset, workspace: Path) -> None:
    away = workspace.parent / "away.png"
    away.write_bytes(png())
    host = host_of(tools)

    async def script(host: Host) -> None:
        host.session.submit("look", KEYBOARD, content=[at(away)])
        await host.request()
        host.session.set_approval_mode("yolo", KEYBOARD)
        await host.result()

    host.play(script)
    assert image(png()) in sent(host)


def test_a_rule_that_keeps_a_file_keeps_its_image(tools: Toolset, workspace: Path) -> None:
    (workspace / "secret.png").write_bytes(png())
    host = host_of(tools)
    host.session.policy.set_rules(
        deny=host.session.tools.names.parse_all(["Read(secret.png)"], print)
    )

    async def script(host: Host) -> None:
        host.session.submit("look", KEYBOARD, content=[at("secret.png")])
        await host.result()

    host.play(script)
    assert "is not attached" in sent(host)[0]["text"] and len(sent(host)) == 1


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("gone.png", None, "does not exist"),
        ("text.png", b"no picture", "it is no image"),
        ("cut.png", png()[:-20], "its end is missing"),
        (".", None, "is a folder"),
    ],
)
def test_what_cannot_be_attached_is_said_to_the_person_and_the_model(
    tools: Toolset, workspace: Path, name: str, data: bytes | None, told: str
) -> None:
    if data is not None:
        (workspace / name).write_bytes(data)
    host = host_of(tools)

    async def script(host: Host) -> None:
        content: list[PromptBlock] = [{"type": "text", "text": "look"}, at(name)]
        host.session.submit("look", KEYBOARD, content=content)
        await host.result()

    host.play(script)
    assert told in host.of("system", "notice")[0]["data"]["text"]
    assert told in sent(host)[1]["text"]
    assert said(host) == [{"type": "text", "text": "look"}]


def test_an_interrupt_while_leave_is_asked_for_ends_the_turn(
    tools: Toolset, workspace: Path
) -> None:
    away = workspace.parent / "away.png"
    away.write_bytes(png())
    host = host_of(tools)

    async def script(host: Host) -> None:
        host.session.submit("look", KEYBOARD, content=[at(away)])
        await host.request()
        host.session.interrupt(KEYBOARD)
        result = await host.result()
        assert result["stop_reason"] == "interrupted"

    host.play(script)
    assert said(host) == [{"type": "text", "text": "look"}]
    assert not host.model.requests


def test_that_a_model_cannot_see_is_said_before_the_call(tools: Toolset, workspace: Path) -> None:
    (workspace / "shot.png").write_bytes(png())
    host = host_of(tools, Blind(name="blind"))

    async def script(host: Host) -> None:
        submit(host, text="look", content=[at("shot.png")])
        await host.result()

    host.play(script)
    notice = host.of("system", "notice")[0]
    assert "blind cannot be shown images" in notice["data"]["text"]
    assert "[image 1: shot.png, 800×600]" in notice["data"]["text"]
    start = next(event for event in host.of("stream_event"))
    assert notice["seq"] < start["seq"]
    assert image(png()) in sent(host)  # kept for a model that sees; the adapter words it


def test_a_large_image_of_a_prompt_is_made_smaller_off_the_loop(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "large.png").write_bytes(picture(4000, 1000))
    host = host_of(tools)

    async def script(host: Host) -> None:
        submit(host, content=[at("large.png")])
        await host.result()

    host.play(script)
    assert said(host)[1]["title"] == "[image 1: large.png, 2000×500]"


def test_no_more_than_twenty_images_are_attached(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.png").write_bytes(png())
    host = host_of(tools)

    async def script(host: Host) -> None:
        submit(host, content=[at("a.png")] * 22)
        await host.result()

    host.play(script)
    assert [block["type"] for block in sent(host)] == ["image"] * 20 + ["text"] * 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "must not be empty"),
        ([{"type": "text", "text": " "}], "must not be empty"),
        (
            [{"type": "image", "source": {"type": "base64", "media_type": "x", "data": "aGk="}}],
            "1 ",
        ),
        ([{"type": "image", "source": {"type": "url", "url": "http://x"}}], "url"),
        ([{"type": "image", "source": {"type": "path", "path": ""}}], "path"),
        ([{"type": "sound"}], "sound"),
        ("text", "content"),
    ],
)
def test_content_that_cannot_be_used_is_refused_with_why(content: Any, told: str) -> None:
    from qwen_dual.protocol.commands import CommandError

    line = encode({"type": "submit", "content": content}).strip()
    with pytest.raises(CommandError, match=told):
        parse_command(line)


def test_images_go_with_what_a_command_has_the_model_asked(tools: Toolset, workspace: Path) -> None:
    (workspace / "shot.png").write_bytes(png())
    host = host_of(tools)
    host.session.slash.add(SlashCommand("describe", "", lambda typed, _: Asks(f"Say {typed}.")))

    async def script(host: Host) -> None:
        submit(host, text="/describe it all", content=[at("shot.png")])
        await host.result()
        submit(host, text="/stats", content=[at("shot.png")])
        await host.result(2)

    host.play(script)
    assert sent(host) == [{"type": "text", "text": "Say it all."}, image(png())]
    assert len(host.model.requests) == 1
    told = [event["data"]["text"] for event in host.of("system", "notice")]
    assert told[0] == "Images go with what the model is asked: this command does without."
    assert host.of("system", "slash_command")[0]["data"]["command"] == "describe"
