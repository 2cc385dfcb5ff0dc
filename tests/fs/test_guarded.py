"""Which files are delicate to write, and which rules name them."""

from __future__ import annotations

import pytest

from qwen_dual.fs.guarded import guard_of, spells


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
        ("/w/.zshrc", ".zshrc"),
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
