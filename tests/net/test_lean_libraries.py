"""The libraries that the program imports without some of what they would bring along, and that are whole all the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.net.imported import run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_loop_runs_with_no_tls_until_something_speaks_it() -> None:
    code = """
from qwen_dual.cli.lean import import_asyncio, import_msgspec
import_msgspec(); import_asyncio()
import anyio, asyncio, socket

async def main():
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        address = listener.extra(anyio.abc.SocketAttribute.local_address)
        async with await anyio.connect_tcp(*address):
            print("ssl" in sys.modules)
    try:  # a listener that is gone, so that no handshake ends
        await asyncio.open_connection(*address, ssl=True)
    except OSError as error:
        print(type(error).__name__)
    import ssl
    print(isinstance(ssl.create_default_context(), asyncio.base_events.ssl.SSLContext))
    plain = socket.socket()
    print(isinstance(plain, asyncio.selector_events.ssl.SSLSocket))
    plain.close()

anyio.run(main)
"""
    assert run(code) == ["False", "ConnectionRefusedError", "True", "False"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_tls_is_spoken_as_ever_over_the_loop_and_over_anyio(tmp_path: Path) -> None:
    files = ["-keyout", "key.pem", "-out", "cert.pem", "-addext", "subjectAltName=DNS:localhost"]
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]
    subprocess.run(
        [*make, "-subj", "/CN=localhost", *files], cwd=tmp_path, check=True, capture_output=True
    )
    code = """
from qwen_dual.cli.lean import import_asyncio, import_msgspec
import_msgspec(); import_asyncio()
import anyio, asyncio

async def main():
    import ssl
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain("cert.pem", "key.pem")
    trusting = ssl.create_default_context(cafile="cert.pem")

    async def greet(reader, writer):
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", ssl=serving)
    port = server.sockets[0].getsockname()[1]
    stream = await anyio.connect_tcp(
        "127.0.0.1", port, ssl_context=trusting, tls_hostname="localhost", tls_standard_compatible=False
    )
    print((await stream.receive()).decode())
    await stream.aclose()
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trusting, server_hostname="localhost"
    )
    print((await reader.read()).decode())
    writer.close()
    server.close()

anyio.run(main)
"""
    assert run(code, tmp_path) == ["hello", "hello"]


def test_records_and_json_are_there_for_less() -> None:
    code = """
from qwen_dual.cli.lean import import_msgspec
import_msgspec()
print(*("inspect" in sys.modules, "platform" in sys.modules))
import platform, uuid, msgspec, dataclasses
print(platform.system() == getattr(uuid, "_platform_system", "Linux"), msgspec.json.decode(b"1"))
@dataclasses.dataclass
class Point:
    x: int
print(Point.__doc__)
"""
    assert run(code) == ["False", "False", "True", "1", "Point(x:", "int)"]


def test_all_of_asyncio_is_there_for_who_asks_for_it() -> None:
    code = """
from qwen_dual.cli.lean import import_asyncio, import_msgspec
import_msgspec(); import_asyncio()
print(*(f"asyncio.{name}" in sys.modules for name in ("queues", "timeouts", "taskgroups")))
print("ipaddress" in sys.modules, "anyio.streams.memory" in sys.modules)
import asyncio

kept = {name: getattr(asyncio, name) for name in ("Queue", "timeout", "TaskGroup", "to_thread", "subprocess")}
print(kept["Queue"].__module__, kept["subprocess"].__name__, asyncio.run.__module__)
whole = asyncio.__all__  # the whole package is there from now on
missing = [name for name in whole if not hasattr(asyncio, name)]
print(missing, all(getattr(asyncio, name) is it for name, it in kept.items()))

from urllib.parse import urlsplit, unquote
print(urlsplit("http://[::1]:80/a").hostname, unquote("a%20b") == "a b")
try:
    urlsplit("http://[127.0.0.1]/")
except ValueError:
    print("refused")
import anyio

async def main():
    async with await anyio.create_tcp_listener(local_host="localhost") as listener:
        print(type(listener).__name__)

anyio.run(main)
"""
    # Its own tasks have use for timeouts since 3.12, and for queues since 3.13.
    needed = [str(sys.version_info >= since) for since in ((3, 13), (3, 12))]
    expected = "False False False asyncio.queues asyncio.subprocess asyncio.runners [] True"
    assert run(code) == [*needed, *expected.split(), "::1", "True", "refused", "MultiListener"]


def test_the_loop_is_there_without_what_only_types_and_texts_need() -> None:
    code = """
from qwen_dual.cli.lean import import_asyncio, import_msgspec
import_msgspec(); import_asyncio()
import asyncio, functools, inspect as looked
del looked
import sys
del sys.modules["inspect"]
import anyio, anyio.to_thread

async def main():
    with anyio.move_on_after(0):
        await anyio.sleep_forever()
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    print(await anyio.to_thread.run_sync(lambda: 1))
    sender, receiver = anyio.create_memory_object_stream[int](1)
    await sender.send(2)
    print(await receiver.receive(), receiver.statistics().current_buffer_used)
    sender.close(), receiver.close()

anyio.run(main)

class A:
    async def m(self): ...
    def n(self): ...

