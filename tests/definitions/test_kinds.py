"""Skills, commands and output styles: found, read, and what is wrong with one said."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwen_dual.definitions.commands import list_commands
from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.skills import MAX_BODY_CHARS, list_skills, read_skill
from qwen_dual.definitions.styles import list_styles
from tests.definitions.test_agents import Folders

REFERENCE = Path("/opt/ref/node_modules/@qwen-code/qwen-code")
"""Qwen Code itself, where it is installed."""


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def args(folders: Folders) -> tuple[str, str, str]:
    return str(folders.project), str(folders.person / ".qwen"), str(folders.person)


SYNONYMS = """---
name: synonyms
description: Generate synonyms for words. Use this skill when: the user needs alternatives.
license: Complete terms in LICENSE.txt
when_to_use: For thesaurus work.
argument-hint: [word] [tone]
allowed-tools: Read, Bash(look:*)
priority: 10
---

Find synonyms.
"""


def test_a_skill_has_what_a_model_is_told_of_it(folders: Folders) -> None:
    folders.write("project/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    folders.write("project/.qwen/skills/synonyms/reference.md", "more")
    folders.write("project/.qwen/skills/empty/notes.md", "no skill")
    listing = list_skills(*args(folders), trusted=True)
    assert list(listing.found) == ["synonyms"]
    skill = listing.found["synonyms"]
    assert skill.description.endswith("when: the user needs alternatives. — For thesaurus work.")
    assert (skill.argument_hint, skill.priority) == ("[word] [tone]", 10)
    assert skill.allowed_tools == ("Read", "Bash(look:*)")
    assert (skill.hides_from_model, skill.hides_from_person, skill.hooks) == (False, False, {})
    assert skill.folder == str(folders.project / ".qwen/skills/synonyms")
    assert read_skill(skill)[1] == "Find synonyms."


def test_a_skill_with_neither_name_nor_description_is_called_after_its_folder(
    folders: Folders,
) -> None:
    folders.write("person/.claude/skills/pdf-tools/SKILL.md", "# PDF\n\nWorks on\nPDFs.\n\nMore.")
    skill = list_skills(*args(folders), trusted=True).found["pdf-tools"]
    assert (skill.description, skill.source) == ("Works on PDFs.", "user")


def test_a_skill_says_who_may_use_it_and_what_it_brings(folders: Folders) -> None:
    text = "---\nname: a\ndescription: d\nuser-invocable: false\nhooks:\n  Stop: []\n---\nx"
    folders.write("project/.qwen/skills/a/SKILL.md", text)
    text = "---\nname: b\ndescription: d\ndisable-model-invocation: true\n---\nx"
    folders.write("project/.qwen/skills/b/SKILL.md", text)
    found = list_skills(*args(folders), trusted=True).found
    assert (found["a"].hides_from_person, found["a"].hides_from_model) == (True, False)
    assert (found["b"].hides_from_person, found["b"].hides_from_model) == (False, True)
    assert (found["a"].hooks, found["b"].hooks) == ({"Stop": []}, {})


def test_a_long_skill_is_cut_and_says_where_it_goes_on(folders: Folders) -> None:
    line = "x" * 99 + "\n"
    text = f"---\nname: a\ndescription: d\n---\n{line * 1500}"
    path = folders.write("project/.qwen/skills/a/SKILL.md", text)
    skill = list_skills(*args(folders), trusted=True).found["a"]
    body = read_skill(skill)[1]
    assert len(body) < MAX_BODY_CHARS + 300
    assert body.endswith(f"[The rest of this skill is in {path}, from line 500 on.]")


def test_a_skill_changed_since_is_read_as_it_is_and_one_gone_says_so(folders: Folders) -> None:
    path = folders.write("project/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    skill = list_skills(*args(folders), trusted=True).found["synonyms"]
    path.write_text(SYNONYMS.replace("Find synonyms.", "Find antonyms.").replace("look:*", "rm:*"))
    now, body = read_skill(skill)
    assert (body, now.allowed_tools) == ("Find antonyms.", ("Read", "Bash(rm:*)"))
    path.unlink()
    with pytest.raises(DefinitionError, match=r"SKILL\.md: cannot be read"):
        read_skill(skill)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nname: a/b\ndescription: d\n---\nx", "SKILL.md:2: name: expected letters"),
        ("---\nname: h\u0435lp\ndescription: d\n---\nx", "SKILL.md:2: name: “h⟨U+0435⟩lp” has"),
        ("---\nname: help\u3164\ndescription: d\n---\nx", "name: “help⟨U+3164⟩” has"),
        ("---\nname: a\n---\n# Only a title", "SKILL.md:1: description: is missing"),
        ("---\nname: a\ndescription: d\n---\n", "SKILL.md:2: name: the file has no text"),
        ("---\nname: a\ndescription: d\nallowed-tools: [a\n---\nx", "SKILL.md:4: "),
        ("---\nname: a\ndescription: d\nhooks: x\n---\nx", "SKILL.md:4: hooks: expected events"),
        ("---\nname: a\ndescription: d\nuser-invocable: maybe\n---\nx", "SKILL.md:4: user-inv"),
    ],
)
def test_a_broken_skill_is_named_with_its_line(folders: Folders, text: str, message: str) -> None:
    folders.write("project/.qwen/skills/x/SKILL.md", text)
    listing = list_skills(*args(folders), trusted=True)
    assert [message in str(error) for error in listing.errors] == [True]


def test_commands_are_named_by_their_path_and_the_projects_win(folders: Folders) -> None:
    folders.write(
        "project/.qwen/commands/git/Commit.md", "---\ndescription: Ours\n---\nDo {{args}}"
    )
    folders.write("project/.qwen/commands/plain.md", "First line\nof a text.")
    folders.write("project/.qwen/commands/old.toml", 'description = "Old"\nprompt = """\nAsk"""')
    folders.write("person/.qwen/commands/git/commit.md", "---\ndescription: Mine\n---\nx")
    folders.write("person/.claude/commands/a:b.md", "---\nargument-hint: [file]\n---\n!`ls`")
    listing = list_commands(*args(folders), trusted=True)
    assert listing.errors == ()
    found = listing.found
    assert sorted(found) == ["a_b", "git:commit", "old", "plain"]
    assert (found["git:commit"].description, found["git:commit"].source) == ("Ours", "project")
    assert found["plain"].description == "First line of a text."
    assert (found["old"].description, found["old"].template.pieces[0].text) == ("Old", "Ask")
    assert found["a_b"].argument_hint == "[file]"
    assert found["a_b"].template.pieces[0].kind == "command"
    assert sorted(list_commands(*args(folders), trusted=False).found) == ["a_b", "git:commit"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.md", "---\ndescription: d\n---\n\n", "x.md:4: there is no text"),
        ("x.md", "---\ndescription: d\n---\n\nDo\n!{ls\n", "x.md:6: “!{” is not closed"),
        ("x.md", "---\ndescription: [d]\n---\nx", "x.md:2: description: expected one text"),
        ("a b.md", "x", "“/a b” cannot be typed"),
        ("help\u200b.md", "x", "“help⟨U+200B⟩” has characters that hide, or look like others"),
        ("\u202epleh.md", "x", "“⟨U+202E⟩pleh” has"),
        ("x\x9b31m.md", "x", "“x⟨U+009B⟩31m” has"),
        ("\u0441\u043e\u0440\u0443.toml", "prompt = 'x'", "“⟨U+0441⟩⟨U+043E⟩⟨U+0440⟩⟨U+0443⟩” has"),
        ("x.toml", 'prompt = "a"\nb = \n', "x.toml:2: is no TOML"),
        ("x.toml", "description = 'd'", "x.toml:1: prompt: expected a text"),
        ("x.toml", "a = " + "[" * 100_000, "x.toml:1: "),
        ("x.toml", "prompt = '''@{a'''", "x.toml:1: “@{” is not closed"),
    ],
)
def test_a_broken_command_is_named_with_its_line(
    folders: Folders, name: str, text: str, message: str
) -> None:
    folders.write(f"project/.qwen/commands/{name}", text)
    listing = list_commands(*args(folders), trusted=True)
    assert [message in str(error) for error in listing.errors] == [True]


def test_folders_of_commands_that_are_links_are_followed_once_and_only_the_persons(
    folders: Folders,
) -> None:
    target = folders.write("elsewhere/c.md", "x").parent
    for place in ("project", "person"):
        folders.write(f"{place}/.qwen/commands/own-{place}.md", "x")
        (folders.project.parent / place / ".qwen/commands/linked").symlink_to(target)
        (folders.project.parent / place / ".qwen/commands/circle").symlink_to(".")
    listing = list_commands(*args(folders), trusted=True)
    assert sorted(listing.found) == ["linked:c", "own-person", "own-project"]


def test_a_style_has_what_the_reference_gives_it(folders: Folders) -> None:
    text = (
        "---\nname: Reviewer\nkeep-coding-instructions: true\n---\n<!-- note -->Review only.\nNow."
    )
    folders.write("project/.qwen/output-styles/r.md", text)
    folders.write("person/.qwen/output-styles/Terse.md", "Be terse.")
    folders.write("person/.qwen/output-styles/reviewer.md", "Mine.")
    folders.write("person/.qwen/output-styles/default.md", "x")
    folders.write("person/.qwen/output-styles/empty.md", "<!-- all of it")
    folders.write("person/.qwen/output-styles/long.md", "x" * 25_001)
    listing = list_styles(*args(folders), trusted=True)
    assert list(listing.found) == ["reviewer", "terse"]
    style = listing.found["reviewer"]
    assert (style.name, style.description, style.text) == (
        "Reviewer",
        "Review only.",
        "Review only.\nNow.",
    )
    assert (style.keeps_coding, style.source) == (True, "project")
    said = [str(error) for error in listing.errors]
    assert len(said) == 3
    assert "default.md:1: name: “default” cannot be" in said[0]
    assert "empty.md:1: name: the file has no text" in said[1]
    assert "long.md: is larger than 25,000 bytes" in said[2]


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="Qwen Code is not installed in /opt/ref")
def test_what_the_reference_ships_is_read_whole(folders: Folders) -> None:
    home = folders.person / ".qwen"
    home.mkdir()
    (home / "skills").symlink_to(REFERENCE / "bundled")
    for kind in ("agents", "commands"):
        (home / kind).symlink_to(REFERENCE / "examples" / "starter" / kind)
    skills = list_skills(*args(folders), trusted=True)
    assert skills.errors == ()
    assert len(skills.found) == len(list((REFERENCE / "bundled").glob("*/SKILL.md"))) > 10
    assert skills.found["loop"].argument_hint == "[interval] [prompt] | list | clear"
    assert folders.agents().errors == ()
    assert list(folders.agents().found) == ["diary-writer"]
    commands = list_commands(*args(folders), trusted=True)
    assert (list(commands.found), commands.errors) == (["writing:polish"], ())
    assert commands.found["writing:polish"].argument_hint == "<text to polish>"


def test_a_name_may_be_a_word_of_any_language(folders: Folders) -> None:
    for name in ("привет", "整理", "r\u00e4umen", "e\u0301te\u0301"):  # the last as macOS writes it
        folders.write(f"project/.qwen/commands/{name}.md", "x")
    listing = list_commands(*args(folders), trusted=True)
    assert (set(listing.found), listing.errors) == (
        {"привет", "整理", "r\u00e4umen", "\u00e9t\u00e9"},
        (),
    )


def test_what_is_told_of_a_file_is_one_line_in_which_nothing_hides(folders: Folders) -> None:
    folders.write("project/.qwen/commands/a\nAll is well\u202e.md", "x")
    folders.write("project/.qwen/skills/b\nAll is well/SKILL.md", "---\nname: a/b\n---\nx")
    listings = (list_commands, list_skills)
    told = [str(error) for one in listings for error in one(*args(folders), trusted=True).errors]
    assert len(told) == 2
    assert all("⟨LF⟩All is well" in text and "\n" not in text for text in told)
    assert not any("\u202e" in text for text in told)
