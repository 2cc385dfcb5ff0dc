"""Two sessions in one process: nothing of one's folder, environment, keys, way out or log is the other's."""

from __future__ import annotations

import json
import logging
import os
import threading
import warnings
from contextlib import AsyncExitStack
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Self

import anyio

from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.models.server import serve
from tests.runtime.support import Log
from tests.support.services import answer, calling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    import pytest

    from qwen_dual.runtime.opened import OpenSession
    from tests.models.server import Reply, Server

SERVICE = "http://models.example/v1"
"""Nobody's; only a proxy leads to it."""


class Side:
    """A person with a home, a project and a service of their own.

    Attributes:
        log: every event of the session.
        key: of the service; it stands in the environment.
        server: the service, as the proxy that leads to it.
    """

    def __init__(self, top: Path, name: str) -> None:
        self.name = name
        self.top, self.work = top / name, top / name / "work"
        self.work.mkdir(parents=True)
        self.log = Log()
        self.key = f"sk-of-{name}-0123456789"
        self.server: Server | None = None
        self.session: OpenSession | None = None

    @property
    def home(self) -> Path:
        return self.top / ".qwen"

    def settings(self, values: Mapping[str, Any]) -> None:
        self.home.mkdir(exist_ok=True)
        (self.home / "settings.json").write_text(json.dumps(values))

    def spec(self, **more: Any) -> SessionSpec:
        assert self.server is not None
        env = {
            "HOME": str(self.top),
            "PATH": os.environ["PATH"],
            "SIDE": self.name,
            "OPENAI_API_KEY": self.key,
            "OPENAI_BASE_URL": SERVICE,
            "OPENAI_MODEL": f"model-of-{self.name}",
            "HTTP_PROXY": self.server.url,
        }
        return SessionSpec(cwd=str(self.work), env=env, approval_mode="yolo", **more)

    def open(self, factory: SessionFactory, **more: Any) -> OpenSession:
        self.session = factory.open(self.spec(**more), [self.log])
        return self.session

    async def ask(self, text: str = "go") -> dict[str, Any]:
        """The result of a prompt."""
        assert self.session is not None
        before = len(self.log.of("result"))
        self.session.submit(text, CLI)
        result = (await self.log.results(before + 1))[-1]
        return dict(result)

    def outputs(self) -> str:
        """What its tools have said."""
        blocks = [
            block
            for event in self.log.of("user")
            for block in event["message"]["content"]
            if isinstance(block, dict) and block["type"] == "tool_result"
        ]
        return "\n".join(str(block["content"]) for block in blocks)


class Both:
    """Two sides whose services answer from a script."""

    def __init__(self, top: Path, *script: Reply) -> None:
        self.one, self.other = Side(top, "one"), Side(top, "other")
        self._script = script
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for side in (self.one, self.other):
            side.server = await self._stack.enter_async_context(serve(*self._script))
        self.factory = SessionFactory()
        self.group = await self._stack.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for side in (self.one, self.other):
            if side.session is not None:
                side.session.request_close()
                await side.session.aclose()
        await self._stack.__aexit__(kind, error, trace)

    def begin(self, **more: Any) -> None:
        for side in (self.one, self.other):
            session = side.open(self.factory, **more)
            self.group.start_soon(session.run)
            session.attach()


def run_command(command: str) -> tuple[Reply, Reply]:
    return calling("run_shell_command", {"command": command}), answer("done")


def test_commands_get_the_folder_and_the_environment_of_their_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_PROCESS", "seen")
    before = dict(os.environ)

    async def main() -> None:
        async with Both(tmp_path, *run_command("pwd; env; cd ~ && pwd")) as both:
            both.begin()
            for side in (both.one, both.other):
                await side.ask()
            for side, else_ in ((both.one, both.other), (both.other, both.one)):
                said = side.outputs()
                assert side.session is not None and else_.session is not None
                assert said.splitlines()[0] == str(side.work)
                assert said.splitlines()[-1] == str(side.top)
                assert f"SIDE={side.name}\n" in said
                assert f"QWEN_CODE_SESSION_ID={side.session.id}\n" in said
                for foreign in (else_.name, else_.key, else_.session.id, "OF_THE_PROCESS"):
                    assert foreign not in said
                assert side.key not in said and "OPENAI_API_KEY" not in said

    anyio.run(main)
    assert dict(os.environ) == before


