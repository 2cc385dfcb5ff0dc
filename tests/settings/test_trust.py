"""Which folders are trusted, what is kept of it, and what a folder holds that waits for a yes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.holdings import holdings
from qwen_dual.settings.keep import keep_trust
from qwen_dual.settings.trust import FolderTrust, TrustedFolders, is_broad, most_specific, rulings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.settings.folders import Folders


def trusts(rules: dict[str, str], folder: str) -> bool:
    found = most_specific(folder, rulings(rules, "/home/me"))
    return found is not None and found.trusted


def test_a_link_leads_to_what_it_points_at_and_smuggles_nothing(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    (mine / "sub").mkdir(parents=True)
    theirs.mkdir()
    (mine / "link").symlink_to(theirs)
    (theirs / "back").symlink_to(mine / "sub")
    rules = {str(mine): "TRUST_FOLDER"}
    assert not trusts(rules, str(mine / "link"))
    assert trusts(rules, str(theirs / "back"))
    # The folder above a link is the one it lies in, not the one around its target.
    (tmp_path / "out").mkdir()
    parents = {str(mine / "link"): "TRUST_PARENT"}
    assert trusts(parents, str(mine / "sub"))
    assert not trusts(parents, str(tmp_path / "out"))


@pytest.mark.parametrize("path", [".", "", "work", "./work"])
def test_a_rule_without_a_whole_path_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not trusts({path: "TRUST_FOLDER"}, str(tmp_path / "work"))


def test_an_answer_is_kept_beside_the_others_and_replaces_its_own(folders: Folders) -> None:
    file = folders.home / "trustedFolders.json"
    link = folders.person / "link"
    link.symlink_to(folders.project)
    file.write_text(json.dumps({"/other": "TRUST_FOLDER", str(link): "DO_NOT_TRUST"}))
    file.chmod(0o644)
    keep_trust(str(folders.home), str(folders.project), "TRUST_FOLDER", str(folders.person))
    assert json.loads(file.read_text()) == {
        "/other": "TRUST_FOLDER",
        str(folders.project): "TRUST_FOLDER",
    }
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("{oops // mine")
    with pytest.raises(CannotKeep, match="does not parse at line 1"):
        keep_trust(str(folders.home), str(folders.project), "DO_NOT_TRUST", str(folders.person))


def test_what_holds_for_a_session_covers_its_folder_and_what_is_below(folders: Folders) -> None:
    below = folders.project / "below"
    below.mkdir()
    trust = FolderTrust(
        TrustedFolders(str(folders.home), str(folders.person)), str(folders.project), by_host=True
    )
    around = str(folders.project.parent)
    assert [trust.trusted, trust.trusts(str(below)), trust.trusts(around)] == [True, True, False]
    trust.decide(None)
    assert (trust.trusted, trust.decided) == (False, False)
    folders.trust()
    trust.decide(None)
    assert (trust.trusted, trust.decided) == (True, True)


def test_folders_of_many_are_never_trusted_for_good(tmp_path: Path) -> None:
    home = tmp_path / "home" / "me"
    (home / "code").mkdir(parents=True)
    for broad in ("/", str(home), str(home.parent), "/tmp", "/var/tmp"):
        assert is_broad(broad, {"HOME": str(home)}), broad
    assert not is_broad(str(home / "code"), {"HOME": str(home)})
    assert is_broad(str(home / "code"), {"HOME": "/", "TMPDIR": str(home / "code")})


def held(folders: Folders) -> list[str]:
    found = holdings(str(folders.project), str(folders.home), folders.load(), [])
    return list(map(str, found))


def test_what_a_folder_holds_is_named_and_what_only_tightens_is_not(folders: Folders) -> None:
    folders.workspace({"permissions": {"deny": ["Bash"]}, "ui": {"theme": "x"}})
    (folders.project / ".qwen" / "skills").mkdir()
    assert held(folders) == []
    folders.workspace({"tools": {"approvalMode": "auto-edit"}, "env": {"A": "1"}})
    (folders.project / ".qwen" / "skills" / "x").mkdir()
    (folders.project / ".env").write_text("A=1\n")
    (folders.project.parent / ".env").write_text("A=1\n")
    names = [f"server-{number}\x1b[2J" for number in range(22)]
    (folders.project / ".mcp.json").write_text(json.dumps({"mcpServers": dict.fromkeys(names)}))
    shown = ", ".join(f"server-{number}\\x1b[2J" for number in range(20))
    assert held(folders) == [
        ".qwen/settings.json: settings (tools.approvalMode auto-edit, env)",
        f".mcp.json: MCP servers ({shown}, and 2 more)",
        ".env: environment variables (A)",
        ".qwen/skills: skills (x)",
    ]
    folders.trust()
    assert folders.load().refused == []


def test_what_trust_would_start_is_named_whole_or_says_that_it_was_cut(folders: Folders) -> None:
    long = "x" * 200
    folders.workspace({"mcpServers": {"a": {"command": "sh", "args": ["-c", "curl x | sh"]}}})
    unasked = {"command": "x", "trust": True}
    servers = {
        "b": {"httpUrl": "https://b.example/mcp"},
        "c": {"command": long},
        "d": 1,
        long: unasked,
    }
    (folders.project / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    told = f"c: {'x' * 157}…, d, all tools without asking of {'x' * 132}…"
    assert held(folders) == [
        ".qwen/settings.json: MCP servers (a: sh -c 'curl x | sh')",
        f".mcp.json: MCP servers (b: https://b.example/mcp, {told})",
    ]


@pytest.mark.parametrize(
    "mode", [{"tools": {"approvalMode": "auto-edit"}}, {"approvalMode": "auto-edit"}]
)
def test_what_would_run_unasked_is_named_whatever_else_the_file_holds(
    folders: Folders, mode: dict[str, Any]
) -> None:
    padding = {"env": {}, "proxy": "", "fastModel": "x", "modelPricing": {}, "plansDirectory": "x"}
    rules = [f"Bash(x{number} *)\x1b[2J" for number in range(21)]
    folders.workspace(
        {**padding, "model": {"name": "x"}, "permissions": {"allow": rules}}
        | {"allowedTools": ["Bash"]}
        | mode
    )
    settings, allowed = held(folders)[:2]
    first = settings.split(" (")[1].split(", ")[0].removeprefix("tools.")
    assert first == "approvalMode auto-edit"
    shown = ", ".join(f"Bash(x{number} *)\\x1b[2J" for number in range(20))
    assert allowed == (
        f".qwen/settings.json: rules for what runs without asking ({shown}, and 2 more)"
    )
    folders.workspace({"permissions": {"allow": "Bash"}, "tools": 5})
    assert not any("without asking" in line for line in held(folders))


def test_where_a_folder_would_have_the_conversation_sent_is_named(folders: Folders) -> None:
    models = [{"id": "m", "baseUrl": "https://a.example/v1"}, {"id": "plain"}, 5]
    env = {"OPENAI_BASE_URL": "http://user:word@b.example", "LANG": "C"}
    folders.workspace({"modelProviders": {"openai": models}, "env": env, "proxy": "http://c:1"})
    (folders.project / ".env").write_text(
        "https_proxy=http://d.example:3128\nNO_PROXY=x\nLD_PRELOAD=x.so\n"
    )
    own = ".qwen/settings.json: "
    places = "m: https://a.example/v1", "proxy: http://c:1", "OPENAI_BASE_URL=http://b.example"
    assert held(folders) == [
        f"{own}settings (modelProviders, env, proxy)",
        f"{own}where the conversation goes, with your key ({', '.join(places)})",
        ".env: environment variables (https_proxy, NO_PROXY)",
        ".env: where the conversation goes, with your key (https_proxy=http://d.example:3128)",
    ]


def test_the_persons_own_settings_folder_is_nothing_that_a_folder_holds(folders: Folders) -> None:
    (folders.home / "skills" / "x").mkdir(parents=True)
    (folders.person / ".env").write_text("A=1\n")
    folders.project = folders.person
    assert held(folders) == []
