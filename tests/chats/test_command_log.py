"""What chats say of commands of hosts, however odd they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.chats.command_log import CommandLog
from qwen_dual.core.commands.ledger import Known

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "892a46fb-d495-4a3a-b00e-f16cbd6a5281"
SECOND = "892a46fb-d495-4a3a-b00e-f16cbd6a5282"


def named(command_id: str) -> dict[str, str]:
    return {"host": "input", "id": command_id}


def line(uuid: str, **fields: Any) -> str:
    return json.dumps({"uuid": uuid, "type": "system", **fields}, separators=(",", ":")) + "\n"


def aside(uuid: str, **payload: Any) -> str:
    return line(uuid, subtype="host_command", systemPayload=payload)


def chat(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text(text)
    return path


def test_a_chat_that_names_another_that_names_it_is_read_once(tmp_path: Path) -> None:
    back = aside("1", hostCommands=[], outcome="done", earlier=SECOND)
    forth = aside("2", hostCommands=[], outcome="done", earlier=FIRST)
    path = chat(tmp_path, FIRST, line("0", hostCommand=named("a")) + back)
    chat(tmp_path, SECOND, forth + line("3", hostCommands=[named("b")], systemPayload={}))
    log = CommandLog()
    log.add(path)
    assert log.find("input", "a", live=False) == Known("interrupted")
    assert log.find("input", "b", live=False) == Known("done")
    assert log.find("input", "c", live=False) is None
    assert log.find("host:zed", "a", live=False) is None


def test_what_is_named_is_a_chat_beside_it_whatever_is_written_there(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "chats").mkdir()
    chat(tmp_path / "other", SECOND, line("0", hostCommand=named("a")))
    text = aside("1", hostCommands=[], outcome="done", earlier=f"../other/{SECOND}")
    path = chat(tmp_path / "chats", FIRST, text + aside("2", earlier=["x"], hostCommands=5))
    log = CommandLog()
    log.add(path)
    assert log.find("input", "a", live=False) is None


@pytest.mark.parametrize(
    "odd",
    [
        line("1", hostCommand={"host": 1, "id": "a"}),
        line("1", hostCommand=["input", "a"]),
        line("1", hostCommands=[{"id": "a"}, None]),
        aside("1", hostCommands="a", outcome={"x": 1}),
        '{"uuid":"1","type":"user","text":"\\"hostCommand\\":{\\"host\\":\\"input\\",\\"id\\":\\"a\\"}"}\n',
        '{"uuid":"1","type":"tool","message":{"args":{"hostCommand":{"host":"input","id":"a"}}}}\n',
        '"hostCommand" nonsense\n',
    ],
)
def test_what_only_looks_like_a_command_is_none(tmp_path: Path, odd: str) -> None:
    log = CommandLog()
    log.add(chat(tmp_path, FIRST, odd + line("2", hostCommand=named("b"))))
    assert log.find("input", "a", live=False) is None
    assert log.find("input", "b", live=False) == Known("interrupted")


def test_half_a_record_is_none_and_one_without_a_newline_is_there(tmp_path: Path) -> None:
    whole = line("0", hostCommand=named("a"))
    for size in range(len(whole)):
        log = CommandLog()
        log.add(chat(tmp_path, FIRST, whole[:size]))
        expected = Known("interrupted") if size == len(whole) - 1 else None
        assert log.find("input", "a", live=False) == expected


def test_what_is_written_later_is_found_when_it_is_of_this_run(tmp_path: Path) -> None:
    path = chat(tmp_path, FIRST, line("0", hostCommand=named("a")))
    log = CommandLog()
    log.add(path)
    assert log.find("input", "b", live=True) is None
    with path.open("a") as file:
        file.write(line("1", hostCommand=named("b")))
    assert log.find("input", "b", live=False) is None  # nobody sends it before it is taken
    assert log.find("input", "b", live=True) == Known("running")
    with path.open("a") as file:
        result = {"result": "fine", "stop_reason": "end_turn"}
        file.write(line("2", hostCommands=[named("b")], systemPayload={"result": result}))
    assert log.find("input", "b", live=True) == Known("done", result)


def test_a_file_that_is_gone_knows_nothing(tmp_path: Path) -> None:
    log = CommandLog()
    log.add(tmp_path / f"{FIRST}.jsonl")
    assert log.find("input", "a", live=True) is None
