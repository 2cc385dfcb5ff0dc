"""The environment: which .env is found, what wins, and what a project's may not set."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.settings.folders import Folders


def test_shell_beats_dotenv_beats_settings(folders: Folders) -> None:
    (folders.home / ".env").write_text("A=dotenv\nB=dotenv\n")
    folders.user({"env": {"A": "settings", "B": "settings", "C": "settings", "D": 1, "E": True}})
    environment = folders.load(A="shell").environment
    assert {name: environment.values[name] for name in "ABCDE"} == {
        "A": "shell",
        "B": "dotenv",
        "C": "settings",
        "D": "1",
        "E": "true",
    }
    assert "A" not in environment.added
    assert environment.source("A") == "environment"
    assert environment.source("B") == str(folders.home / ".env")
    assert environment.source("C") == str(folders.user_file)


def test_the_nearest_file_is_the_projects_and_the_users_own_fill_the_gaps(
    folders: Folders,
) -> None:
    folders.trust()
    places: list[Path] = [
        folders.person / ".env",
        folders.home / ".env",
        folders.person / "code" / ".env",
        folders.project / ".env",
        folders.project / ".qwen" / ".env",
    ]
    (folders.home / "trustedFolders.json").write_text(f'{{"{folders.person}": "TRUST_FOLDER"}}')
    for number, place in enumerate(places):
        place.write_text(f"NAME={number}\nONLY_{number}=1\n")
        assert folders.load().environment.values["NAME"] == str(number)
    only = {name for name in folders.load().environment.added if name.startswith("ONLY")}
    assert only == {"ONLY_0", "ONLY_1", "ONLY_4"}


def test_a_trusted_projects_dotenv_never_sets_what_changes_how_programs_run(
    folders: Folders,
) -> None:
    folders.trust()
    (folders.project / ".env").write_text(
        "DEBUG=1\nDEBUG_MODE=1\nLD_PRELOAD=x\nDYLD_LIBRARY_PATH=x\nPYTHONPATH=x\n"
        "PYTHONSTARTUP=x\nNODE_OPTIONS=x\nPATH=x\nOPENAI_BASE_URL=http://localhost:1\n"
    )
    assert folders.load().environment.added == {"OPENAI_BASE_URL": "http://localhost:1"}
    (folders.home / ".env").write_text("DEBUG=1\n")
    assert folders.load().environment.added["DEBUG"] == "1"


def test_quotes_exports_comments_and_windows_lines_are_understood(folders: Folders) -> None:
    (folders.home / ".env").write_bytes(
        b"export A='one'\r\nB=\"t\\nwo\" # why\r\n# no\r\nC=a=b\r\nD=\r\nE\r\nF=${A}\r\n"
    )
    added = folders.load().environment.added
    assert added == {"A": "one", "B": "t\nwo", "C": "a=b", "D": "", "F": "${A}"}


def test_a_line_that_is_not_understood_is_named_without_its_text(
    folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    (folders.home / ".env").write_text("A=1\nKEY='never closed\n")
    settings = folders.load()
    assert settings.warnings == [f"{folders.home}/.env:2: not understood; the line is skipped"]
    assert settings.environment.added == {"A": "1"}
    assert capfd.readouterr() == ("", "")


def test_a_file_that_cannot_be_read_is_named_and_the_next_one_is_used(folders: Folders) -> None:
    folders.trust()
    (folders.project / ".env").mkdir()
    (folders.home / ".env").write_text("A=1\n")
    settings = folders.load()
    assert "is a directory, not a regular file" in settings.warnings[0]
    assert settings.environment.added == {"A": "1"}


def test_a_name_that_no_variable_can_have_is_left_out(folders: Folders) -> None:
    folders.user({"env": {"A=B": "x", "": "x", "C": "y"}})
    settings = folders.load()
    assert settings.environment.added == {"C": "y"}
    assert "left out: 'A=B', ''." in settings.warnings[0]


def test_values_are_not_in_the_repr(folders: Folders) -> None:
    (folders.home / ".env").write_text("A_KEY=planted\n")
    folders.user({"env": {"B_KEY": "planted"}})
    assert "planted" not in repr(folders.load(C_KEY="planted"))


def test_the_early_reading_imports_nothing_heavy(folders: Folders) -> None:
    import subprocess

    code = (
        "import sys, os; from qwen_dual.settings.load import load_settings;"
        "from qwen_dual.settings.providers import resolve;"
        "resolve(load_settings(os.getcwd(), os.getcwd(), os.environ));"
        "print({'pydantic', 'dotenv', 'pyjson5', 'httpcore'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folders.project,
        env={"HOME": str(folders.person), "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert result.stdout == "set()\n"


def test_no_project_says_what_programs_run_though_it_is_trusted(folders: Folders) -> None:
    folders.trust()
    steering = dict.fromkeys(("RIPGREP_CONFIG_PATH", "GIT_EXTERNAL_DIFF", "PAGER", "HOME"), "x")
    folders.workspace({"env": {**steering, "MINE": "x"}})
    loaded = "GCONV_PATH=x\nLOCPATH=x\nTERMINFO_DIRS=x\nMAKEFILES=x\nBASH_LOADABLES_PATH=x\n"
    (folders.project / ".env").write_text(
        f"GIT_SSH_COMMAND=x\nnpm_config_script_shell=x\n{loaded}OURS=x\n"
    )
    assert folders.load(HOME=str(folders.person)).environment.added == {"MINE": "x", "OURS": "x"}
    folders.user({"env": {"PAGER": "cat"}})
    assert folders.load(HOME=str(folders.person)).environment.values["PAGER"] == "cat"
