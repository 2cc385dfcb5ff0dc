"""Inputs that lose nothing (section 2.5)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio

from qwen_dual.conformance.base import prompts, runs_on_disabled
from qwen_dual.conformance.promise import hold, promise
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench


def _line(text: str, **more: object) -> bytes:
    return encode({"type": "submit", "text": text, **more})


@promise("plus", "2.5", loses="has a command run that it has written half of, or lost")
async def cut_anywhere(bench: Bench) -> None:
    """A half-written line waits for its end, however its bytes are cut, inside a character too."""
    text = bench.script.prompt("answer") + " é漢😀"
    async with bench.program() as program:
        data = _line(text)
        for at in range(0, len(data), 7):
            program.send_raw(data[at : at + 7])
            await anyio.sleep(0.01)
        await program.until(lambda: prompts(program), "the user event")
        hold(prompts(program)[0].text == text, "its text is another", program.lines())


@promise("plus", "2.5", loses="has old commands run again, or none")
async def old_commands(bench: Bench) -> None:
    """What is in the input when it starts is not run, unless --input-from start asks for it."""
    text = bench.script.prompt("answer")
    folder = os.path.join(bench.folder, "old")
    os.makedirs(folder)
    _write(os.path.join(folder, "input"), _line(text + " old"))
    await anyio.sleep(1.1)  # older than the process, by any clock
    async with bench.program(again=folder) as program:
        program.send("submit", text=text + " new")
        await program.until(lambda: prompts(program), "the new prompt")
        texts = [event.text for event in prompts(program)]
        hold(texts[0] == text + " new", "the old command ran", program.lines())
        await program.event("result")
    async with bench.program(
        again=folder, arguments=["--input-from", "start"], events_path=folder + "/e2"
    ) as program:
        await program.until(lambda: len(prompts(program)) >= 2, "both prompts")


@promise("plus", "2.5", loses="cannot rotate, clean or edit its input file")
async def replaced(bench: Bench) -> None:
    """The input may be truncated, deleted and made anew, or replaced by rename: what follows is read, once each."""
    text = bench.script.prompt("answer")
    async with bench.program() as program:

        async def ran(number: int, after: str) -> None:
            before = len(program.events)
            await program.until(lambda: len(prompts(program)) > number, f"the prompt {after}")
            await program.turn(after=before)

        program.send("submit", text=f"{text} 0")
        await ran(0, "before all")
        os.truncate(program.input, 0)
        await anyio.sleep(0.2)
        program.send("submit", text=f"{text} 1")
        await ran(1, "after a truncation")
        os.unlink(program.input)
        await anyio.sleep(0.2)
        _write(program.input, _line(f"{text} 2"))
        await ran(2, "after a deletion")
        _write(program.input + ".new", _line(f"{text} 3"))
        os.rename(program.input + ".new", program.input)
        await ran(3, "after a rename")
        await anyio.sleep(0.5)
        program.step()
        texts = [event.text for event in prompts(program)]
        hold(
            texts == [f"{text} {number}" for number in range(4)],
            f"they are {texts}",
            program.lines(),
        )


@promise("plus", "2.5", loses="has to know how an editor writes lines")
async def ends_of_lines(bench: Bench) -> None:
    """A byte order mark, CRLF and blank lines are harmless."""
    text = bench.script.prompt("answer")
    folder = os.path.join(bench.folder, "marked")
    os.makedirs(folder)
    lines = b"\xef\xbb\xbf" + _line(text).replace(b"\n", b"\r\n") + b"\r\n\n" + _line(text + "!")
    _write(os.path.join(folder, "input"), lines)
    async with bench.program(again=folder, arguments=["--input-from", "start"]) as program:
        await program.until(lambda: len(prompts(program)) >= 2, "both prompts")
        hold(not program.of("system", "input_error"), "a line could not be used", program.lines())


@promise("plus", "2.5", loses="can make the program grow without bounds, or stop it")
async def long_line(bench: Bench) -> None:
    """A line of more than 16 MiB is dropped with an input_error, and the next one runs."""
    async with bench.program() as program:
        for _ in range(17):
            program.send_raw(b"x" * (1 << 20))
        program.send_raw(b"\n" + _line(bench.script.prompt("answer")))
        await program.until(lambda: prompts(program), "the prompt behind it")
        codes = [event.data.get("code") for event in program.of("system", "input_error")]
        hold(codes == ["too_long"], f"the errors are {codes}", program.lines())


@promise("plus", "2.5", loses="lets whoever can write to a shared folder run commands as it")
async def writable_by_all(bench: Bench) -> None:
    """An input that everyone may write to is refused with the warning, and the UI runs on."""
    folder = os.path.join(bench.folder, "open")
    os.makedirs(folder)
    path = os.path.join(folder, "input")
    _write(path, b"")
    os.chmod(path, 0o666)
    async with bench.program(again=folder, begun=False) as program:
        await runs_on_disabled(program)
        program.send("submit", text=bench.script.prompt("answer"))
        await anyio.sleep(1.0)
        hold(not bench.server.asked, "a command of it ran", program.lines())


def _write(path: str, data: bytes) -> None:
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
