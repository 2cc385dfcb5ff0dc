"""A workspace that means harm, the lines of ``lines/``, and what became of a line that was run.

Everything in it that can be run leaves a mark outside, and what must not be read lies outside.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.tools.toolset import Toolset, toolset
from tests.support.contexts import context
from tests.support.declared import policy_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.core.permissions.policy import Policy
    from qwen_dual.core.tools.tool import Call, Tool

LINES = Path(__file__).parent / "lines"
SECRET = "correct-horse-battery-staple"
_MARKS = str.maketrans({"⏎": "\n", "␍": "\r", "⇥": "\t"})
_PROGRAMS = (
    "pwn CMD ls git nice env time timeout cat grep find sort rg tar sed npm xargs echo head less sh"
)
_ODD_NAMES = (
    "--output=made",
    "--checkpoint=1",
    "--checkpoint-action=exec=./pwn",
    "--checkpoint-action=exec=sh pwn",
    "--pre=./pwn",
    "--compress-program=./pwn",
    "--to-command=./pwn",
    "--script-shell=./pwn",
    "--include=x.py",
    "-exec",
    "-delete",
    "-omade",
    "-i",
    "-I.",
    "-n",
    "$(.pwn)",
    "`.pwn`",
    "a;.pwn",
    "a\n.pwn",
    "e ./pwn",
    ";",
    "{}",
)


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under the same rules.

    Attributes:
        rules: those that allow.
        lines: command lines, as they would be run.
    """

    rules: tuple[str, ...]
    lines: tuple[str, ...]


def sections(name: str) -> list[Section]:
    """The sections of a file in ``lines``: ``## RULE;RULE`` or ``## -`` and its lines."""
    found: list[Section] = []
    for text in (LINES / name).read_text().splitlines():
        if text.startswith("## "):
            rules = tuple(rule for rule in text[3:].split(";") if rule != "-")
            found.append(Section(rules, ()))
        elif text and (found or not text.startswith("#")):
            last = found[-1]
            found[-1] = Section(last.rules, (*last.lines, text.translate(_MARKS)))
    return found


