"""A workspace, a home with secrets, and the tools over them in a sandbox of each kind."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.confine import Sandbox
from qwen_dual.sandbox.policy import Backend, Filesystem, Network, SandboxPolicy, SandboxUnavailable
from qwen_dual.tools.toolset import Toolset, toolset
from tests.tools.support import call

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.tools.tool import ToolResult

BACKENDS: tuple[Backend, ...] = ("bwrap", "landlock")
SECRET = "s3cret-of-the-person"
GIT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.c",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.c",
}


@dataclass
class Place:
    """A folder with a repository in it, beside a home."""

    folder: Path
    made: list[Toolset] = field(default_factory=list)
    sandboxes: list[Sandbox] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workspace, self.home = self.folder / "work", self.folder / "home"
        self.workspace.mkdir()
        for name in (".ssh/id_rsa", ".aws/credentials", ".netrc", ".qwen/settings.json"):
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SECRET)
        (self.home / "tool").write_text("a tool of theirs")
        git(self.workspace, "init", "-q")
        (self.workspace / "a.txt").write_text("a")
        git(self.workspace, "add", "a.txt")
        git(self.workspace, "commit", "-qm", "first")

    def sandbox(
        self,
        backend: Backend,
        filesystem: Filesystem = "workspace-write",
        network: Network | None = None,
        **more: str,
    ) -> Sandbox:
        """One of this kind; skips the test where it cannot be had."""
        if network is None:
            network = "open" if backend == "landlock" else "closed"
        policy = SandboxPolicy(backend, filesystem, network)
        env = {**os.environ, "HOME": str(self.home), **more}
        sandbox = Sandbox(policy, os.path.realpath(self.workspace), env)
        self.sandboxes.append(sandbox)
        try:
            sandbox.prepare()
        except SandboxUnavailable as error:
            pytest.skip(str(error))
        return sandbox

    def tools(self, sandbox: Sandbox) -> Toolset:
        """The tools in it; closed with the test."""
        tools = toolset(self.workspace, os.environ, sandbox=sandbox)
        self.made.append(tools)
        return tools

    def run(self, sandbox: Sandbox, command: str) -> ToolResult:
        """What a command comes to."""
        tools = self.made[-1] if self.made else self.tools(sandbox)
        return call(tools, "run_shell_command", command=command)


def git(folder: Path, *arguments: str) -> None:
    """Runs git in a folder, outside."""
    env = {**os.environ, **GIT}
    subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True)
