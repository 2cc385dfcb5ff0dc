"""The MCP servers of a session: composed when the first of them is there, and not before."""

from __future__ import annotations

import logging
import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from msgspec.structs import replace

from qwen_dual.core.threads import in_thread
from qwen_dual.mcp.authorization import Authorizations
from qwen_dual.mcp.bounds import line
from qwen_dual.mcp.configured import BadConfig, read_servers, secrets_of
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.process import open_pipes, plain, send
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.tokens import TokenStore
from qwen_dual.mcp.transports import Transports
from qwen_dual.runtime.mcp_control import McpControl
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.settings import keys
from qwen_dual.tools.run_files import named_in

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.process import Start, Started
    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.tools import ServerTool
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.sandbox.confine import Sandbox

log = logging.getLogger(__name__)


def servers_of(launch: Launch, parts: Parts) -> Servers:
    """The servers of a session, made and begun where there are none yet.

    For whoever adds one; what there are without adding any is ``parts.servers``.
    """
    if parts.servers is None:
        parts.servers = _make(launch, parts)
        parts.mcp = McpControl(
            launch, parts, parts.servers, partial(_add_with_rules, launch, parts)
        )
        if parts.spawn is not None:
            parts.spawn(parts.servers.run)
            parts.spawn(parts.mcp.run)
    return parts.servers


def control_of(launch: Launch, parts: Parts) -> McpControl:
    """What steers the servers of a session, which are made where there are none yet."""
    servers_of(launch, parts)
    assert parts.mcp is not None
    return parts.mcp


async def load_servers(launch: Launch, parts: Parts) -> None:
    """Reads what is configured by now and makes the servers those; waits for none to be connected.

    At the start, and again when the folder is trusted, or no longer. Servers that a host brought stay.
    """
    session, spec = parts.session, launch.spec
    try:
        configured = await in_thread(
            partial(
                read_servers,
                launch.settings,
                launch.cwd,
                given=spec.mcp_config,
                strict=spec.strict_mcp_config or spec.bare,
                allowed=spec.allowed_mcp_servers,
            )
        )
    except BadConfig as error:
        session.notice(f"{error}; no MCP server is used", "warning")
        if parts.servers is not None and not launch.settings.trusted:
            await _end_what_needs_trust(launch, parts, parts.servers)
        return
    for problem in configured.problems:
        session.notice(problem, "warning")
    if not configured.servers and parts.servers is None:
        return
    servers = servers_of(launch, parts)
    assert parts.mcp is not None
    parts.mcp.configured = configured
    wanted = {
        name: config for name, config in configured.servers.items() if _may_run(config, launch)
    }
    configs = [servers.config(status.name) for status in servers.status()]
    async with anyio.create_task_group() as group:
        for config in configs:
            if config.source == "host":
                group.start_soon(_end_trust, launch, parts, servers, config)
            elif config.source != "sdk" and wanted.get(config.name) != config:
                group.start_soon(servers.remove, config.name)
    known = {status.name for status in servers.status()}
    for name, config in wanted.items():
        if name not in known:
            add_server(launch, parts, config)
    take_rules(launch, parts)


async def _end_what_needs_trust(launch: Launch, parts: Parts, servers: Servers) -> None:
    """Ends what runs only in a trusted folder, or unasked only there, when nothing can be read anew."""
    configs = [servers.config(status.name) for status in servers.status()]
    async with anyio.create_task_group() as group:
        for config in configs:
            if config.source == "host":
                group.start_soon(_end_trust, launch, parts, servers, config)
            elif not _may_run(config, launch) or (config.trust and config.source == "user"):
                group.start_soon(servers.remove, config.name)
    take_rules(launch, parts)


async def _end_trust(launch: Launch, parts: Parts, servers: Servers, config: ServerConfig) -> None:
    """Puts a server whose calls ran unasked in its own place, as one whose calls ask.

    A server is trusted only in a trusted folder. Its host, which nobody can read anew, may add it again.
    """
    if config.trust and not launch.settings.trusted:
        await servers.remove(config.name)
        add_server(launch, parts, replace(config, trust=False))


def add_server(launch: Launch, parts: Parts, config: ServerConfig) -> None:
    """Adds a server to a session, whose secrets nobody is shown.

    Raises:
        ValueError: there is one of that name.
    """
    # What a folder's own file says is no secret of the person's, and would stand in the place of
    # commands that are shown. Variables of theirs that it names are kept from sight anyway.
    if config.source != "project":
        for value, name in secrets_of(config):
            parts.session.bus.secrets.add(value, name)
    servers_of(launch, parts).add(config)


