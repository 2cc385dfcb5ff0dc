"""Which files are delicate to write, and which rules name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.fs.guarded import guard_of, guard_of_what_is_there, spells

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "guard"),
    [
        ("/w/.git/hooks/pre-commit", ".git"),
        ("/w/sub/.git", ".git"),
        ("/w/.GIT/config", ".git"),
        ("/w/.gitattributes", ".gitattributes"),
        ("/w/.gitmodules", ".gitmodules"),
        ("/w/.qwen/settings.json", ".qwen"),
        ("/w/.qwen/commands/x.md", ".qwen"),
        ("/w/.claude/settings.json", ".claude"),
        ("/w/a/.vscode/tasks.json", ".vscode"),
        ("/w/x.code-workspace", "x.code-workspace"),
        ("/w/.github/workflows/ci.yml", ".github/workflows"),
        ("/w/.cargo/config.toml", ".cargo/config.toml"),
        ("/w/.github/actions/x/action.yml", ".github/actions"),
        ("/w/.helix/languages.toml", ".helix"),
        ("/w/.nvim.lua", ".nvim.lua"),
        ("/w/src/.qwenignore", ".qwenignore"),
        ("/w/opencode.json", "opencode.json"),
        ("/w/.kilocode/mcp.json", ".kilocode"),
        ("/w/.lefthook-local.yaml", ".lefthook-local.yaml"),
        ("/w/.devcontainer.json", ".devcontainer.json"),
        ("/w/gradle/wrapper/gradle-wrapper.properties", "gradle/wrapper"),
        ("/w/.zshrc", ".zshrc"),
        ("/w/.tool-versions", ".tool-versions"),
        ("/w/a/mise.toml", "mise.toml"),
        ("/w/rust-toolchain.toml", "rust-toolchain.toml"),
        ("/w/.yarn/releases/yarn-4.cjs", ".yarn/releases"),
        ("/w/.yarn/cache/x.zip", ""),
        ("/w/.gitlab-ci.yml", ".gitlab-ci.yml"),
        ("/w/.circleci/config.yml", ".circleci"),
        ("/w/Jenkinsfile", "jenkinsfile"),
        ("/w/.hg/hgrc", ".hg"),
        ("/w/.windsurf/hooks.json", ".windsurf"),
        ("/w/.npmrc", ".npmrc"),
        ("/w/.env", ".env"),
        ("/w/x/HEAD", "HEAD"),
        ("/w/.github/x", ""),
        ("/w/.gitignore", ""),
        ("/w/.gitkeep", ""),
        ("/w/settings.json", ""),
        ("/w/config", ""),
        ("/w/src/head", ""),
        ("/w/.env.example", ""),
        ("/w/Makefile", ""),
        ("/home/me/.ssh/config", ".ssh"),
        ("/home/me/.anything", ".anything"),
        ("/home/me/work/.anything", ""),
        ("/home/me/work", ""),
        ("/home/me", ""),
        ("/", ""),
    ],
)
def test_what_decides_what_runs_is_guarded(path: str, guard: str) -> None:
    assert guard_of(path, "/home/me", "/w") == guard


@pytest.mark.parametrize(
    ("root", "path", "guard"),
    [
        ("/home/me/.dotfiles", "/home/me/.dotfiles/vim/x.vim", ""),
        ("/home/me/.dotfiles", "/home/me/.dotfiles/.bashrc", ".bashrc"),
        ("/home/me/.dotfiles/a", "/home/me/.dotfiles/b", ""),
        ("/home/me/.config/nvim", "/home/me/.config/nvim/init.lua", ".config"),
        ("/home/me", "/home/me/.dotfiles/x", ".dotfiles"),
    ],
)
def test_a_workspace_in_a_hidden_folder_of_the_home_can_be_worked_in(
    root: str, path: str, guard: str
) -> None:
    assert guard_of(path, "/home/me", root) == guard


@pytest.mark.parametrize(
    ("pattern", "guard", "named"),
    [
        (".git/config", ".git", True),
        ("**/.git/**", ".git", True),
        ("/w/.GIT/x", ".git", True),
        (".git*", ".git", False),
        (".github/**", ".git", False),
        ("**", ".git", False),
        (".github/workflows/*.yml", ".github/workflows", True),
        (".github/**", ".github/workflows", False),
        ("x/HEAD", "HEAD", True),
        ("x/**", "HEAD", False),
        ("**", "", True),
    ],
)
def test_a_rule_has_to_spell_the_guard_out(pattern: str, guard: str, named: bool) -> None:
    assert spells(pattern, guard) is named


def test_a_program_that_is_found_by_its_name_is_guarded(tmp_path: Path) -> None:
    programs, package = tmp_path / "tools", tmp_path / "package"
    for folder in (programs, package, tmp_path / "node_modules" / ".bin", tmp_path / "v" / "bin"):
        folder.mkdir(parents=True)
        (folder / "run").write_text("#!/bin/sh\n")
        (folder / "run").chmod(0o755)
    (programs / "text").write_text("x")
    (programs / "named").symlink_to(package / "run")
    (tmp_path / "v" / "pyvenv.cfg").touch()
    there = str(tmp_path)

    def guard(name: str, path: str = "/usr/bin") -> str:
        return guard_of_what_is_there(str(tmp_path / name), path, there)

    assert guard("tools/run") == ""
    assert guard("tools/run", f"/usr/bin:{programs}") == "run"
    assert guard("package/run", f"/usr/bin:{programs}") == "run"
    assert guard("tools/text", str(programs)) == guard("tools/new", str(programs)) == ""
    assert guard("node_modules/.bin/run") == guard("v/bin/run") == "run"


def test_what_a_virtual_environment_has_installed_is_guarded(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    packages = f"{tmp_path}/.venv/lib/python3.12/site-packages"

    def guard(path: str) -> str:
        return guard_of(path, "/", str(tmp_path))

    assert guard(f"{packages}/x.pth") == guard(f"{packages}/qwen_dual/tools/pdf.py") == ".venv"
    assert guard(f"{tmp_path}/.venv/pyvenv.cfg") == "pyvenv.cfg"
    assert guard(f"{tmp_path}/.venv/src/x.py") == ""  # a project may lie in one
    assert guard(f"{tmp_path}/lib/python3.12/x.py") == ""


def test_a_file_of_several_names_is_guarded(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    assert guard_of_what_is_there(str(tmp_path / "f"), "", str(tmp_path)) == ""
    (tmp_path / "other").hardlink_to(tmp_path / "f")
    assert guard_of_what_is_there(str(tmp_path / "f"), "", str(tmp_path)) == "f"
