"""``qwen-dual web``: sessions in a browser, their terminal and their chat, for who has a link."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwen_dual import __version__
from qwen_dual.cli.argument_parser import ArgumentParser
from qwen_dual.cli.faults import FAILED, report_fault
from qwen_dual.cli.stderr import tell
from qwen_dual.fs.home import qwen_home
from qwen_dual.runtime.process import environment, folder, is_ignored, own_command

if TYPE_CHECKING:
    import argparse
    import ssl
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from qwen_dual.runtime.saved_sessions import Known
    from qwen_dual.web.origins import Origins

NEEDED = ("starlette", "uvicorn", "websockets", "segno")
INSTALL = "pip install 'qwen-dual[web]'"
PAGE = Path(__file__).parents[1] / "web" / "static"
LISTED = 50
"""Saved sessions in one answer."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OPEN_FILES = 8192
"""Each session has some, each browser three."""


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual web``; returns its exit status.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    given, command = _split(arguments)
    asked = _parser().parse_args(given)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        print(
            f"qwen-dual: web needs the extra web, which is not installed ({', '.join(missing)}): "
            f"{INSTALL}",
            file=sys.stderr,
        )
        return 1
    import anyio

    from qwen_dual.fs.folders import ForeignFileError
    from qwen_dual.host.errors import HostError
    from qwen_dual.runtime.debuglog import log_outside
    from qwen_dual.web.listening import CannotListen
    from qwen_dual.web.static_files import PageMissing

    try:
        return anyio.run(_run, asked, _hosted(command))
    except (CannotListen, PageMissing, HostError, ForeignFileError, Unusable) as error:
        tell(f"qwen-dual web: {error}")
        return 1
    except Exception as error:  # noqa: BLE001 - the way out: no traceback reaches a person
        report_fault(error, log_outside("web failed", error))
        return FAILED


class Unusable(Exception):
    """What was asked for cannot be; says what, and what to do."""


def _hosted(command: list[str]) -> list[str]:
    """What sessions run; by its own name this very program, also where no ``PATH`` leads to it."""
    if command and command[0] != "qwen-dual":
        return command
    return [*own_command(), *command[1:]]


async def _run(asked: argparse.Namespace, command: list[str]) -> int:
    from qwen_dual.web.listening import tls_context
    from qwen_dual.web.server import Settings, run_server
    from qwen_dual.web.static_files import PageMissing

    env = environment()
    if not (PAGE / "index.html").is_file():
        raise PageMissing(PAGE)
    if shutil.which(command[0], path=env.get("PATH")) is None:
        raise Unusable(f"{command[0]!r} is no program that can be found; name one after --")
    cwd = _folder("--cwd", asked.cwd or folder())
    roots = [_folder("--root", root) for root in asked.root]
    tls: ssl.SSLContext | None = None
    if bool(asked.certfile) != bool(asked.keyfile):
        raise Unusable("--certfile and --keyfile belong together: name both")
    if asked.certfile:
        tls = tls_context(asked.certfile, asked.keyfile)
    sockets, origins, local = _reach(asked, tls=tls is not None)
    _raise_open_files()
    own_folder = Path(qwen_home(env), "web", str(origins.port))
    _log_into(env, origins.port)
    settings = Settings(
        command=command,
        cwd=cwd,
        roots=roots,
        env=env,
        sockets=sockets,
        origins=origins,
        tls=tls,
        compress=not local or asked.behind_proxy is not None,
        page=PAGE,
        own_folder=own_folder,
        resume=asked.resume,
        max_sessions=asked.max_sessions,
        # What whoever started it has it ignore, as nohup does, stays so.
        signals=[number for number in _ENDING if not is_ignored(number)],
        list_saved=_lister(env, cwd),
        version=__version__,
    )
    first = origins.proxy or _direct(asked.host, origins)

    async def begun(token: str) -> None:
        await _announce(f"{first}/#token={token}", asked, env, local=local)

    await run_server(settings, begun, lambda: _print("Ending; once more ends it at once."))
    return 0


def _reach(asked: argparse.Namespace, *, tls: bool) -> tuple[list[socket.socket], Origins, bool]:
    """What listens, what it is called, and whether this machine alone reaches it."""
    from qwen_dual.web.listening import listen, resolve
    from qwen_dual.web.origins import LOOPBACK, Origins, is_loopback, read_origin, written

    proxy = asked.behind_proxy
    if proxy:
        try:
            proxy = read_origin(proxy)
        except ValueError as error:
            raise Unusable(f"--behind-proxy: {error}") from None
    host = asked.host.strip("[]")
    addresses = resolve(host)
    local = is_loopback(addresses)
    if not local and not tls and proxy is None:
        raise Unusable(
            f"--host {asked.host} is reached from other machines, and without TLS whoever is on the way "
            "reads the link and all that goes over it: add --certfile FILE --keyfile FILE, or "
            "--behind-proxy ORIGIN where a proxy with TLS stands before it (docs/web.md has recipes)"
        )
    sockets = listen(host, asked.port)
    port = sockets[0].getsockname()[1]
    names = {written(host), *(LOOPBACK if local else addresses)}
    everywhere = any(address in ("0.0.0.0", "::") for address in addresses)
    if everywhere:
        own = socket.gethostname().lower()
        names |= {own, f"{own.partition('.')[0]}.local", *LOOPBACK}
    origins = Origins(
        scheme="https" if tls else "http",
        port=port,
        names=frozenset(map(written, names)),
        addresses=everywhere,
        proxy=proxy,
    )
    return sockets, origins, local


