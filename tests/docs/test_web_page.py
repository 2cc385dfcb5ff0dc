"""What the page on the browser shows runs: its proxies before a real server, its flags in the program."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.web_command import _parser
from qwen_dual.protocol import HOST_RIGHTS
from tests.support.certificates import make_certificate
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.web.support import SECONDS, enter, needs_page, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PAGE = (Path(__file__).parents[2] / "docs" / "web.md").read_text()
NAME = "qwen.example.org"


def block(kind: str) -> str:
    [code] = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


@contextmanager
def running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """A proxy that answers at a port, until the end of the block."""
    log, env = folder / "log", os.environ | {"HOME": str(folder)}
    with (
        log.open("wb") as said,
        subprocess.Popen(command, cwd=folder, env=env, stdout=said, stderr=said)
        as process,
    ):  # fmt: skip
        try:

            def answers() -> bool:
                assert process.poll() is None, log.read_text()
                with closing(socket.socket()) as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            wait_until(answers)
            yield
        finally:
            process.terminate()


def nginx(folder: Path, port: int, upstream: int, certificate: str, key: str) -> list[str]:
    code = block("nginx").replace("listen 443", f"listen 127.0.0.1:{port}")
    code = code.replace("/etc/ssl/certs/qwen.pem", certificate)
    code = code.replace("/etc/ssl/private/qwen.key", key).replace(":8421", f":{upstream}")
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{code.replace(NAME, 'localhost')}}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, upstream: int, certificate: str, key: str) -> list[str]:
    code = block("caddy").replace(f"{NAME} {{", f"localhost:{port} {{\n\ttls {certificate} {key}")
    (folder / "Caddyfile").write_text(
        "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + code.replace("8421", str(upstream))
    )
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@needs_page
@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_the_recipe_of_a_proxy_leads_to_the_page_and_its_sockets(
    proxy: Callable[[Path, int, int, str, str], list[str]], tmp_path: Path
) -> None:
    program = proxy.__name__
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    certificate, key = make_certificate(tmp_path)
    port = free_port()
    origin = f"https://localhost:{port}"
    trusted = ssl.create_default_context(cafile=certificate)
    with (
        served(tmp_path, "--behind-proxy", origin) as server,
        running(proxy(tmp_path, port, server.port, certificate, key), port, tmp_path),
    ):
        assert server.origin == origin
        owner = enter(origin, server.token, tls=trusted)
        assert owner.ask("GET", "/api/me").status_code == 200
        with owner.socket("/ws/sessions", ssl=trusted) as opened:
            assert '"sessions"' in opened.recv(timeout=SECONDS)


def test_the_page_names_every_option_and_none_that_there_is_not() -> None:
    options = {
        flag for action in _parser()._actions for flag in action.option_strings if flag != "--help"
    }
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) - {
        *("--model", "--socket", "--bg", "--no-chat-recording"),  # of programs
    }
    assert shown == options - {"-h"}


def test_the_page_explains_each_right() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(HOST_RIGHTS)