print(*map(asyncio.iscoroutinefunction, (A().m, functools.partial(A.m), A().n, print, main)))
print(anyio.CancelScope, anyio.abc.TaskGroup.__name__, anyio.open_signal_receiver.__name__)
"""
    assert run(code) == [
        "1",
        "2",
        "0",
        "True",
        "True",
        "False",
        "False",
        "True",
        "<class",
        "'anyio._core._tasks.CancelScope'>",
        "TaskGroup",
        "open_signal_receiver",
    ]


def test_nothing_is_imported_before_the_first_paint_that_no_paint_needs() -> None:
    code = """
from qwen_dual.cli.lean import import_argparse, import_asyncio, import_msgspec
import_msgspec(); import_argparse()
import qwen_dual.cli.start
import_asyncio()
import qwen_dual.cli.interactive, qwen_dual.runtime.assembly, qwen_dual.runtime.opened
from qwen_dual.frontends.tui.terminal.toolkit import import_toolkit
import_toolkit()
import qwen_dual.frontends.tui.frontend
print(*(name for name in sys.modules if name in (
    "prompt_toolkit.shortcuts", "prompt_toolkit.widgets", "prompt_toolkit.layout.menus", "xml",
    "prompt_toolkit.key_binding.bindings.vi", "prompt_toolkit.completion.filesystem",
    "wcwidth.textwrap", "ssl", "asyncio.sslproto", "platform", "hashlib", "secrets", "gettext",
    "locale", "shutil", "tempfile", "subprocess", "array", "pathlib", "typing_extensions", "watchdog", "ctypes", "httpcore", "certifi", "msgspec.inspect")))
"""
    assert run(code) == []


def test_one_answer_without_a_screen_brings_no_tls_along_and_no_second_http_client() -> None:
    code = """
from qwen_dual.cli.lean import import_asyncio, import_msgspec
import_msgspec(); import_asyncio()
from qwen_dual.net.client import ERRORS, HttpClient, httpcore
import anyio

async def main():
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        async def answer(stream):
            async with stream:
                await stream.receive()
                await stream.send(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, answer)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            client = HttpClient(None, None)
            response = await client.send("GET", f"http://127.0.0.1:{port}/", [], connect=5)
            print(response.status_code)
            await client.aclose()
            group.cancel_scope.cancel()

anyio.run(main)
print(*(name for name in sys.modules if name in ("ssl", "certifi", "trio", "httpcore._sync")))
print(issubclass(httpcore.ConnectError, ERRORS), httpcore.ConnectionPool.__name__)
"""
    assert run(code) == ["204", "True", "ConnectionPool"]


def test_what_the_ui_imports_for_less_is_whole_for_whoever_uses_it() -> None:
    code = """
from qwen_dual.frontends.tui.terminal.toolkit import import_toolkit
import_toolkit()
from prompt_toolkit.utils import get_cwidth
short = [get_cwidth(chr(each)) for each in range(0x20, 0x20000, 7)]
import prompt_toolkit, wcwidth, prompt_toolkit.completion, prompt_toolkit.formatted_text
print(short == [max(0, wcwidth.wcwidth(chr(each))) for each in range(0x20, 0x20000, 7)])
print(wcwidth.width("ab"), prompt_toolkit.VERSION[0], prompt_toolkit.PromptSession.__name__)
print(prompt_toolkit.completion.FuzzyCompleter.__name__, prompt_toolkit.formatted_text.HTML("<b>x</b>").value)
"""
    assert run(code) == ["True", "2", "3", "PromptSession", "FuzzyCompleter", "<b>x</b>"]


def test_vis_keys_are_made_once_they_are_wanted() -> None:
    code = """
from qwen_dual.frontends.tui.terminal.toolkit import import_toolkit
import_toolkit()
from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.key_binding.defaults import load_key_bindings
from prompt_toolkit.input import DummyInput
from prompt_toolkit.output import DummyOutput

with set_app(Application(input=DummyInput(), output=DummyOutput())) as _:
    from prompt_toolkit.application import get_app
    made = load_key_bindings()
    usual = len(made.bindings)
    print("prompt_toolkit.key_binding.bindings.vi" in sys.modules)
    get_app().editing_mode = EditingMode.VI
    from prompt_toolkit.key_binding.bindings.vi import load_vi_bindings, load_vi_search_bindings
    print(len(made.bindings) - usual == len(load_vi_bindings().bindings) + len(load_vi_search_bindings().bindings))
    get_app().editing_mode = EditingMode.EMACS
    print(len(made.bindings) == usual)
"""
    assert run(code) == ["False", "True", "True"]


def test_what_is_no_json_says_where_as_the_standard_library_does() -> None:
    code = r"""
from qwen_dual.cli.lean import import_msgspec
import_msgspec()
import orjson, sys
print("json" in sys.modules)
try:
    orjson.loads(b'{\n "a": x}')
except orjson.JSONDecodeError as error:
    print(error.lineno, error.colno, error.pos, error.msg.split()[0])
"""
    assert run(code) == ["False", "2", "7", "8", "unexpected"]


def test_an_address_is_connected_to_without_what_knows_networks() -> None:
    code = r"""
from qwen_dual.cli.lean import import_asyncio, import_msgspec
import_msgspec()
import_asyncio()
import anyio, socket, sys

async def main():
    for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6), ("localhost", socket.AF_INET)):
        with socket.create_server((host, 0), family=family) as server:
            async with await anyio.connect_tcp(host, server.getsockname()[1]) as stream:
                print(stream.extra(anyio.abc.SocketAttribute.remote_address)[0])

anyio.run(main)
print("ipaddress" in sys.modules)
"""
    assert run(code) == ["127.0.0.1", "::1", "127.0.0.1", "False"]
