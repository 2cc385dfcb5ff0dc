"""One session, as its pages see it: both WebSockets, several people, connections that break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.web.sessions import NewSession, NoSession
from tests.web.page import EVERYTHING, Socket, visitor

if TYPE_CHECKING:
    from pathlib import Path
from tests.web.hosted import ANNA, BERT, hosting, run, submit


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
            guest = visitor("guest", frozenset(("observe", "submit")), key, "browser-9")
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
            elsewhere = visitor("guest", EVERYTHING, "another", "browser-9")
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
            receipt = await anna.until(lambda item: item.get("data", {}).get("id") == "s")
            assert receipt["data"]["status"] == "accepted"
            assert "seq" not in receipt
            submit(bert, "say 1 words")
            await bert.until_kind("result")
            anna.socket.say({"type": "export", "id": "x"})
            assert (await anna.until_kind("system/export"))["data"]["command_id"] == "x"
            told = {str(item.get("subtype")) for item in bert.items}
            assert not told & {"draft", "export"}
            receipts = [item["data"] for item in bert.items if "command_receipt" in item.values()]
            assert {"s", "w"}.isdisjoint(receipt["id"] for receipt in receipts)

    run(main)