def _add_with_rules(launch: Launch, parts: Parts, config: ServerConfig) -> None:
    add_server(launch, parts, config)
    take_rules(launch, parts)


def take_rules(launch: Launch, parts: Parts) -> None:
    """Lets the calls of trusted servers run without asking, as a rule for all of one would."""
    servers = parts.servers
    if servers is None:
        return
    configs = [servers.config(status.name) for status in servers.status()]
    parts.tools.workspace.run_files["servers"] = frozenset().union(
        *(
            named_in([" ".join((it.command, *it.args))], os.path.join(launch.cwd, it.cwd))
            for it in configs
            if it.transport == "stdio"
        )
    )
    launch.server_rules = [f"mcp__{servers.part(each.name)}" for each in configs if each.trust]
    parts.session.tools.exchange((), ())  # has the rules read anew


def _may_run(config: ServerConfig, launch: Launch) -> bool:
    """Nothing that a folder brings runs in it before it is trusted, whoever has read it."""
    return config.source != "project" or launch.settings.trusted


def _make(launch: Launch, parts: Parts) -> Servers:
    session = parts.session

    def take(gone: Sequence[str], new: Sequence[ServerTool]) -> None:
        session.tools.exchange(gone, new)

    def start(config: ServerConfig) -> Start:
        return _confining(parts.sandbox) if config.sandbox and parts.sandbox is not None else plain

    def note(name: str, text: str) -> None:
        log.info("%s: %s", name, text)

    proxy = launch.settings.get(keys.PROXY_URL)
    authorizations = Authorizations(
        TokenStore(launch.home),
        proxy,
        lambda: launch.env,
        lambda value: launch.bus.secrets.add(value, "MCP token"),
    )
    transports = Transports(
        launch.cwd,
        lambda: launch.env,
        note,
        start=start,
        proxy=proxy,
        auth=authorizations.auth,
        sdk=parts.sdk,
    )
    servers = Servers(
        transports, take, roots=[Path(launch.cwd).as_uri()], authorizations=authorizations
    )
    servers.listen(_Told(session.notice))
    return servers


class _Told:
    """Tells once what a server comes to that was expected to work; the rest is for ``/mcp``.

    Args:
        notice: takes a text and its level.
    """

    def __init__(self, notice: Callable[[str, str], object]) -> None:
        self._notice = notice
        self._failed: set[str] = set()
        self._warned: dict[str, Sequence[str]] = {}

    def __call__(self, status: ServerStatus) -> None:
        """Takes what has changed."""
        name = line(status.name)
        if status.state in ("failed", "needs_auth"):
            if status.name not in self._failed:
                self._failed.add(status.name)
                why = status.error.rstrip(".")
                hint = f"/mcp auth {name}" if status.state == "needs_auth" else "/mcp shows more"
                self._notice(f"The MCP server {name} is not connected: {why}. {hint}.", "warning")
        elif status.state == "connected":
            if status.warnings and self._warned.get(status.name) != status.warnings:
                self._warned[status.name] = status.warnings
                more = len(status.warnings) - 1
                told = f", and {more} more (/mcp)" if more else ""
                self._notice(f"The MCP server {name}: {status.warnings[0]}{told}", "warning")
            self._failed.discard(status.name)


class _Confined:
    """A server's program in the sandbox of the session's commands."""

    popen: subprocess.Popen[bytes]

    def __init__(
        self, sandbox: Sandbox, argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> None:
        try:
            confinement = sandbox.confine(argv, cwd, env, has_input=True)
        except SandboxUnavailable as error:
            raise ServerFailure(
                f"it is to run in the sandbox, which cannot be had: {error}"
            ) from error
        try:
            self.popen = confinement.start(
                lambda: open_pipes(confinement.argv, cwd, confinement.env, confinement.descriptors)
            )
        except BaseException:
            confinement.close()
            raise
        self._namespace = confinement.namespace()

    def kill(self) -> None:
        """Ends all of it at once."""
        if self._namespace is not None:
            self._namespace.send(signal.SIGKILL)
            self._namespace.close()
        send(self.popen.pid, signal.SIGKILL)


def _confining(sandbox: Sandbox) -> Start:
    def start(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> Started:
        return _Confined(sandbox, argv, cwd, env)

    return start
