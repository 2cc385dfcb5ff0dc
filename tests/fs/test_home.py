from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import pytest

from qwen_dual.fs.home import expanded, home_of, shortened, temporary_of

if TYPE_CHECKING:
    from pathlib import Path

ME = pwd.getpwuid(os.getuid())


@pytest.mark.parametrize(
    ("env", "home"),
    [
        ({"HOME": "/home/me"}, "/home/me"),
        ({"HOME": "/home/me/"}, "/home/me"),
        ({"HOME": "/"}, "/"),
        ({"HOME": ""}, ME.pw_dir),
        ({}, ME.pw_dir),
    ],
)
def test_a_home_is_the_environments_or_what_the_system_has_on_record(
    env: dict[str, str], home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/of/the/process")
    assert home_of(env) == home


@pytest.mark.parametrize(
    ("path", "home", "whole"),
    [
        ("~", "/home/me", "/home/me"),
        ("~/x", "/home/me", "/home/me/x"),
        ("~", "/", "/"),
        ("~/", "/", "/"),
        ("~/x", "/", "/x"),
        ("x/~", "/home/me", "x/~"),
        ("/~", "/home/me", "/~"),
        ("", "/home/me", ""),
        (f"~{ME.pw_name}/x", "/home/me", f"{ME.pw_dir}/x"),
        ("~nobody-of-this-name/x", "/home/me", "~nobody-of-this-name/x"),
        ("~a\0b", "/home/me", "~a\0b"),
        ("~\udcff/x", "/home/me", "~\udcff/x"),
    ],
)
def test_a_tilde_stands_for_the_home_that_is_given(
    path: str, home: str, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/of/the/process")
    assert expanded(path, home) == whole


def test_a_path_is_shown_with_the_home_as_a_tilde() -> None:
    paths = ("/home/me", "/home/me/x", "/home/men", "/elsewhere")
    assert [shortened(path, "/home/me") for path in paths] == ["~", "~/x", *paths[2:]]
    assert shortened("/x", "/") == "/x"


def test_a_folder_for_temporary_files_counts_where_it_can_be_used(tmp_path: Path) -> None:
    there, file = str(tmp_path), tmp_path / "file"
    file.write_text("")
    assert temporary_of({"TMPDIR": there, "TMP": "/"}) == there
    assert temporary_of({"TMPDIR": str(tmp_path / "gone"), "TMP": there}) == there
    assert temporary_of({"TMPDIR": str(file), "TEMP": "."}) is None
    assert temporary_of({}) is None
