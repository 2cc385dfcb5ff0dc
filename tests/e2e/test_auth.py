"""``/auth`` at the keyboard: a service is asked for, tried and kept, and nothing typed is lost."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import anyio

from tests.models.server import reply, serve
from tests.support.services import KEY, answer, hosted
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.services import Hosted


async def connect(program: Hosted, address: str, key: str = KEY) -> None:
    """Has the service at ``address`` asked for its list of models."""
    await program.session.write(b"/auth\r")
    await program.until("Which service?")
    await program.session.write(b"8")
    await program.until("Its address")
    await program.session.write(f"{address}\r".encode())
    await program.until("The API key")
    await program.session.write(f"{key}\r".encode())


def test_a_key_that_the_service_refuses_is_told_as_such_and_can_be_mended(tmp_path: Path) -> None:
    refused = reply({"error": {"message": "Incorrect API key provided"}}, status=401)

    async def main() -> None:
        async with (
            serve(refused, reply({"data": [{"id": "my-model"}]})) as server,
            hosted(tmp_path) as program,
        ):
            await connect(program, f"https://{server.url}/v1", "wrong")
            await program.until("refused the key for its list of models (status 401)")
            await program.until("The model's id")
            await program.session.write(b"\x1b")
            await until(lambda: program.count("enter takes it") == 0, "the form is closed")
            await program.session.write(b"/auth\r")
            await program.until("› 8. Another")
            await program.session.write(b"\r")
            await program.until(f"> {server.url}/v1")
            await program.session.write(b"\r")
            await program.until("the one you typed before")
            await program.session.write(KEY.encode() + b"\r")
            await program.until("› 1. my-model")
            assert [request.headers["authorization"] for request in server.requests] == [
                "Bearer wrong",
                f"Bearer {KEY}",
            ]

    anyio.run(main)


def test_auth_asks_at_the_keyboard_tries_the_model_and_keeps_it_private(tmp_path: Path) -> None:
    listed = reply({"data": [{"id": "other"}, {"id": "my-model"}]})
    told = tmp_path / "heard.json"  # there once it is whole: nobody waits for that hook
    hook = {"type": "command", "command": f"cat > {told}.part && mv {told}.part {told}"}
    (tmp_path / ".qwen").mkdir()
    (tmp_path / ".qwen" / "settings.json").write_text(
        json.dumps({"hooks": {"Notification": [{"matcher": "auth_success", "hooks": [hook]}]}})
    )

    async def main() -> None:
        async with (
            serve(
                listed,
                reply({"error": {"message": "no"}}, status=404),
                listed,
                answer("ready"),
                answer("new one"),
            ) as server,
            hosted(tmp_path) as program,
        ):
            await connect(program, f"https://{server.url}/v1")
            await program.until("Which model?")
            await program.session.write(b"1")
            await program.until("other did not answer, so nothing was saved")
            await program.until("› 8. Another")
            await program.session.write(b"\r")
            await program.until(f"> {server.url}/v1")
            await program.session.write(b"\r")
            await program.until("the one you typed before")
            await program.session.write(b"\r")
            await program.until("› 1. other")
            await program.session.write(b"2")
            await program.until("my-model answers")
            assert (await program.session.run("go", timeout=30)).raw["result"] == "new one"
            assert server.requests[0].target == "/v1/models"
            assert {request.headers["authorization"] for request in server.requests} == {
                f"Bearer {KEY}"
            }
            path = tmp_path / ".qwen" / "settings.json"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            kept = json.loads(path.read_text())
            assert kept["model"]["name"] == "my-model"
            await until(told.exists, "the hook has heard of it")
            heard = json.loads(told.read_text())
            assert heard["notification_type"] == "auth_success"
            assert KEY not in program.painted.decode("utf-8", "replace")
            assert KEY not in json.dumps(program.events)

    anyio.run(main)


def test_the_whole_address_of_calls_leads_to_the_services_list_of_models_too(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with (
            serve(reply({"data": [{"id": "served"}]}), answer("ready")) as server,
            hosted(tmp_path) as program,
        ):
            await connect(program, f"{server.url}/v1/chat/completions")
            await program.until("› 1. served")
            await program.session.write(b"1")
            await program.until("served answers")
            asked = [request.target for request in server.requests]
            assert asked == ["/v1/models", "/v1/chat/completions"]

    anyio.run(main)


def test_what_was_typed_for_auth_is_there_again_when_the_last_question_is_left(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with (
            serve(reply({"error": {"message": "no"}}, status=404)) as server,
            hosted(tmp_path) as program,
        ):
            await connect(program, f"{server.url}/wrong")
            await program.until("The service does not list its models.")
            await program.session.write(b"\x03/auth\r")
            await program.until("› 8. Another")
            await program.session.write(b"\r")
            await program.until(f"> {server.url}/wrong")
            await program.session.write(b"\r")
            await program.until("the one you typed before")
            assert KEY not in program.painted.decode("utf-8", "replace")

    anyio.run(main)
