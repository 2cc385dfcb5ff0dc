"""Hosted sessions, as pages see them: both WebSockets, several pages, connections that break."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import pytest

from qwen_dual.host import SpawnFailed
from qwen_dual.web.chat_log import ChatLog
from qwen_dual.web.kept_sessions import KeptSessions
from qwen_dual.web.sessions import HostedSessions, NewSession, NoSession, TooMany
from tests.host.support import HERE, REFERENCE, environment
from tests.support.program import COMMAND
from tests.support.waiting import until
from tests.web.page import EVERYTHING, ChatPage, Socket, TerminalPage, Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path

OFFLINE = [*COMMAND, "--offline"]
ANNA = Visitor()
BERT = Visitor("Bert B.", id="browser-2")


def run(main: Callable[[], Awaitable[None]], seconds: float = 30) -> None:
    async def bounded() -> None:
        with anyio.fail_after(seconds):
            await main()

    anyio.run(bounded)


class Pages:
    """Sessions, and the pages that look at them."""

    def __init__(self, sessions: HostedSessions, group: anyio.abc.TaskGroup) -> None:
        self.sessions = sessions
        self._group = group

    def chat(self, key: str, client: Visitor = ANNA, page: ChatPage | None = None) -> ChatPage:
        """A page's chat, or a further connection of one."""
        again = page is not None
        page = page or ChatPage()
        socket = page.again() if again else page.socket
        self._group.start_soon(self.sessions.chat, socket.asgi, key, client, page.seq, page.epoch)
        return page

    def terminal(
        self, key: str, client: Visitor = ANNA, page: TerminalPage | None = None, **kind: Any
    ) -> TerminalPage:
        """The same for a terminal."""
        page, offset, epoch = page or TerminalPage(**kind), None, ""
        if page.offset is not None:
            page.socket, offset, epoch = Socket(), page.offset, page.epoch
        socket = page.socket.asgi
        self._group.start_soon(self.sessions.terminal, socket, key, client, offset, epoch)
        return page


@asynccontextmanager
async def hosting(
    home: Path, command: Sequence[str] = OFFLINE, **options: Any
) -> AsyncGenerator[Pages, None]:
    work = home / "work"
    work.mkdir(exist_ok=True)
    async with (
        HostedSessions(command, cwd=str(work), env=environment(home), **options) as sessions,
        anyio.create_task_group() as group,
    ):
        yield Pages(sessions, group)
        group.cancel_scope.cancel()


def fake(mode: str) -> list[str]:
    # Named like ours, so that its channel is the socket that it expects.
    return [sys.executable, "-S", str(HERE / "fake.py"), mode]


def submit(page: ChatPage, text: str, **more: Any) -> str:
    number = str(uuid4())
    page.socket.say({"type": "submit", "text": text, "id": number, **more})
    return number


def test_two_pages_and_their_program_know_whose_each_command_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            key = await pages.sessions.start(NewSession())
            anna, bert = pages.chat(key), pages.chat(key, BERT)
            # On a busy machine it is greeted once more, when the program has said who it is.
            hello = await anna.until(lambda item: "submit" in item.get("supported_commands", ()))
            assert (hello["name"], hello["terminal"], hello["whole"]) == ("anna", True, True)
            await bert.until_kind("web/replayed")
            asked = submit(anna, "run touch made")
            for page in (anna, bert):
                by = await page.until_kind("web/by")
                assert (by["id"], by["name"]) == (asked, "anna")
                user = await page.until_kind("user")
                assert (user["command_id"], user["origin"]) == (asked, "host:web.anna")
            request = (await bert.until_kind("control_request"))["request_id"]
            answer = {"type": "confirmation_response", "request_id": request, "allowed": True}
            bert.socket.say(answer | {"id": "b1"})
            anna.socket.say(answer | {"id": "a1", "allowed": False})
            for page in (anna, bert):
                by = await page.until_kind("web/by", id=request)
                response = (await page.until_kind("control_response"))["response"]
                winner = {"Bert B.": "host:web.Bert-B", "anna": "host:web.anna"}[by["name"]]
                assert response["resolved_by"] == winner
                await page.until_kind("result")
            [row] = pages.sessions.rows(ANNA)
            assert (row["title"], row["clients"], row["waiting"]) == ("run touch made", 2, 0)
            await pages.sessions.end(key)
            assert (await anna.until_kind("web/ended"))["status"] == 0
            with pytest.raises(NoSession):
                await pages.sessions.end(key)

    run(main)


