"""The client scenarios of the MCP project's own conformance tests, all of them; ``.ci/run`` installs them.

One process of the package runs all side by side, once for all workers, and each test looks at what it
said of one scenario.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.mcp.conformance import GaveUp, play
from tests.sdks.test_typescript import MODULES, node

if TYPE_CHECKING:
    from anyio.abc import SocketStream

PACKAGE = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
COMMAND = Path(__file__).with_name("conformance_command.py")
SECONDS = 60

SCENARIOS = (
    "initialize",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
    "auth/metadata-default",
    "auth/metadata-var1",
    "auth/metadata-var2",
    "auth/metadata-var3",
    "auth/basic-cimd",
    "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported",
    "auth/scope-omitted-when-undefined",
    "auth/scope-step-up",
    "auth/scope-retry-limit",
    "auth/token-endpoint-auth-basic",
    "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none",
    "auth/pre-registration",
    "auth/2025-03-26-oauth-metadata-backcompat",
    "auth/2025-03-26-oauth-endpoint-fallback",
    "auth/resource-mismatch",
    "auth/offline-access-scope",
    "auth/offline-access-not-supported",
    "auth/client-credentials-jwt",
    "auth/client-credentials-basic",
    "auth/cross-app-access-complete-flow",
)
GIVEN_UP = {
    "auth/scope-retry-limit": "the server asks for signing in again and again",
    "auth/resource-mismatch": "does not match expected",
}
"""What a person cannot bring to an end, since the server of the scenario is not to be trusted."""

LATE = "client-sse-retry-timing"
"""Is 200 ms late on a machine with much else to do, which the standard does not forbid; early it is never."""

pytestmark = [
    pytest.mark.skipif(
        not PACKAGE.exists() or node() is None,
        reason="the npm package @modelcontextprotocol/conformance or Node 22 is missing; "
        "`.ci/run` installs them",
    ),
    pytest.mark.timeout(3 * SECONDS),
]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Any]:
    """What was said of each scenario, and how our client ended."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "conformance"
    folder.mkdir(exist_ok=True)
    kept = folder / "results.json"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(anyio.run(_run, folder)))
    return json.loads(kept.read_text())  # type: ignore[no-any-return]


async def _run(folder: Path) -> dict[str, Any]:
    """Runs the package; this process plays the client of every scenario."""
    socket, out = folder / "s", folder / "out"
    endings: dict[str, str] = {}

    async def serve(stream: SocketStream) -> None:
        async with stream:
            asked = b""
            while not asked.endswith(b"\n"):
                asked += await stream.receive()
            given = json.loads(asked)
            home = folder / "home" / given["scenario"]
            home.mkdir(parents=True)
            try:
                with anyio.fail_after(SECONDS):
                    await play(given["url"], given["scenario"], given["context"], str(home))
            except (GaveUp, TimeoutError) as error:
                endings[given["scenario"]] = str(error) or "it did not end"
                await stream.send(endings[given["scenario"]].encode())
            else:
                endings[given["scenario"]] = ""

    program = node()
    assert program is not None
    listener = await anyio.create_unix_listener(socket)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        command = f"{sys.executable} -S -E {COMMAND} {socket}"
        env = {**os.environ, "PATH": f"{Path(program).parent}:{os.environ['PATH']}"}
        options = ["--suite", "all", "--command", command, "--timeout", str(1000 * SECONDS)]
        argv = [program, str(PACKAGE), "client", *options, "--output-dir", str(out)]
        ran = await anyio.run_process(argv, check=False, cwd=folder, env=env)
        group.cancel_scope.cancel()
    return {"said": ran.stdout.decode(), "endings": endings, "checks": _checks(out)}


def _checks(out: Path) -> dict[str, Any]:
    """What was checked in each scenario; its folder is named by it and the time."""
    found = {}
    for path in out.rglob("checks.json"):
        name = re.sub(r"-20[0-9TZ-]+$", "", str(path.parent.relative_to(out)))
        found[name] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_passes(scenario: str, results: dict[str, Any]) -> None:
    checks, ending = results["checks"][scenario], results["endings"][scenario]
    failed = [
        check
        for check in checks
        if check["status"] in ("FAILURE", "WARNING")
        and not (check["id"] == LATE and not check["details"]["tooEarly"])
    ]
    assert not failed, ending
    assert any(check["status"] == "SUCCESS" for check in checks)
    assert GIVEN_UP.get(scenario, "") in ending
    assert bool(ending) == (scenario in GIVEN_UP)


def test_there_are_no_other_scenarios(results: dict[str, Any]) -> None:
    assert sorted(results["checks"]) == sorted(SCENARIOS)
