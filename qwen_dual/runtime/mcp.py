"""The MCP servers of a session: composed when the first of them is there, and not before."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.process import open_pipes, plain, send
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.transports import Transports
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.settings import keys

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.process import Start, Started
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
        if parts.spawn is not None:
            parts.spawn(parts.servers.run)
    return parts.servers


def _make(launch: Launch, parts: Parts) -> Servers:
    session = parts.session

    def take(gone: Sequence[str], new: Sequence[ServerTool]) -> None:
        session.tools.exchange(gone, new)

    def start(config: ServerConfig) -> Start:
        return _confining(parts.sandbox) if config.sandbox and parts.sandbox is not None else plain

    def note(name: str, text: str) -> None:
        log.info("%s: %s", name, text)

    transports = Transports(
        launch.cwd,
        lambda: launch.env,
        note,
        start=start,
        proxy=launch.settings.get(keys.PROXY_URL),
    )
    return Servers(transports, take, roots=[Path(launch.cwd).as_uri()])


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
