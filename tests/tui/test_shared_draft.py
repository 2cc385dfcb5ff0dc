"""The draft that a person and hosts share: what is told of it, when it is set, and what is never lost."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest

from qwen_dual.core.commands.draft_commands import take_draft
from qwen_dual.core.prompts.draft import DraftRefused
from tests.tui.keyboard import Keyboard, play
from tests.tui.support import Desk, request

if TYPE_CHECKING:
    from qwen_dual.core.session.session import Session
from tests.tui.draft_channel import ZED, Channel


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def host(desk: Desk) -> Channel:
    return Channel(desk.session, desk.controller)


def test_a_draft_is_told_to_who_asked_alone_with_its_cursor_in_code_points(
    desk: Desk, host: Channel
) -> None:
    desk.type("a😀é")
    desk.controller.editor.buffer.cursor_left()
    told = host.get()
    assert (told["text"], told["cursor"], told["mode"]) == ("a😀é", 2, "prompt")
    assert host.public == []  # the bus, and so no observer, has it
    desk.controller.editor.set("")
    desk.controller.bang()
    assert host.get()["mode"] == "shell"


def test_a_write_is_taken_where_nobody_typed_since_and_else_refused(
    desk: Desk, host: Channel
) -> None:
    desk.type("fix")
    version = host.get()["version"]
    assert host.set("fix the tests", 3, version) == "accepted"
    editor = desk.controller.editor
    assert (editor.text, editor.cursor) == ("fix the tests", 3)
    assert host.receipts[-1]["version"] == host.get()["version"] != version
    desk.type("!")
    assert host.set("something else", None, version) == "version_conflict"
    assert editor.text == "fix! the tests"
    stale = host.get()["version"]
    editor.buffer.cursor_left()  # a key that moves the cursor is a key too
    assert host.set("something else", None, stale) == "version_conflict"
    desk.controller.note_key()
    editor.buffer.undo()
    editor.buffer.undo()
    assert editor.text == "fix"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pay\u202eme", "invalid"),
        ("a\u200bb", "invalid"),
        ("a\x1b[31mb", "invalid"),
        ("ok\ttab\nand ⟨bracket⟩ 😀‍👩", "accepted"),
        ("[Pasted text #1 +84 lines]", "accepted"),  # stands for nothing: it is just text
        ("x" * 60_000, "accepted"),
        ("x" * 60_001, "too_long"),
        ("\t" * 30_001, "too_long"),
    ],
)
def test_what_is_set_is_what_the_person_sees(
    desk: Desk, host: Channel, text: str, code: str
) -> None:
    assert host.set(text) == code
    assert desk.controller.editor.text == (text if code == "accepted" else "")


def test_a_cursor_behind_the_end_is_refused(desk: Desk, host: Channel) -> None:
    assert host.set("ab", 3) == "invalid"
    assert host.set("ab", 2) == "accepted"


def test_folded_pastes_and_images_stay_what_they_are_and_none_comes_back(
    desk: Desk, host: Channel
) -> None:
    editor = desk.controller.editor
    editor.paste("line\n" * 84)
    shown = editor.text
    assert shown == "[Pasted text #1 +84 lines]"
    assert host.get()["text"] == shown
    assert host.set(f"look: {shown} please") == "accepted"
    assert editor.expanded() == "look: " + "line\n" * 84 + " please"
    assert host.set("no paste any more") == "accepted"
    # Of what the person took out no host can make something again that they would send unseen.
    assert host.set(shown) == "unknown_unit"
    title = editor.images.add_file("/tmp/shot.png", 10)
    editor.set(f"see {title}")
    assert host.set(f"{title} what is it?") == "accepted"
    assert len(editor.content_of(editor.text)) == 2


def test_a_draft_that_is_not_told_whole_says_so_and_is_not_overwritten(
    desk: Desk, host: Channel
) -> None:
    desk.session.bus.secrets.add("sk-0123456789", "API key")
    desk.type("use sk-0123456789")
    told = host.get()
    assert told["text"] == "use [API key]"
    assert told["cut"] is True
    assert host.set("use it") == "too_long"
    desk.controller.editor.set("é" * 40_000)
    told = host.get()
    assert told["cut"] is True
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 64 << 10
    assert host.set("short") == "too_long"
    assert desk.controller.editor.text == "é" * 40_000


def test_what_the_person_does_by_halves_is_left_to_them(desk: Desk, host: Channel) -> None:
    editor = desk.controller.editor
    desk.type("one")
    desk.controller.enter()
    desk.type("mine")
    editor.search_back()
    editor.search_type("on")
    assert host.set("x") == "busy"
    editor.end_search(accept=False)
    assert editor.text == "mine"
    editor.away = "editor"
    assert host.set("x") == "busy"
    editor.away = ""
    editor.amid_command = lambda: True
    assert host.set("x") == "busy"
    editor.amid_command = lambda: False
    editor.set("")
    desk.controller.bang()
    assert host.set("rm -rf ~") == "shell_mode"  # Enter would run it, and nothing would ask
    desk.controller.bang()
    assert host.set("x") == "accepted"


def test_an_enter_that_was_on_its_way_sends_no_draft_of_a_host(desk: Desk, host: Channel) -> None:
    desk.type("list the files")
    assert host.set("delete the files") == "accepted"
    assert "zed changed the draft" in desk.controller.hint
    desk.type(" now")  # what is typed on without having seen it does not make it seen
    desk.controller.note_key()
    desk.controller.enter()
    assert desk.session.submitted == []
    desk.wait()
    desk.controller.note_key()
    desk.controller.enter()
    assert desk.session.submitted == ["delete the files now"]


def test_a_menu_does_not_open_for_what_a_host_wrote_and_the_history_goes_on(
    desk: Desk, host: Channel
) -> None:
    desk.type("first")
    desk.controller.enter()
    desk.type("half a dra")
    desk.controller.up()
    desk.controller.up()
    assert desk.controller.editor.text == "first"
    assert host.set("/he") == "accepted"
    assert not desk.controller.suggestions.shown
    desk.controller.down()
    desk.controller.down()
    assert desk.controller.editor.text == "half a dra"  # nothing that was typed is lost


def test_the_dialog_of_a_request_is_not_touched_by_a_write(desk: Desk, host: Channel) -> None:
    desk.ask_and_wait(request())
    assert host.set("hello") == "accepted"
    desk.press("enter")
    assert desk.session.answers == []  # with a draft there Enter allows nothing at first
    desk.press("y")
    desk.wait()
    assert [answer[:2] for answer in desk.session.answers] == [("r1", True)]
    assert desk.controller.editor.text == "hello"


def test_a_watch_tells_at_most_ten_times_a_second_and_the_last_state_always(desk: Desk) -> None:
    async def main() -> None:
        host = Channel(desk.session, desk.controller)
        async with anyio.create_task_group() as group:
            host.services.group = group
            host.send("watch", draft=True)
            assert [one["text"] for one in host.told] == [""]
            before = anyio.current_time()
            for number in range(2_000):
                desk.controller.editor.set(f"draft {number}")
                if number % 50 == 0:
                    await anyio.lowlevel.checkpoint()
            with anyio.fail_after(30):
                while host.told[-1]["text"] != "draft 1999":
                    await anyio.lowlevel.checkpoint()
            assert len(host.told) <= (anyio.current_time() - before) * 10 + 3
            spawned = host.services.spawned
            assert spawned <= len(host.told)
            host.get()
            assert host.services.spawned == spawned  # no time passes for it while nothing changes
            host.send("watch", draft=False)
            desk.controller.editor.set("unseen")
            assert host.services.spawned == spawned
            host.send("watch", draft=True)
            host.close()
            desk.controller.editor.set("unseen too")
            assert host.services.spawned == spawned

    anyio.run(main)


def test_without_an_editor_there_is_no_draft(desk: Desk, host: Channel) -> None:
    cast("Any", desk.session).draft.decide(None)
    for kind, more in (("get_draft", {}), ("watch", {"draft": True})):
        assert host.send(kind, **more)["code"] == "unavailable"
    assert host.send("set_draft", text="x", if_version=0)["code"] == "unavailable"


@pytest.mark.timeout(1000)
def test_no_key_is_lost_and_no_stale_write_taken(whole: bool) -> None:
    """Keys and writes in any order, over the real buffer behind a pipe, against a plain model of both."""
    races = 10_000 if whole else 100
    chance = random.Random(20261126)

    async def script(made: Keyboard) -> None:
        host = Channel(made.session, made.tui.controller)
        editor = made.tui.controller.editor
        text, cursor, known = "", 0, host.get()["version"]
        refused = taken = 0
        for number in range(races):
            if len(text) > 60:
                assert host.set("", None, host.get()["version"]) == "accepted"
                text, cursor = "", 0
            if chance.random() < 0.5:
                known = host.get()["version"]
            keys, text, cursor = _keys(chance, text, cursor)
            for key in keys:
                made.pipe.send_text(key)
            wanted = (text, cursor)
            typed_first = chance.random() < 0.7
            if typed_first:
                await made.settle()
                assert (editor.text, editor.cursor) == wanted, (number, keys)
            before = editor.version
            write = f"{number}:{'é😀x'[: chance.randrange(4)]}"
            state = (editor.text, editor.cursor)
            code = host.set(write, chance.choice((None, 0, 1)), known)
            if known == before:
                assert code == "accepted"
                taken += 1
                known = editor.version
            else:
                assert code == "version_conflict"
                assert (editor.text, editor.cursor) == state  # a refused write changes nothing
                refused += 1
            if not typed_first:
                # The keys were sent before the write, and come to what the write made.
                text, cursor = editor.text, editor.cursor
                for key in keys:
                    text, cursor = _pressed(key, text, cursor)
                await made.settle()
                assert (editor.text, editor.cursor) == (text, cursor), (number, keys)
            text, cursor = editor.text, editor.cursor
        assert taken > races // 10
        assert refused > races // 10

    play(script, 1000 if whole else 30)


KEYS = ("a", "b", "é", "😀", "\x7f", "\x1b[D", "\x1b[C", "\x01", "\x05")


def _keys(chance: random.Random, text: str, cursor: int) -> tuple[list[str], str, int]:
    keys = [chance.choice(KEYS) for _ in range(chance.randrange(4))]
    for key in keys:
        text, cursor = _pressed(key, text, cursor)
    return keys, text, cursor


def _pressed(key: str, text: str, cursor: int) -> tuple[str, int]:
    if key == "\x7f":
        return (text[: cursor - 1] + text[cursor:], cursor - 1) if cursor else (text, 0)
    if key == "\x1b[D":
        return text, max(0, cursor - 1)
    if key == "\x1b[C":
        return text, min(len(text), cursor + 1)
    if key in "\x01\x05":
        return text, 0 if key == "\x01" else len(text)
    return text[:cursor] + key + text[cursor:], cursor + 1


def test_a_host_sends_the_draft_as_it_stands_with_what_is_folded_in_it(
    desk: Desk, host: Channel
) -> None:
    whole = "\n".join(f"line {n}" for n in range(40))
    desk.type("look at ")
    desk.controller.editor.paste(whole)
    session = cast("Session", desk.session)
    version = host.get()["version"]
    assert host.told[-1]["text"] == "look at [Pasted text #1 +40 lines]"
    with pytest.raises(DraftRefused) as stale:
        take_draft(session, version - 1, ZED)
    assert stale.value.code == "version_conflict"
    assert take_draft(session, version, ZED) == (f"look at {whole}", None, ())
    assert desk.controller.editor.text == ""
    with pytest.raises(DraftRefused) as again:  # so that it is sent once, whoever is first
        take_draft(session, version, ZED)
    assert again.value.code == "version_conflict"


@pytest.mark.parametrize(("typed", "code"), [("", "empty"), ("!ls", "shell_mode")])
def test_a_host_sends_no_command_of_the_shell_and_no_empty_draft(
    desk: Desk, host: Channel, typed: str, code: str
) -> None:
    if typed:
        desk.controller.bang()
        desk.type(typed[1:])
    with pytest.raises(DraftRefused) as refused:
        take_draft(cast("Session", desk.session), host.get()["version"], ZED)
    assert refused.value.code == code
    assert desk.controller.editor.text == typed[1:]
