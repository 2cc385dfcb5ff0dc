"""``qwen-dual mcp auth`` and ``mcp logout``: signs a person in at a server from the shell, and out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwen_dual.cli.stderr import tell
from qwen_dual.runtime.spec import SessionSpec
from qwen_dual.settings.secrets import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from qwen_dual.cli.argument_parser import SafeParser
    from qwen_dual.runtime.mcp_admin import Tried

    T = TypeVar("T")

ELSEWHERE = """A browser on another machine ends at a page that it cannot reach:
enter the address of that page here."""

_LINE = 16_384
"""Bytes of an address that is typed in."""


def add_signing_in(commands: argparse._SubParsersAction[SafeParser]) -> None:
    """Adds both commands to ``qwen-dual mcp``."""
    for name, does, run in (
        ("auth", "sign in at one that asks for it, with your browser", _auth),
        ("logout", "forget the sign-in at one", _logout),
    ):
        command = commands.add_parser(name, help=does, allow_abbrev=False)
        command.set_defaults(run=run)
        command.add_argument("name", metavar="NAME")


def _auth(asked: argparse.Namespace, cwd: str) -> int:
    done = _run(lambda: _sign_in(_spec(cwd, asked.name), asked.name))
    if done is None:
        return 1
    tried, notices = done
    for notice in notices:
        tell(f"qwen-dual: {notice}")
    print(f"You are signed in at {printable(asked.name)}.")
    if tried.data["state"] == "connected":
        print(f"Connected, {len(tried.data['tools'])} tools")
        return 0
    why = tried.data["error"] or tried.off or "it does not say why"
    tell(f"qwen-dual: it is not connected: {printable(why)}")
    return 1


def _logout(asked: argparse.Namespace, cwd: str) -> int:
    from qwen_dual.runtime.mcp_admin import sign_out

    was = _run(lambda: sign_out(_spec(cwd, asked.name), asked.name))
    if was is None:
        return 1
    said = "You are signed out at" if was else "Nobody was signed in at"
    print(f"{said} {printable(asked.name)}.")
    return 0


def _spec(cwd: str, name: str) -> SessionSpec:
    return SessionSpec(cwd=cwd, offline=True, chat_recording=False, allowed_mcp_servers=(name,))


def _run(work: Callable[[], Awaitable[T]]) -> T | None:
    """What ``work`` comes to; None where that is nothing, which is told."""
    import anyio

    from qwen_dual.runtime.launch import StartError
    from qwen_dual.runtime.mcp_admin import CannotSignIn

    try:
        return anyio.run(work)
    except (CannotSignIn, StartError) as error:
        told = printable(str(error).rstrip("."))
    except KeyboardInterrupt:
        told = "given up"
    tell(f"qwen-dual: {told}")
    return None


async def _sign_in(spec: SessionSpec, name: str) -> tuple[Tried, list[str]]:
    """Signs in, and takes meanwhile what a person types: the address that their browser ended at."""
    from qwen_dual.concurrency.task_groups import open_task_group
    from qwen_dual.runtime.mcp_admin import sign_in

    typed = sys.stdin.isatty()

    def show(address: str, opened: bool) -> None:
        print("Your browser is to open this:" if opened else "Open this in a browser:")
        print(f"\n  {printable(address)}\n")
        if typed:
            print(ELSEWHERE)
        sys.stdout.flush()

    async with open_task_group() as group:

        def wait(bring: Callable[[str], bool]) -> None:
            if typed:
                group.start_soon(_take_typed, bring)

        done = await sign_in(spec, name, show, wait)
        group.cancel_scope.cancel()
    return done


async def _take_typed(bring: Callable[[str], bool]) -> None:
    import anyio

    while True:
        await anyio.wait_readable(sys.stdin)
        line = os.read(sys.stdin.fileno(), _LINE)
        if not line:
            return
        if bring(line.decode("utf-8", "replace").strip()):
            return
        print("That is not the address that this sign-in comes back to.", flush=True)
