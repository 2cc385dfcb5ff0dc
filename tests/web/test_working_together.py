"""Two browsers, one of them a phone, and the terminal on one session: what each does, the others see."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.images import png
from tests.support.program import COMMAND
from tests.support.waiting import wait_until
from tests.web.browser import PHONE, barriers, needs_browser
from tests.web.support import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Locator, Page
    from websockets.sync.client import ClientConnection

    from tests.web.support import Server

pytestmark = needs_browser

CLICK = "found => found.forEach(one => one.dispatchEvent(new MouseEvent('click', {bubbles: true, detail: 1})))"
SIZE = {"type": "resize", "columns": 80, "rows": 24}
# A note goes after some seconds, which a slow machine may take until somebody looks.
KEEP_NOTES = """
window.noted = [];
new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]);
  for (const one of added) if (one.matches?.(".note")) noted.push(one.innerText);
}).observe(document, {childList: true, subtree: true});
"""


def call(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": given}


def question(text: str, *options: str, several: bool = False) -> dict[str, Any]:
    listed = [{"label": option, "description": ""} for option in options]
    return {"question": text, "header": "Choice", "options": listed, "multiSelect": several}


ASKED = [question("Which store?", "SQLite", "Postgres"), question("Tests?", "a", "b", several=True)]
REPLIES = {
    "race": [call("run_shell_command", command="touch made", is_background=False)],
    "odd": [call("run_shell_command", command="rm zer\u200bo", is_background=False)],
    "ask": [call("ask_user_question", questions=ASKED)],
    "wait": [call("run_shell_command", command="sleep 30", is_background=False)],
    "write": [call("write_file", file_path="app.py", content="import os\nprint('a')  \n")],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("web")
    done = {"type": "text", "text": "Done."}
    lines = [
        {"when": word, "blocks": blocks}
        for word, calls in REPLIES.items()
        for blocks in (calls, [done], [done])
    ]
    script = folder / "script.jsonl"
    script.write_text("\n".join(json.dumps(line) for line in lines))
    with served(folder, command=[*COMMAND, "--offline-script", str(script)]) as running:
        yield running


class Listener:
    """All that one who follows a session over the WebSocket is told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.events: list[dict[str, Any]] = []
        self._socket = socket
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        self._socket.close()
        self._thread.join()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.events if kind in (one["type"], one.get("subtype"))]

    def _read(self) -> None:
        for message in self._socket:
            self.events += json.loads(message)


class Room:
    """A session with a page at a desk, one on a phone, and a terminal."""

    def __init__(
        self, server: Server, visit: Callable[..., BrowserContext], held: ExitStack
    ) -> None:
        self.server = server
        owner = server.enter()
        self.key = owner.start_session()
        self.listener = Listener(
            held.enter_context(owner.socket(f"/ws/chat/{self.key}", close_timeout=1))
        )
        held.callback(self.listener.close)
        self._terminal = held.enter_context(
            owner.socket(f"/ws/terminal/{self.key}", close_timeout=0)
        )
        self._terminal.send(json.dumps(SIZE))
        held.callback(owner.ask, "DELETE", f"/api/sessions/{self.key}")
        self._visit = visit

    def enter(self, **options: Any) -> Page:
        """Opens a page on the session, by a link that leads to this one alone."""
        rights = ("observe", "approve", "submit", "control")
        link = self.server.enter().make_link(*rights, session=self.key)
        page = self._visit(**options).new_page()
        page.add_init_script(KEEP_NOTES)
        page.goto(link["url"])
        page.get_by_placeholder("Write here or in the terminal").wait_for()
        return page

    @staticmethod
    def noted(page: Page) -> list[str]:
        """All notes that a page has shown."""
        return list(page.evaluate("noted"))

    def press(self, keys: str) -> None:
        """Types in the terminal."""
        self._terminal.send(keys.encode())

    def until(self, true: Callable[[], object], what: str, page: Page) -> None:
        wait_until(true, what, meanwhile=lambda: page.wait_for_timeout(10))


@pytest.fixture
def room(server: Server, visitor: Callable[..., BrowserContext]) -> Iterator[Room]:
    with ExitStack() as held:
        yield Room(server, visitor, held)