def _direct(host: str, origins: Origins) -> str:
    """The origin that a person is shown of a server without a proxy."""
    from qwen_dual.web.origins import origin_of, written

    name = socket.gethostname().lower() if host in ("0.0.0.0", "::", "[::]") else written(host)
    return origin_of(origins.scheme, name, origins.port)


async def _announce(
    url: str, asked: argparse.Namespace, env: Mapping[str, str], *, local: bool
) -> None:
    """Tells the person where the page is."""
    _print(f"The page is at\n\n    {url}\n")
    if asked.behind_proxy == "":
        _print("behind your proxy: put its own name in place of the address here.\n")
    if asked.qr:
        _print(_qr_code(url))
        if local and not asked.behind_proxy:
            _print("This address leads to the page on this machine alone, not on a phone.\n")
    _print(
        "Whoever has this link can do here whatever you can.\n"
        "Ctrl+C ends the server and its sessions."
    )
    if not local:
        way = "" if asked.certfile else ", unencrypted on the way to the proxy"
        _print(
            f"other machines reach this server{way}: the link is all that keeps them out",
            warns=True,
        )
    if asked.open:
        from qwen_dual.cli.web_opening import open_link

        if not await open_link(url, env):
            _print("--open found no browser to open it with; open the link yourself", warns=True)


def _print(text: str, *, warns: bool = False) -> None:
    """Tells the person; a reader that has gone is no reason to end."""
    with suppress(OSError):
        if warns:
            tell(f"qwen-dual web: {text}")
        else:
            print(text, flush=True)


def _qr_code(url: str) -> str:
    """The code in two colours of its own: the terminal's may be the other way round."""
    from io import StringIO

    import segno

    drawn = StringIO()
    segno.make(url, error="l", boost_error=False).terminal(drawn, compact=True)
    return "".join(f"\x1b[97;40m{line}\x1b[0m\n" for line in drawn.getvalue().splitlines())


def _lister(
    env: Mapping[str, str], cwd: str
) -> Callable[[bool, float | None], Awaitable[dict[str, Any]]]:
    home = qwen_home(env)
    known: Known = {}  # what did not change is not read again

    async def list_saved_sessions(all_folders: bool, before: float | None) -> dict[str, Any]:
        from qwen_dual.core.threads import in_thread
        from qwen_dual.runtime.saved_sessions import list_saved

        where = None if all_folders else cwd
        return await in_thread(lambda: list_saved(home, where, LISTED, before, known))

    return list_saved_sessions


def _folder(flag: str, path: str) -> str:
    full = os.path.realpath(path)
    if not os.path.isdir(full):
        raise Unusable(f"{flag} {path}: there is no such folder")
    return full


def _raise_open_files() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _log_into(env: Mapping[str, str], port: int) -> None:
    """What goes wrong is written down: no traceback is printed."""
    from qwen_dual.runtime.debuglog import DebugLog

    log = DebugLog(qwen_home(env), f"web-{port}")
    log.setLevel(logging.WARNING)
    logging.getLogger().addHandler(log)
    logging.captureWarnings(True)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is for the server, and the command after ``--``."""
    given = list(arguments)
    if "--" not in given:
        return given, []
    at = given.index("--")
    return given[:at], given[at + 1 :]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="qwen-dual web",
        usage="qwen-dual web [options] [-- COMMAND …]",
        description="Serves sessions to browsers: the terminal and the chat of each, in sync.",
        epilog="COMMAND is what sessions run: qwen-dual unless given, or any program with dual output.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--port", type=_port, metavar="N", help="listen on this port (default: 8421, or the next)")
    add(
        "--host",
        default="127.0.0.1",
        metavar="H",
        help="listen at this address or name; beyond this machine only with TLS or a proxy",
    )
    add("--open", action="store_true", help="open the page in the browser")
    add("--qr", action="store_true", help="show the link as a QR code")
    add("--cwd", metavar="DIR", help="where sessions start, and below (default: here)")
    add(
        "--root",
        action="append",
        default=[],
        metavar="DIR",
        help="let sessions start below this folder too; may be repeated",
    )
    add("--certfile", metavar="FILE", help="speak TLS with this certificate (PEM)")
    add("--keyfile", metavar="FILE", help="its key (PEM)")
    add(
        "--behind-proxy",
        nargs="?",
        const="",
        metavar="ORIGIN",
        help="a proxy with TLS stands before it, such as https://qwen.example.org",
    )
    add(
        "--resume", action="store_true", help="bring back the sessions and links of the last server"
    )
    add(
        "--max-sessions",
        type=_positive,
        default=100,
        metavar="N",
        help="how many may run at once (default: 100)",
    )
    return parser


def _port(text: str) -> int:
    import argparse

    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535, 0 for any free one")
    return int(text)


def _positive(text: str) -> int:
    import argparse

    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 9999")
    return int(text)
