"""Images in the real program: dropped and pasted at the keyboard, submitted by a host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.images import encoded, png
from tests.support.pictures import picture
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path


def pasted(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


@pytest.mark.parametrize("cols", [80, 30])
def test_a_dropped_image_is_one_unit_and_goes_with_the_prompt(tmp_path: Path, cols: int) -> None:
    with Program(tmp_path, cols=cols) as program:
        (program.work / "a shot.png").write_bytes(png(800, 600))
        screen = program.ready().terminal
        screen.send("see ")
        screen.send(pasted(f"'{program.work}/a shot.png' "))
        screen.wait_for("[image 1: a shot.png,")
        screen.send("\x7f\x7f")  # the blank, then all of it
        screen.wait_for(lambda _: not any("image 1" in row for row in screen.screen))
        screen.send(pasted(f"'{program.work}/a shot.png' "))
        screen.wait_for("[image 2: a shot.png,")
        screen.send("\r")
        program.result()
        text, image = program.of("user")[0]["message"]["content"]
        assert text["text"] == "see [image 2: a shot.png, 800×600]"
        assert (image["title"], image["source"]["width"]) == ("[image 2: a shot.png, 800×600]", 800)
        notice = program.of("system", "notice")[-1]["data"]
        assert "offline cannot be shown images" in notice["text"]
        screen.wait_for("> see [image 2: a shot.png,")
        screen.send("\x0c")
        screen.wait_for(lambda _: not any("image 2" in row for row in screen.screen))
        assert program.quit() == 0


def test_an_image_from_outside_asks_at_the_keyboard_and_on_the_channel(tmp_path: Path) -> None:
    away = tmp_path / "away.png"
    with Program(tmp_path) as program:
        away.write_bytes(png(8, 6))
        screen = program.ready().terminal
        screen.send(pasted(str(away)))
        screen.wait_for("[image 1: away.png,")
        screen.send("\r")
        screen.wait_for("Read this file?")
        request = program.until(lambda event: event["type"] == "control_request")
        assert request["request"]["blocked_path"] == str(away)
        assert not program.of("user")
        screen.wait_for(lambda _: any("› y  Yes" in row for row in screen.screen))
        screen.send("y")
        program.result()
        assert program.of("user")[0]["message"]["content"][1]["source"]["height"] == 6


def test_ctrl_v_takes_the_image_of_the_clipboard(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "held.png").write_bytes(png(20, 10))
    tool = programs / "wl-paste"
    tool.write_text(
        f'#!/bin/sh\n[ "$1" = --list-types ] && echo image/png || cat {tmp_path}/held.png\n'
    )
    tool.chmod(0o755)
    env = {"WAYLAND_DISPLAY": "w", "PATH": f"{programs}:/usr/bin:/bin"}
    with Program(tmp_path, env=env) as program:
        screen = program.ready().terminal
        screen.send("what is \x16")
        screen.wait_for("> what is [image 1: clipboard, 20×10]")
        screen.send("\r")
        program.result()
        assert program.of("user")[0]["message"]["content"][1]["name"] == "clipboard"


def test_a_host_submits_images_while_a_person_types(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        (program.work / "b.png").write_bytes(png(4, 3))
        screen = program.ready().terminal
        screen.send("half a dra")
        screen.wait_for("half a dra")
        data = {"type": "base64", "media_type": "image/png", "data": encoded(png(2, 1))}
        content = [
            {"type": "image", "source": data, "name": "first.png"},
            {"type": "text", "text": "and"},
            {"type": "image", "source": {"type": "path", "path": "b.png"}},
        ]
        program.submit("compare", content=content, id="c")
        result = program.result()
        assert result["command_id"] == "c"
        said, first, second = program.of("user")[0]["message"]["content"]
        assert said["text"].split("\n") == [
            *("compare", "[image 1: first.png, 2×1]", "and", "[image 2: b.png, 4×3]")
        ]
        assert (first["name"], second["name"]) == ("first.png", "b.png")
        screen.wait_for("[image 2: b.png, 4×3]")
        assert "half a dra" in screen.text


@pytest.mark.parametrize("cols", [80, 30])
def test_images_are_drawn_where_the_person_wants_it_and_disturb_nothing(
    tmp_path: Path, cols: int
) -> None:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"ui": {"images": "iterm2"}}')
    with Program(tmp_path, cols=cols) as program:
        (program.work / "a.png").write_bytes(picture(200, 100))
        screen = program.ready().terminal
        screen.send(pasted(f"{program.work}/a.png"))
        screen.wait_for("[image 1: a.png,")
        screen.send("\r")
        program.result()
        screen.send("read a.png\r")
        program.result(2)
        screen.wait_for("Read   a.png")
        screen.wait_for(lambda _: screen.raw.count(b"\x1b]1337;File=inline=1;") == 2)
        screen.send("see @a.png \r")
        program.result(3)
        screen.wait_for("[image 2: a.png, 200×100]")
        screen.wait_for(lambda _: screen.raw.count(b"\x1b]1337;File=inline=1;") == 3)
        screen.send("say 3 words\r")
        program.result(4)
        screen.wait_for("> say 3 words")
        lines = [line.rstrip() for line in screen.lines]
        assert "inline=1" not in screen.text
        at = next(n for n, line in enumerate(lines) if line.startswith("> [image 1: a.png"))
        after = next(n for n, line in enumerate(lines) if "! offline cannot be" in line)
        rows = lines[at + 1 : after]
        assert len(rows) >= 5 and not any(re.search("[A-Za-z]", row) for row in rows), rows
        screen.send("\x0c")
        screen.wait_for(lambda _: not any("image 1" in row for row in screen.screen))
        assert program.quit() == 0
    (tmp_path / "work" / "a.png").write_bytes(picture(8, 8))
    with Program(tmp_path, ["-c"], cols=cols) as program:
        screen = program.ready().terminal
        screen.wait_for("continued")
        screen.wait_for(lambda _: screen.raw.count(b"\x1b]1337;File=inline=1;") == 3)
        screen.send(pasted(f"{program.work}/a.png"))
        screen.wait_for("[image 3: a.png,")
