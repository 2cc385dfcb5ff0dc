"""`qwen-dual web` as it is started: what it says, what it refuses, TLS, a restart, the browser it opens."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import ssl
import stat
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest

from qwen_dual.cli import web_command
from qwen_dual.cli.web_command import _reach
from qwen_dual.runtime.process import own_command
from qwen_dual.web.listening import CannotListen, listen, tls_context
from qwen_dual.web.static_files import PageMissing, read_page
from tests.support.certificates import make_certificate
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.web.support import SECONDS, enter, needs_page, served

if TYPE_CHECKING:
    from pathlib import Path


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said of a start that comes to nothing."""
    try:
        assert web_command.main(arguments) == 1
    except SystemExit as ended:
        assert ended.code == 2  # arguments that cannot be understood
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page that is built, however little there is of it."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    monkeypatch.setattr(web_command, "PAGE", folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), r"reached from other machines.*--certfile.*--behind-proxy"),
        (("--host", "192.0.2.1", "--behind-proxy"), r"192\.0\.2\.1 is no address of this machine"),
        (("--host", "name.invalid"), r"--host name\.invalid: .*name an address"),
        (("--port", "x"), r"'x' is no port"),
        (("--port", "65536"), r"'65536' is no port"),
        (("--certfile", "c"), r"belong together"),
        (("--certfile", "c", "--keyfile", "k"), r"--certfile c: there is no such file"),
        (("--behind-proxy", "http://a"), r"no origin of https"),
        (("--cwd", "/missing"), r"--cwd /missing: there is no such folder"),
        (("--root", "/missing"), r"--root /missing: there is no such folder"),
        (("--max-sessions", "0"), r"'0' is no number"),
        (("--prt", "1"), r"did you mean --port"),
        (("--", "no-such-program"), r"'no-such-program' is no program"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_that_says_what_to_do(
    page: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert re.search(says, refusal(capsys, *arguments))


def test_sessions_run_this_very_program_under_its_name_too() -> None:
    this = own_command()
    assert web_command._hosted([]) == this
    assert web_command._hosted(["qwen-dual", "--model", "m"]) == [*this, "--model", "m"]
    assert web_command._hosted(["qwen", "-y"]) == ["qwen", "-y"]


def test_a_page_that_is_not_built_is_named_with_the_command_that_builds_it(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (page / "index.html").unlink()
    assert "make page" in refusal(capsys)
    with pytest.raises(PageMissing):
        read_page(page)


def test_an_extra_that_is_missing_is_named_with_the_command_that_installs_it(
    page: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_command, "NEEDED", ("starlette", "no_such_library"))
    assert "(no_such_library): pip install 'qwen-dual[web]'" in refusal(capsys)


def test_a_port_in_use_is_named_and_without_one_the_next_is_taken() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} is in use"):
            listen("127.0.0.1", port)
    first, second = listen("127.0.0.1", None), listen("127.0.0.1", None)
    ports = [one.getsockname()[1] for one in (*first, *second)]
    for one in (*first, *second):
        one.close()
    assert ports[0] < ports[1]


def test_a_server_of_this_machine_answers_to_its_names_alone() -> None:
    asked = web_command._parser().parse_args(["--port", "0"])
    sockets, origins, local = _reach(asked, tls=False)
    for one in sockets:
        one.close()
    assert local
    assert origins.of(f"localhost:{origins.port}") == f"http://localhost:{origins.port}"
    assert origins.of(f"{socket.gethostname()}.example:{origins.port}") is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    return make_certificate(folder)


@needs_page
def test_with_a_certificate_it_speaks_tls_alone(
    tmp_path: Path, certificate: tuple[str, str]
) -> None:
    files = ("--certfile", certificate[0], "--keyfile", certificate[1])
    with served(tmp_path, "--host", "localhost", *files) as server:
        assert server.origin.startswith("https://localhost:")
        trusted = ssl.create_default_context(cafile=certificate[0])
        owner = enter(server.origin, server.token, tls=trusted)
        assert owner.cookie.startswith("__Host-qwen-dual-")
        assert owner.ask("GET", "/api/me").status_code == 200
        with owner.socket("/ws/sessions", ssl=trusted) as opened:
            assert '"sessions"' in opened.recv(timeout=SECONDS)
        plain = server.origin.replace("https", "http")
        with pytest.raises(httpx.HTTPError):
            httpx.get(plain, trust_env=False, timeout=SECONDS)
        link = owner.make_link("observe")
        assert link["url"].startswith(server.origin + "/#token=")


def test_files_that_are_no_certificate_and_key_are_named(
    tmp_path: Path, certificate: tuple[str, str]
) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    with pytest.raises(CannotListen, match="do not belong together"):
        tls_context(certificate[0], other[1])
    with pytest.raises(CannotListen, match="no certificate and key in PEM"):
        tls_context(certificate[1], certificate[1])


@needs_page
def test_behind_a_proxy_its_name_counts_and_what_it_forwards_does_not(tmp_path: Path) -> None:
    with served(tmp_path, "--behind-proxy", "https://qwen.example.org") as server:
        assert server.origin == "https://qwen.example.org"
        direct = f"http://127.0.0.1:{server.port}"
        headers = {"Host": "qwen.example.org", "Origin": server.origin, "X-Qwen-Dual": "1"}
        body = {"token": server.token}
        with httpx.Client(base_url=direct, trust_env=False, verify=False, timeout=SECONDS) as proxy:
            entered = proxy.post("/api/enter", json=body, headers=headers)
            assert entered.status_code == 200
            cookie = entered.headers["set-cookie"]
            assert (cookie.startswith("__Host-"), "secure" in cookie.lower()) == (True, True)
            forged = headers | {"Host": "evil.example", "X-Forwarded-Host": "qwen.example.org"}
            assert proxy.post("/api/enter", json=body, headers=forged).status_code == 421
            plain = headers | {"Origin": "http://qwen.example.org"}
            assert proxy.post("/api/enter", json=body, headers=plain).status_code == 403


@needs_page
def test_a_restart_with_resume_lets_in_who_was_in(tmp_path: Path) -> None:
    port = str(free_port())  # no connection takes it between two servers
    with served(tmp_path, "--port", port) as first:
        guest = first.enter(name="Ada")
        assert first.stop() == 0
    with served(tmp_path, "--port", port, "--resume") as second:
        assert guest.ask("GET", "/api/me").json()["name"] == "Ada"
        assert second.token != first.token
        assert second.stop() == 0
    with served(tmp_path, "--port", port) as third:
        assert guest.ask("GET", "/api/me").status_code == 401
        third.process.send_signal(signal.SIGINT)
        assert third.process.wait(SECONDS) == 0


@needs_page
def test_a_browser_is_told_the_link_where_no_other_user_reads_it_and_a_phone_is_shown_it(
    tmp_path: Path,
) -> None:
    programs, told, runtime = tmp_path / "bin", tmp_path / "told", tmp_path / "run"
    programs.mkdir()
    runtime.mkdir(mode=0o700)
    opener = programs / "xdg-open"
    quoted = shlex.quote(str(told))
    opener.write_text(
        "#!/bin/sh\n"
        f'{{ echo "$1"; stat -c %a "${{1#file://}}"; cat "${{1#file://}}"; }} >{quoted}.new\n'
        f"mv {quoted}.new {quoted}\n"
    )
    opener.chmod(0o755)
    env = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "DISPLAY": ":0",
        "SSH_CONNECTION": None,
        "WSL_DISTRO_NAME": None,
        "XDG_RUNTIME_DIR": str(runtime),
    }
    with served(tmp_path, "--open", "--qr", env=env) as server:
        wait_until(told.exists)
        address, mode, *content = told.read_text().splitlines()
        assert server.token not in address
        assert mode == "600"
        assert f"url={server.url}" in "".join(content)
        said = "".join(server.said)
        assert "\x1b[97;40m" in said  # in colours of its own
        assert "on this machine alone" in said
        assert server.stop() == 0
        assert not list((runtime / "qwen-dual").glob("open-*"))
        assert stat.S_IMODE((runtime / "qwen-dual").stat().st_mode) == 0o700


def test_help_and_refusals_load_no_server() -> None:
    code = (
        "import sys; from qwen_dual.cli.web_command import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print({'starlette', 'uvicorn', 'websockets', 'segno'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "set()"
