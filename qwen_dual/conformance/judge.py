"""Runs the checks of a level against a program, one after another or some at once."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Literal

import anyio
from msgspec import Struct

from qwen_dual.conformance.bench import LEAST, bench_for
from qwen_dual.conformance.model_server import ModelServer
from qwen_dual.conformance.promise import (
    LEVELS,
    PROMISES,
    Broken,
    Level,
    NotJudged,
    NotOffered,
    Promise,
)
from qwen_dual.host.errors import SpawnFailed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.script import Script

SECONDS = 180.0
"""How long one check may take: some wait for more than one thing."""
Outcome = Literal["held", "broken", "not offered", "not judged"]


class Verdict(Struct, frozen=True):
    """What came of one check.

    Attributes:
        promise: what was promised.
        outcome: ``held``, ``broken``, ``not offered``, or ``not judged``.
        why: what was seen instead, how it is seen that it is not offered, or why it could not be judged.
        lines: events and the terminal's lines that show it.
        seconds: how long the check took.
    """

    promise: Promise
    outcome: Outcome
    why: str
    lines: list[str]
    seconds: float


def promises_of(level: Level, only: Collection[str] = ()) -> list[Promise]:
    """The promises of a level and of those below it, the lowest level first.

    Args:
        level: the highest.
        only: names, if not all of them are wanted.

    Raises:
        ValueError: one of these names is none.
    """
    import qwen_dual.conformance.everything  # noqa: F401 - each module adds its promises

    wanted = LEVELS[: LEVELS.index(level) + 1]
    known = {each.name for each in PROMISES}
    if unknown := sorted(set(only) - known):
        raise ValueError(
            f"there is no promise {unknown[0]!r}; --list --level full names all of them"
        )
    asked = [p for p in PROMISES if (p.name in only if only else p.level in wanted)]
    return sorted(asked, key=lambda each: LEVELS.index(each.level))


async def judge(
    command: Sequence[str],
    promises: Sequence[Promise],
    script: Script,
    environment: Mapping[str, str],
    *,
    least: float = LEAST,
) -> AsyncGenerator[Verdict, None]:
    """Judges a program by each promise.

    Args:
        command: the program and its arguments.
        promises: what it is judged by.
        script: how it is made to do something.
        environment: this process's; programs inherit no settings and keys of it.
        least: seconds that anything may take at the least.

    Raises:
        SpawnFailed: there is no such program.
    """
    if shutil.which(command[0], path=environment.get("PATH")) is None:
        raise SpawnFailed(command, "there is no such program, or it may not be run")
    for each in promises:
        server = ModelServer()
        async with anyio.create_task_group() as group:
            await group.start(server.run)
            async with bench_for(command, script, server, environment, least) as bench:
                bench.asks_for(each)
                verdict = await _judge(each, bench)
            group.cancel_scope.cancel()
        yield verdict


async def _judge(each: Promise, bench: Bench) -> Verdict:
    began = time.monotonic()

    def verdict(outcome: Outcome, why: str = "", lines: Sequence[str] = ()) -> Verdict:
        return Verdict(each, outcome, why, list(lines), time.monotonic() - began)

    try:
        with anyio.fail_after(SECONDS):
            await each.check(bench)
    except Broken as error:
        return verdict("broken", error.why, error.lines)
    except NotOffered as error:
        return verdict("not offered", str(error))
    except NotJudged as error:
        return verdict("not judged", str(error))
    except TimeoutError:
        return verdict("broken", f"nothing came of it within {SECONDS:g} s")
    return verdict("held")