ODD = [sys.executable, "-S", str(HERE.parent / "web" / "odd_program.py")]


def test_a_program_that_tells_what_nobody_expects_harms_itself_alone(tmp_path: Path) -> None:
    async def main() -> None:
        kept = KeptSessions(tmp_path / "kept")
        async with hosting(tmp_path, ODD, kept=kept) as pages:
            key, other = [await pages.sessions.start(NewSession()) for _ in range(2)]
            for one in (key, other):  # neither ends the other, nor the server
                await pages.chat(one).until_kind("result", result="told it all")
            for row in pages.sessions.rows(ANNA):
                texts = [row[name] for name in ("session_id", "title", "cwd", "model", "mode")]
                assert all(isinstance(text, str) and len(text) <= 4096 for text in texts)
            assert {one.key for one in kept.read()} <= {key, other}
            assert (tmp_path / "kept" / "sessions.json").stat().st_size < 20_000

    run(main)


def test_a_fault_of_the_server_in_one_session_ends_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with hosting(tmp_path, ODD) as pages:
            key = await pages.sessions.start(NewSession())
            page = pages.chat(key)
            await page.until_kind("result")
            monkeypatch.setattr(ChatLog, "add", fails)
            broken = await pages.sessions.start(NewSession())
            ended = await pages.chat(broken).until_kind("web/ended")
            assert "log has the details" in ended["message"]
            states = {row["key"]: row["state"] for row in pages.sessions.rows(ANNA)}
            assert (states[key] != "ended", states[broken]) == (True, "ended")

    run(main)


def fails(log: ChatLog, event: dict[str, Any]) -> None:
    raise TypeError("what nobody has thought of")


def test_a_chat_that_was_cut_in_the_middle_of_an_answer_has_all_of_it_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            key = await pages.sessions.start(NewSession())
            page, witness = pages.chat(key), pages.chat(key, BERT)
            await page.until_kind("web/replayed")
            submit(page, "say 40 words")
            await page.until(
                lambda item: item.get("event", {}).get("type") == "content_block_delta"
            )
            page.socket.cut()
            await witness.until_kind("result")
            pages.chat(key, page=page)
            hello = await page.until_kind("web/hello")
            assert (hello["whole"], hello["lost"]) == (False, 0)
            await page.until_kind("result")
            texts = [item for item in page.items if item["type"] == "assistant"]
            assert len(texts) == 1
            assert [item for item in page.items if item.get("seq") and item["type"] == "user"]

            submit(witness, "run touch made")
            request = await page.until_kind("control_request")
            page.socket.cut()
            pages.chat(key, page=page)
            await page.until_kind("web/replayed")
            page.socket.say(
                {
                    "type": "confirmation_response",
                    "request_id": request["request_id"],
                    "allowed": False,
                    "id": "n",
                }
            )
            response = await page.until_kind("control_response")
            assert response["response"]["response"]["allowed"] is False

    run(main)


