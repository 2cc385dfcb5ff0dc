"""Images that prompts mention: what was sent is told of, numbered in the session, and bounded."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.prompts.attaching import MAX_IMAGES
from qwen_dual.frontends.tui.editing.draft_images import DraftImages
from qwen_dual.protocol.blocks import text_block
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.support.fakes import FakeModel, FakeTool, Host, call
from tests.support.images import encoded, image, png

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwen_dual.protocol.content_shapes import MentionedImage, PromptBlock
    from qwen_dual.protocol.events import Event
    from qwen_dual.tools.toolset import Toolset


def host_of(tools: Toolset, *answers: Any, more: Sequence[FakeTool] = ()) -> Host:
    async def expand(text: str) -> Sequence[str | MentionedImage]:
        return (await tools.expand_mentions(text)).blocks

    return Host(FakeModel(*answers), *cast("Any", tools.tools), *more, expand=expand)


def named(host: Host) -> list[Event]:
    return [notice for notice in host.of("system", "notice") if "images" in notice["data"]]


def sent(host: Host) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", host.model.requests[-1].messages[-1]["content"])


def submit(host: Host, **command: Any) -> None:
    line = encode({"type": "submit", **command}).strip()
    Dispatcher(host.session, INPUT).command(parse_command(line))


def test_what_was_sent_is_told_of_and_kept_whatever_becomes_of_the_file(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "a.png").write_bytes(png(80, 60))
    host = host_of(tools)

    async def script(host: Host) -> None:
        host.session.submit("see @a.png", KEYBOARD)
        await host.until(lambda event: "images" in event.get("data", ()))
        (workspace / "a.png").write_bytes(png(8, 6))
        await host.result()

    host.play(script)
    title = "[image 1: a.png, 80×60]"
    sent_with_it: list[Any] = [text_block(title), image(png(80, 60))]
    assert sent(host)[2:] == sent_with_it
    [notice] = named(host)
    digest = sha256(png(80, 60)).hexdigest()
    assert notice["data"]["text"] == title
    assert notice["data"]["images"] == [
        {
            "type": "image",
            "source": {
                "type": "reference",
                "media_type": "image/png",
                "bytes": len(png(80, 60)),
                "width": 80,
                "height": 60,
                "sha256": digest,
            },
            "name": "a.png",
            "title": title,
        }
    ]
    assert host.session.conversation.submitted == {digest: image(png(80, 60))}


def test_no_two_images_of_a_session_have_one_number_whoever_names_them(
    tools: Toolset, workspace: Path
) -> None:
    for name in "abc":
        (workspace / f"{name}.png").write_bytes(png(8, 6))
    host = host_of(tools)
    draft = DraftImages(host.session.number_image)

    async def script(host: Host) -> None:
        title = draft.add("clipboard", image(png(4, 3)))
        text = f"{title} or @a.png"
        content: list[PromptBlock] = [text_block(text), *draft.images_in(text)]
        host.session.submit(text, KEYBOARD, content=content)
        await host.result()
        source = {"type": "base64", "media_type": "image/png", "data": encoded(png(2, 1))}
        submit(host, text="@b.png", content=[{"type": "image", "source": source}])
        await host.result(2)
        host.session.submit("@b.png @c.png", KEYBOARD)
        await host.result(3)

    host.play(script)
    prompts = [event["message"]["content"] for event in host.of("user")]
    own = [block["title"] for content in prompts for block in content[1:]]
    assert own == ["[image 1: clipboard, 4×3]", "[image 3: PNG, 2×1]"]
    mentioned = [notice["data"]["text"] for notice in named(host)]
    assert mentioned == [
        "[image 2: a.png, 8×6]",
        "[image 4: b.png, 8×6]",
        "[image 5: b.png, 8×6] [image 6: c.png, 8×6]",
    ]


def test_both_kinds_of_one_prompt_are_kept_to_be_shown(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.png").write_bytes(png(8, 6))
    host = host_of(tools)
    counts = []

    async def script(host: Host) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": encoded(png(2, 1))}
        submit(host, text="@a.png", content=[{"type": "image", "source": source}])
        await host.result()
        counts.append(len(host.session.conversation.submitted))
        host.session.submit("@a.png", KEYBOARD)
        await host.result(2)
        counts.append(len(host.session.conversation.submitted))

    host.play(script)
    assert counts == [2, 1]


def test_an_earlier_conversation_has_taken_its_numbers() -> None:
    host = Host(FakeModel())
    shown = [text_block("see"), text_block("[image 7: a.png, 8×6]"), image()]
    host.session.conversation.replace([{"role": "user", "content": cast("Any", shown)}])
    host.session.points.note("u", "what is [image 3: b.png]?")
    assert host.session.number_image() == 8
    host.session.points.note("v", "[image 11] and [image 99999999999999999999: a joke]")
    host.session.conversation.add("assistant", [text_block("[image 400]")])
    assert [host.session.number_image() for _ in range(2)] == [12, 13]


def test_a_prompt_mentions_no_more_images_than_one_may_have(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "a.png").write_bytes(png(8, 6))
    host = host_of(tools)

    async def script(host: Host) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": encoded(png(2, 1))}
        block = {"type": "image", "source": source}
        submit(host, text="and @a.png", content=[block] * MAX_IMAGES)
        await host.result()

    host.play(script)
    assert [block["type"] for block in sent(host)].count("image") == MAX_IMAGES
    told = sent(host)[-1]["text"]
    assert told.startswith(f"[image {MAX_IMAGES + 1}: a.png, 8×6] is not attached: ")
    assert told in [notice["data"]["text"] for notice in host.of("system", "notice")]
    assert named(host) == []


def test_one_that_joins_a_turn_is_told_of_before_its_images(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "a.png").write_bytes(png(8, 6))
    gate = FakeTool(name="gate", gate=anyio.Event())
    host = host_of(tools, call("gate"), more=[gate])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "tool_progress")
        host.session.submit("look at @a.png", KEYBOARD, steers=True)
        assert gate.gate is not None
        gate.gate.set()
        await host.result()

    host.session.set_approval_mode("yolo", KEYBOARD)
    host.play(script)
    joined = next(event for event in host.of("user") if "steered" in event)
    [notice] = named(host)
    order = [joined["seq"], notice["seq"], host.of("result")[0]["seq"]]
    assert all(before < after for before, after in pairwise(order))
    assert image(png(8, 6)) in sent(host)