class Workspace:
    """A folder full of traps.

    Args:
        base: an empty folder for it and what lies around it.
        hostile_git: whether the repository's own configuration is one of the traps.

    Attributes:
        root: the folder.
        mark: the file that whatever gets run makes.
    """

    def __init__(self, base: Path, *, hostile_git: bool) -> None:
        self.root = base / "w"
        self.outside = base / "outside"
        self.mark = base / "MARK"
        self.home = base / "home"
        for folder in (self.root, self.outside, self.home):
            folder.mkdir(parents=True)
        (base / "secret").write_text(SECRET)
        (self.outside / "SECRET").write_text(SECRET)
        self._make_files()
        self._make_git(hostile=hostile_git)
        self._before = self._tree()

    def line(self, text: str) -> str:
        """A line of the lists with the names of here in it."""
        secret = str(self.outside)
        return (text.replace("SECRETDIR", secret).replace("SECRET", secret + "/SECRET")).replace(
            "CMD", "./pwn"
        )

    def harm(self, output: str) -> str:
        """What a run did that it must not; empty for nothing. The folder is as before then."""
        if self.mark.exists():
            self.mark.unlink()
            return "something of the folder was run"
        if SECRET in output:
            return "a file outside was read"
        after = self._tree()
        if after != self._before:
            changed = {name for name, _ in after ^ self._before}
            self._before = after
            return f"files were changed: {sorted(changed)}"
        return ""

    def _tree(self) -> frozenset[tuple[str, str]]:
        found = set()
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                told = f"{status.st_mode} {status.st_size} {status.st_mtime_ns}"
                found.add((path.removeprefix(f"{self.root}/"), told))
        return frozenset(found)

    def _trap(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n# touch CMD x\n: > {self.mark}\ncat\n")
        path.chmod(0o755)

    def _make_files(self) -> None:
        root = self.root
        for name in _PROGRAMS.split():
            self._trap(root / name)
            self._trap(root / "bin" / name)
        for name in _ODD_NAMES:
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text("x\n")
        (root / "fine.sh").write_text("#!/bin/sh\necho fine\n")
        (root / "fine.sh").chmod(0o755)
        (root / "fine.py").write_text("print('fine')\n")
        self._trap(root / "bin" / "fine.sh")
        (root / "bin" / "fine.py").write_text(f"open({str(self.mark)!r}, 'w')\n")
        (root / "gone").mkdir()
        (root / "gone" / "SECRET").write_text("nothing\n")
        (root / "src").mkdir()
        (root / "src" / "a.py").write_text("def main():\n    touch = 'x'\n")
        (root / "link").symlink_to(root / "src")
        (root / "out").symlink_to(self.outside)
        (root / "secret").symlink_to(self.outside / "SECRET")
        (root / "src" / "secret.py").symlink_to(self.outside / "SECRET")
        run = f": > {self.mark}"
        for name, text in {
            "evil.py": f"import os\nos.system('{run}')\n",
            "evil.js": f"require('child_process').execSync('{run}')\n",
            "evil.sed": f"1e {run}\n",
            "evil.mk": f"x := $(shell {run})\nall:\n\t{run}\n",
            "evil.jq": "env\n",
            "evil.1": ".TH x\n",
            "Makefile": f"x := $(shell {run})\n",
            "rgrc": "--pre=./pwn\n",
            "opts": f"--pre=./pwn {self.outside}/SECRET\n",
            "x.json": '{"a": 1}\n',
            "sums": f"x  {self.outside}/SECRET\n",
            "x.c": "int main;\n",
            ".npmrc": "script-shell=./pwn\nnode-options=--require ./evil.js\n",
            "package.json": '{"name": "x", "scripts": {"test": "echo tested", "evil": "./pwn"}}\n',
            "rust-toolchain.toml": '[toolchain]\npath = "."\n',
            "go.mod": "module x\n\ntoolchain evil\n",
            ".gitattributes": "* filter=x diff=x merge=x\n",
            ".mailmap": "x <x@x>\n",
        }.items():
            (root / name).write_text(text)
        with tarfile.open(root / "a.tar", "w") as archive:
            archive.add(root / "x.json", "made")

    def _make_git(self, *, hostile: bool) -> None:
        def git(*words: str) -> None:
            subprocess.run(
                ["git", "-c", "user.name=x", "-c", "user.email=x@x", *words],
                cwd=self.root,
                check=True,
                capture_output=True,
                env={"PATH": os.defpath + ":/usr/bin", "HOME": str(self.home)},
            )

        git("init", "-q", "-b", "main")
        git("add", "-A")
        git("commit", "-q", "-m", "x")
        git("tag", "v1")
        # A file that looks changed, so that filters would have to look at it.
        (self.root / "x.c").write_text("int main2;\n")
        git("config", "remote.origin.url", "ext::./pwn")
        # A folder that the repository has a file in, and that leads out now.
        (self.root / "gone" / "SECRET").unlink()
        (self.root / "gone").rmdir()
        (self.root / "gone").symlink_to(self.outside)
        bare = self.root / "bare"
        git("init", "-q", "--bare", str(bare))
        git("init", "-q", str(self.root / "sub"))
        for config in (bare / "config", self.root / "sub" / ".git" / "config"):
            with open(config, "a", encoding="utf-8") as file:
                file.write(self._hostile_config())
        for hooks in (bare / "hooks", self.root / "sub" / ".git" / "hooks"):
            for hook in ("pre-receive", "post-checkout", "pre-commit", "post-index-change"):
                self._trap(hooks / hook)
        if hostile:
            with open(self.root / ".git" / "config", "a", encoding="utf-8") as file:
                file.write(self._hostile_config())
            for hook in ("pre-commit", "post-checkout", "post-index-change", "fsmonitor-watchman"):
                self._trap(self.root / ".git" / "hooks" / hook)

    def _hostile_config(self) -> str:
        trap = str(self.root / "pwn")
        return f"""
[core]
\tfsmonitor = {trap}
\tpager = {trap}
\teditor = {trap}
\tsshCommand = {trap}
\taskPass = {trap}
\talternateRefsCommand = {trap}
[diff]
\texternal = {trap}
[diff "x"]
\ttextconv = {trap}
\tcommand = {trap}
[filter "x"]
\tclean = {trap}
\tsmudge = {trap}
\tprocess = {trap}
\trequired = true
[merge "x"]
\tdriver = {trap}
[pager]
\tlog = {trap}
\tstatus = {trap}
[alias]
\tst = !{trap}
\tevil = !{trap}
\tx = !{trap}
[gpg]
\tprogram = {trap}
[log]
\tshowSignature = true
[pretty]
\tevil = %G?
[interactive]
\tdiffFilter = {trap}
[credential]
\thelper = {trap}
[remote "origin"]
\tuploadpack = {trap}
\treceivepack = {trap}
"""


class Judge:
    """Asks the policy about lines in a workspace, and runs them as a session would.

    Args:
        workspace: where.
        trusted: whether the person trusts the folder.
        home: where the real home would be.
    """

    def __init__(self, root: Path, *, trusted: bool) -> None:
        self._tools: Toolset = toolset(root, os.environ, shell_timeout_ms=5_000)
        self._tools.trust(trusted)
        self.tool: Tool = next(t for t in self._tools.tools if t.name == "run_shell_command")

    def allows(self, policy: Policy, line: str) -> Call | None:
        """The call of ``line`` where nobody would be asked; None too where it is refused."""
        try:
            call = self.tool.prepare({"command": line})
        except InvalidArguments:
            return None
        return call if policy.judge(self.tool, call).action == "allow" else None

    def run(self, call: Call) -> str:
        """What it prints."""

        async def main() -> str:
            return (await call.run(context())).text

        return anyio.run(main)

    def close(self) -> None:
        """Ends what was started."""
        self._tools.close()


def policies(found: list[Section]) -> Iterator[tuple[Policy, Section]]:
    """Each section with a policy of its rules, as if they were given for this folder: the widest."""
    for section in found:
        policy = policy_of("default")
        policy.set_rules(here=section.rules)
        yield policy, section