def test_models_are_called_with_their_own_key_through_their_own_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def main() -> None:
        async with Both(tmp_path, answer("hello")) as both:
            both.begin()
            results = [await side.ask() for side in (both.one, both.other)]
            assert [result["result"] for result in results] == ["hello", "hello"]
            for side in (both.one, both.other):
                assert side.server is not None
                (request,) = side.server.requests
                assert request.target == f"{SERVICE}/chat/completions"
                assert request.headers["authorization"] == f"Bearer {side.key}"
                assert request.json["model"] == f"model-of-{side.name}"

    anyio.run(main)


def test_what_a_projects_env_file_adds_stays_in_its_session(tmp_path: Path) -> None:
    before = dict(os.environ)

    async def main() -> None:
        async with Both(
            tmp_path, *run_command("echo [$ADDED]"), *run_command("echo [$ADDED]")
        ) as both:
            (both.one.work / ".env").write_text("ADDED=by the project\n")
            both.begin()
            for side in (both.one, both.other):
                await side.ask()
            assert [side.outputs() for side in (both.one, both.other)] == ["[]", "[]"]
            # Nobody trusted it until now.
            await both.one.ask("/trust session")
            for side in (both.one, both.other):
                await side.ask()
            assert both.one.outputs().splitlines() == ["[]", "[by the project]"]
            assert both.other.outputs().splitlines() == ["[]", "[]"]
            await both.one.ask("/trust no")
            assert both.one.session is not None
            assert "ADDED" not in both.one.session.launch.workspace.env

    anyio.run(main)
    assert dict(os.environ) == before


def test_a_tilde_is_the_home_of_the_session(tmp_path: Path) -> None:
    read = calling("read_file", {"file_path": "~/note.txt"}), answer("done")

    async def main() -> None:
        async with Both(tmp_path, *read) as both:
            for side in (both.one, both.other):
                (side.top / "note.txt").write_text(f"of {side.name}")
            both.begin()
            for side in (both.one, both.other):
                await side.ask()
                assert f"of {side.name}" in side.outputs()
                assert list(side.home.glob("projects/*/chats/*.jsonl"))

    anyio.run(main)


def test_each_session_has_a_log_which_ends_with_it(tmp_path: Path) -> None:
    root = logging.getLogger()
    handlers, level, shown = list(root.handlers), root.level, warnings.showwarning
    log = logging.getLogger("qwen_dual.test")
    paths: dict[str, Path] = {}

    async def main() -> None:
        async with Both(tmp_path, answer("hello")) as both:
            both.begin()
            for side in (both.one, both.other):
                assert side.session is not None

                def observer(event: object, side: Side = side) -> None:
                    log.warning(
                        "%s was asked with %s and %s", side.name, both.one.key, both.other.key
                    )
                    work = copy_context().run
                    thread = threading.Thread(
                        target=work, args=(log.error, f"thread of {side.name}")
                    )
                    thread.start()
                    thread.join()

                side.session.subscribe(observer)
                await side.ask()
                paths[side.name] = side.home / "debug" / f"{side.session.id}.txt"
            log.warning("nobody's, with %s and %s", both.one.key, both.other.key)
            log.debug("not worth a line")
            assert both.one.session is not None
            await both.one.session.aclose()
            assert str(paths["one"]) not in open_files()
            assert str(paths["other"]) in open_files()

    anyio.run(main)
    for name, other in (("one", "other"), ("other", "one")):
        text = paths[name].read_text()
        assert f"{name} was asked" in text and f"thread of {name}" in text
        assert f"{other} was asked" not in text and f"thread of {other}" not in text
        assert "nobody's" not in text
        # Its own key is nothing for its log; of another's it knows nothing.
        assert f"sk-of-{name}" not in text
    assert (list(root.handlers), root.level, warnings.showwarning) == (handlers, level, shown)
    assert not any(path.startswith(str(tmp_path)) for path in open_files())


def open_files() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue
    return found