def draft(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Prompt", exact=True)


def say(page: Page, text: str, key: str = "Enter") -> None:
    draft(page).fill(text)
    draft(page).press(key)


def test_the_draft_is_one_and_nobody_loses_a_key(room: Room) -> None:
    desk, phone = room.enter(), room.enter(**PHONE)
    draft(desk).press_sequentially("one ")
    room.until(lambda: draft(phone).input_value() == "one ", "the draft on the phone", phone)
    for letters in ("aA1", "bB2", "cC3", "dD4"):  # three hands, no pause
        draft(desk).press_sequentially(letters[0])
        draft(phone).press_sequentially(letters[1])
        room.press(letters[2])
    room.until(lambda: len(draft(desk).input_value()) == 16, "all keys", desk)
    room.until(lambda: draft(phone).input_value() == draft(desk).input_value(), "one draft", phone)
    assert sorted(draft(desk).input_value()[4:]) == sorted("aA1bB2cC3dD4")

    def sent() -> object:  # a terminal sends nothing right after somebody else wrote in its draft
        room.press("\r")
        return room.listener.of("user")

    room.until(sent, "it is sent", desk)
    room.until(
        lambda: draft(desk).input_value() == draft(phone).input_value() == "", "it is sent", desk
    )
    (told,) = room.listener.of("user")
    assert told["origin"] == "keyboard"


def test_what_is_pasted_in_the_terminal_is_sent_whole_from_the_page(room: Room) -> None:
    desk = room.enter()
    whole = "\n".join(f"line {number}" for number in range(30))
    room.press(f"\x1b[200~{whole}\x1b[201~")
    room.until(
        lambda: draft(desk).input_value() == "[Pasted text #1 +30 lines]", "it is folded", desk
    )
    draft(desk).press("End")
    draft(desk).press("Backspace")  # all of it goes, and comes back
    assert draft(desk).input_value() == ""
    draft(desk).press("Control+z")
    room.until(lambda: "[Pasted" not in draft(desk).input_value(), "it is gone", desk)
    room.press(f"\x1b[200~{whole}\x1b[201~")
    room.until(lambda: "[Pasted text #2" in draft(desk).input_value(), "another", desk)
    draft(desk).press("End")
    draft(desk).press_sequentially(" what?")
    draft(desk).press("Enter")
    room.until(lambda: room.listener.of("user"), "the prompt", desk)
    assert room.listener.of("user")[0]["message"]["content"][0]["text"] == f"{whole} what?"


def test_of_three_who_answer_one_wins_and_the_others_see_who(room: Room) -> None:
    desk, phone = room.enter(), room.enter(**PHONE)
    say(desk, "race")
    asked = [desk.locator(".request"), phone.get_by_role("dialog")]
    for place in asked:
        place.get_by_text("touch made", exact=True).wait_for()
    draft(desk).press_sequentially("yes")  # typing answers nothing
    assert room.listener.of("control_response") == []
    draft(desk).fill("")
    for page in (desk, phone):
        page.locator("[data-armed]").wait_for()
    for place in asked:  # where it is not gone by then
        place.get_by_role("button", name="Yes", exact=True).evaluate_all(CLICK)
    room.press("y")
    for place in asked:
        place.wait_for(state="detached")
    room.until(lambda: room.listener.of("result"), "the end of the turn", desk)
    answers = [
        one
        for one in room.listener.of("control_response")
        if one["response"]["subtype"] == "success"
    ]
    (answer,) = answers
    assert (room.server.work / "made").exists()
    losers = 2 if answer["response"]["resolved_by"] == "keyboard" else 1
    room.until(
        lambda: [len(room.noted(page)) for page in (desk, phone)].count(1) == losers,
        "each page that came too late says so",
        desk,
    )


def test_a_request_shows_what_hides_in_it_and_takes_a_reason(room: Room) -> None:
    desk, phone = room.enter(), room.enter(**{**PHONE, "viewport": {"width": 360, "height": 640}})
    say(desk, "odd")
    request = desk.locator(".request")
    request.get_by_text("zer⟨U+200B⟩o").wait_for()
    assert "cannot be seen" in request.get_by_role("list", name="Warnings").inner_text()
    phone.get_by_role("dialog").wait_for()
    assert barriers(desk) == [] and barriers(phone) == []
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width == 360
    desk.keyboard.press("Control+Shift+Y")
    desk.locator("[data-armed]:focus").wait_for()
    desk.keyboard.press("n")
    desk.get_by_role("textbox", name="No, and say what instead").fill("use the trash")
    desk.keyboard.press("Enter")
    request.wait_for(state="detached")
    told = "no, “use the trash”"
    room.until(lambda: told in "".join(room.noted(phone)), "the other page is told", phone)
    room.until(lambda: room.listener.of("control_response"), "so are others", desk)
    (answer,) = room.listener.of("control_response")
    assert answer["response"]["response"] == {"allowed": False, "message": "use the trash"}


def test_questions_are_a_form(room: Room) -> None:
    desk = room.enter()
    say(desk, "ask")
    form = desk.locator(".request")
    desk.locator(".request[data-armed]").wait_for()
    form.get_by_role("button", name="Answer").click()
    form.get_by_text("Something is needed here.").nth(1).wait_for()
    form.get_by_label("SQLite").check()
    form.get_by_label("a", exact=True).check()
    form.get_by_label("In your own words: Tests?").fill("fuzz")
    assert barriers(desk) == []
    form.get_by_role("button", name="Answer").click()
    room.until(lambda: room.listener.of("result"), "the end of the turn", desk)
    (result,) = [one for one in room.listener.of("user") if "tool_use_result" in one]
    assert result["tool_use_result"]["output"] == "Which store?\n→ SQLite\n\nTests?\n→ a, fuzz"


def test_what_waits_is_changed_moved_and_taken_back(room: Room) -> None:
    desk = room.enter()
    say(desk, "wait")
    desk.get_by_role("button", name="Stop").wait_for()
    for text in ("first", "second", "third"):
        say(desk, text, "Control+Enter")
    waiting = desk.get_by_role("list", name="Prompts that wait").locator(".text")
    room.until(lambda: waiting.all_inner_texts() == ["first", "second", "third"], "all wait", desk)
    desk.get_by_role("button", name="Move up").nth(2).click()
    room.until(
        lambda: waiting.all_inner_texts() == ["first", "third", "second"], "it is moved", desk
    )
    assert desk.evaluate("document.activeElement.getAttribute('aria-label')") == "Move up"
    room.until(lambda: draft(desk).input_value() == "", "the draft is empty", desk)
    draft(desk).press("ArrowUp")
    edited = desk.get_by_role("textbox", name="The prompt that waits")
    edited.press_sequentially(", changed")
    edited.press("Enter")
    desk.get_by_role("button", name="Take out: first").click()
    wanted = ["third", "second, changed"]
    room.until(lambda: waiting.all_inner_texts() == wanted, "one is changed, one is out", desk)

    def told() -> list[str]:
        queues = room.listener.of("queue")
        return [prompt["text"] for prompt in queues[-1]["data"]["prompts"]] if queues else []

    room.until(lambda: told() == wanted, "others are told", desk)
    draft(desk).press("Escape")
    wanted_back = "third\nsecond, changed"
    room.until(lambda: draft(desk).input_value() == wanted_back, "they come back", desk)
    room.until(lambda: waiting.count() == 0, "nothing waits", desk)


def test_an_image_is_pasted_and_goes_with_the_prompt(room: Room) -> None:
    desk = room.enter()
    image = list(png(3, 2))
    paste = """([kind, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], 'shot.' + kind.split('/')[1], {type: kind}));
      const paste = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
      document.querySelector('textarea.draft').dispatchEvent(paste);
    }"""
    desk.evaluate(paste, ["application/pdf", [1]])
    desk.get_by_text("shot.pdf is no PNG").wait_for()
    desk.evaluate(paste, ["image/png", image])
    desk.get_by_role("button", name="Remove shot.png").click()
    desk.evaluate(paste, ["image/png", image])
    say(desk, "look")
    room.until(lambda: room.listener.of("user"), "the prompt", desk)
    text, shown = room.listener.of("user")[0]["message"]["content"]
    assert text["text"] == "look\n[image 1: shot.png, 3×2]"
    assert (shown["source"]["width"], shown["source"]["height"]) == (3, 2)
    desk.get_by_role("list", name="Images of this prompt").wait_for(state="detached")


def test_going_back_shows_first_what_would_change(room: Room) -> None:
    desk = room.enter()
    say(desk, "write")
    request = desk.locator(".request")
    request.get_by_text("+print('a')␣␣").wait_for()
    desk.keyboard.press("Control+Shift+Y")
    desk.locator("[data-armed]:focus").wait_for()
    desk.keyboard.press("y")
    room.until(lambda: room.listener.of("result"), "the end of the turn", desk)
    file = room.server.work / "app.py"
    assert file.exists()
    desk.get_by_role("button", name="More for this session").click()
    desk.get_by_role("menuitem", name="Go back …").click()
    dialog = desk.get_by_role("dialog", name="Go back")
    dialog.get_by_role("button", name="write").click()
    changed = dialog.get_by_role("list", name="Files that change")
    changed.wait_for()
    assert changed.inner_text().split() == ["D", str(file), "+0", "−2"]
    assert file.exists() and barriers(desk) == []
    dialog.get_by_role("button", name="Go back").click()
    dialog.wait_for(state="detached")
    assert not file.exists()
    room.until(lambda: draft(desk).input_value() == "write", "the prompt in the draft", desk)