def test_the_terminal_types_echoes_and_goes_on_after_a_break(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            key = await pages.sessions.start(NewSession())
            page = pages.terminal(key)
            await page.until(lambda: b"qwen-dual" in page.screen)
            page.socket.say({"type": "resize", "columns": 100, "rows": 30})
            size = await page.until_told("size")
            assert (size["columns"], size["rows"], size["mine"]) == (100, 30, True)
            page.socket.say(b"say 3")
            await page.until(lambda: b"say 3" in page.screen or b"3" in page.screen[-200:])
            page.socket.cut()
            other = pages.terminal(key, BERT)
            await other.until_told("shown")
            other.socket.say(b" words\r")
            await other.until(lambda: b"words" in other.screen)
            pages.terminal(key, page=page)
            assert not (await page.until_told("screen"))["fresh"]
            page.socket.say({"type": "resize", "columns": 100, "rows": 30})
            await page.until(lambda: len(page.screen) >= len(other.screen))
            assert page.screen.startswith(other.screen), "no byte twice, none missing"

            other.socket.say({"type": "resize", "columns": 40, "rows": 12})
            other.socket.say({"type": "active"})
            told = await page.until_told("size")
            while told["columns"] != 40:
                told = await page.until_told("size")
            assert told["mine"] is False
            other.socket.cut()
            told = await page.until_told("size")
            assert (told["columns"], told["mine"]) == (100, True), "it is the only one left"

    run(main)


def test_what_a_link_does_not_allow_is_refused_before_the_program_hears_of_it(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            key = await pages.sessions.start(NewSession())
            guest = Visitor("guest", frozenset(("observe", "submit")), key, "browser-9")
            page, owner = pages.chat(key, guest), pages.chat(key)
            await page.until_kind("web/replayed")
            refused: tuple[dict[str, Any], ...] = (
                {"type": "set_approval_mode", "mode": "yolo"},
                {"type": "submit", "text": "/clear"},
                {"type": "submit", "content": [{"type": "text", "text": " /quit"}]},
                {"type": "confirmation_response", "request_id": "r", "allowed": True},
                {"type": "list_sessions", "all_folders": True},
                {"type": "interrupt", "queue": "clear"},
                {"type": "cancel", "target": "another's"},
                {"type": "unheard_of"},
                {"type": "watch", "draft": True},
            )
            for number, command in enumerate(refused):
                page.socket.say({**command, "id": str(number)})
                answer = await page.until_kind("web/refused")
                assert (answer["id"], answer["code"]) == (str(number), "no_right")
            page.socket.say({"type": "list_models", "id": "m"})
            await page.until_kind("system/models")
            submit(page, "say 2 words")
            assert (await page.until_kind("user"))["origin"] == "host:web.guest"
            terminal = pages.terminal(key, guest)
            await terminal.until_told("shown")
            terminal.socket.say(b"typed by a guest")
            terminal.socket.say({"type": "resize", "columns": 20, "rows": 5})
            submit(owner, "say 1 words")
            await owner.until(lambda item: item["type"] == "result" and "1" not in item)
            assert b"typed" not in terminal.screen
            assert not any(one["subtype"] == "size" and one["mine"] for one in terminal.told)
            blind = Socket()
            elsewhere = Visitor("guest", EVERYTHING, "another", "browser-9")
            await pages.sessions.chat(blind.asgi, key, elsewhere, None, "")
            assert blind.closed == 4404
            assert pages.sessions.rows(elsewhere) == []

    run(main)


def test_a_page_of_its_own_sees_its_draft_and_no_other_does(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            key = await pages.sessions.start(NewSession())
            anna, bert, screen = pages.chat(key), pages.chat(key, BERT), pages.terminal(key)
            await screen.until(lambda: b"qwen-dual" in screen.screen)
            anna.socket.say({"type": "watch", "draft": True, "id": "w"})
            await anna.until_kind("system/draft")
            screen.socket.say(b"hello")
            draft = await anna.until(
                lambda item: item.get("subtype") == "draft" and item["data"]["text"] == "hello"
            )
            assert "seq" not in draft, "it has no place among what all are told"
            anna.socket.say(
                {
                    "type": "set_draft",
                    "text": "bye",
                    "if_version": draft["data"]["version"],
                    "id": "s",
                }
            )
            await anna.until(lambda item: item.get("data", {}).get("text") == "bye")
            submit(bert, "say 1 words")
            await bert.until_kind("result")
            anna.socket.say({"type": "export", "id": "x"})
            assert (await anna.until_kind("system/export"))["data"]["command_id"] == "x"
            told = {str(item.get("subtype")) for item in bert.items}
            assert not told & {"draft", "export"}

    run(main)


def test_a_recorded_session_of_qwen_code_is_hosted_with_what_it_has(tmp_path: Path) -> None:
    recording = str(REFERENCE / "tool_allowed.jsonl")
    player = [sys.executable, "-S", str(HERE / "replay.py"), recording]

    async def main() -> None:
        async with hosting(tmp_path, player) as pages:
            key = await pages.sessions.start(NewSession())
            page = pages.chat(key)
            hello = await page.until_kind("web/hello")
            assert set(hello["supported_commands"]) == {
                *("submit", "confirmation_response", "interrupt")
            }
            await page.until_kind("web/replayed")
            for allowed in (True, False):
                submit(page, "touch made")
                await page.until_kind("user")
                request = (await page.until_kind("control_request"))["request_id"]
                answer = {"type": "confirmation_response", "request_id": request, "id": "c"}
                page.socket.say({**answer, "allowed": allowed})
                by = await page.until_kind("web/by", id=request) if allowed else None
                response = (await page.until_kind("control_response"))["response"]
                assert response["response"]["allowed"] is allowed
                assert by is None or by["name"] == "anna"
            late = pages.chat(key, BERT)
            await late.until_kind("web/replayed")
            assert [item["seq"] for item in late.items if "seq" in item][-1] == page.seq

    run(main)


def test_sessions_are_counted_and_what_cannot_start_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path, ["no-such-program"], max_sessions=1) as pages:
            with pytest.raises(SpawnFailed, match="no such program"):
                await pages.sessions.start(NewSession())
            assert pages.sessions.rows(ANNA) == []
        async with hosting(tmp_path, max_sessions=1) as pages:
            key = await pages.sessions.start(NewSession(mode="plan"))
            with pytest.raises(TooMany):
                await pages.sessions.start(NewSession())
            [row] = pages.sessions.rows(ANNA)
            assert (row["mode"], row["state"]) == ("plan", "idle")
            page = pages.terminal(key)
            await page.until(lambda: b"qwen-dual" in page.screen)
            page.socket.say(b"/quit\r")
            ended = await page.until_told("ended")
            assert (ended["status"], ended["signal"]) == (0, None)
            assert pages.sessions.rows(ANNA)[0]["state"] == "ended"
            await pages.sessions.start(NewSession())

    run(main)


def test_a_server_that_is_started_anew_brings_its_sessions_back(tmp_path: Path) -> None:
    folder = tmp_path / "own"

    async def main() -> None:
        async with hosting(tmp_path, kept=KeptSessions(folder)) as pages:
            key = await pages.sessions.start(NewSession(mode="plan"))
            empty = await pages.sessions.start(NewSession())
            page = pages.chat(key)
            submit(page, "say 3 words")
            await page.until_kind("result")
            [before] = [row for row in pages.sessions.rows(ANNA) if row["key"] == key]
        assert (folder / "sessions.json").stat().st_mode & 0o777 == 0o600
        async with hosting(tmp_path, kept=KeptSessions(folder)) as pages:
            pages.sessions.restore()
            pages.chat(key, page=page)
            hello = await page.until_kind("web/hello", whole=True)
            assert hello["epoch"] == page.epoch
            assert (await page.until_kind("user"))["message"]["content"][0]["text"] == "say 3 words"
            await page.until_kind("assistant")
            await page.until_kind("web/notice", code="resumed")
            start = await page.until_kind("system/session_start")
            assert start["session_id"] == before["session_id"]
            submit(page, "say 2 words")
            await page.until_kind("result")
            rows = {row["key"]: row for row in pages.sessions.rows(ANNA)}
            assert rows.keys() == {key, empty}
            assert (rows[key]["title"], rows[key]["mode"]) == ("say 3 words", "plan")
            assert not list(folder.glob("chat-*"))

    run(main)


def test_a_session_that_goes_on_with_an_earlier_conversation_is_called_by_it(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            sessions = pages.sessions
            key = await sessions.start(NewSession())

            async def called(title: str) -> None:
                await until(lambda: sessions.rows(ANNA)[0]["title"] == title)

            page = pages.chat(key)
            submit(page, "say 3 words\nof two lines")
            before = await page.until_kind("result")
            page.socket.say({"type": "clear", "id": str(uuid4())})
            await page.until_kind("system/session_changed")
            await page.until_kind("system/rewind_points")
            await called("")
            resume = {"type": "resume", "session_id": before["session_id"], "id": str(uuid4())}
            page.socket.say(resume)
            await called("say 3 words of two lines")
            await sessions.end(key)
            await sessions.start(NewSession(resume=before["session_id"]))
            await called("say 3 words of two lines")

    run(main)


def test_a_session_that_runs_elsewhere_is_followed_in_its_chat(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as elsewhere, hosting(tmp_path) as pages:
            key = await elsewhere.sessions.start(NewSession())
            there = elsewhere.chat(key)
            submit(there, "say 2 words")
            await there.until_kind("result")
            await until(pages.sessions.running, "it has its record")
            [found] = pages.sessions.running()
            attached = await pages.sessions.attach(found.session_id)
            assert await pages.sessions.attach(found.session_id) == attached
            assert pages.sessions.running() == []
            page = pages.chat(attached, BERT)
            hello = await page.until_kind("web/hello")
            assert hello["terminal"] is False
            await page.until_kind("result")
            submit(page, "say 1 words")
            assert (await there.until_kind("user"))["origin"] == "host:web.Bert-B"
            await pages.sessions.end(attached)
            await page.until_kind("web/ended")
            assert elsewhere.sessions.rows(ANNA)[0]["state"] != "ended"

    run(main)
