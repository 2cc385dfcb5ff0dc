"""Skills in a session: what a model is told of them, and what becomes of one that is used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD, Actor
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol.commands import parse_command
from qwen_dual.tools.skill import AllowanceCall, LoadedSkill
from qwen_dual.web.rights import lacking
from tests.runtime.written import DEPLOY, SYNONYMS, Place, skill_tool

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_model_is_told_name_and_description_until_it_uses_a_skill(place: Place) -> None:
    body = "Secret step. " * 500
    place.write("work/.qwen/skills/long/SKILL.md", SYNONYMS.replace("Read reference.md", body))
    place.write("work/.qwen/skills/long/reference.md", "words\n")
    place.calls(("skill", {"skill": "synonyms"}), ("read_file", {"file_path": "reference.md"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            tool = skill_tool(handle)
            assert "- synonyms: Finds synonyms" in tool.description
            # Four characters are a token: the whole tool costs less than 300, its text over 1,600.
            told = json.dumps({"d": tool.description, "p": tool.parameters})
            assert len(told) / 4 < 300
            assert len(body) / 4 > 1600
            assert "Secret" not in told + handle.parts.session.system
        assert "Secret step." in place.said("tool_result")[0]
        assert place.said("tool_result")[0].startswith("Base directory for this skill: ")

    anyio.run(main)


def test_a_description_is_told_as_it_is_written(place: Place) -> None:
    said = "Räumt auf — “alles”; 整理。\u202e\u200b"
    place.write("work/.qwen/skills/a/SKILL.md", f"---\nname: tidy\ndescription: {said}\n---\nx")

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            assert "- tidy: Räumt auf — “alles”; 整理。" in skill_tool(handle).description
            told = (await place.ask(handle, "/skills"))["result"]
            assert "/tidy  Räumt auf — “alles”; 整理。\n" in told

    anyio.run(main)


def test_a_skill_that_the_settings_leave_out_is_not_there(place: Place) -> None:
    place.write("work/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    place.write("work/.qwen/skills/deploy/SKILL.md", DEPLOY)
    place.write("person/.qwen/settings.json", '{"skills": {"disabled": ["Synonyms"]}}')

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            assert list(handle.skills) == ["deploy"]
            assert "/synonyms" in (await place.ask(handle, "/synonyms"))["result"]

    anyio.run(main)


def test_two_hundred_skills_cost_no_more_than_the_bound(place: Place) -> None:
    for number in range(200):
        text = f"---\nname: s{number:03}\ndescription: {'what it does ' * 80}\n---\nx"
        place.write(f"work/.qwen/skills/s{number}/SKILL.md", text)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            description = skill_tool(handle).description
            assert len(description) < 13_000
            assert all(f"- s{number:03}: what" in description for number in range(200))

    anyio.run(main)


def test_a_persons_skill_may_be_read_where_it_is_once_it_is_in_use(place: Place) -> None:
    place.write("person/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    reference = place.write("person/.qwen/skills/synonyms/reference.md", "ten words\n")
    read = ("read_file", {"file_path": str(reference)})
    place.calls(read, ("skill", {"skill": "synonyms"}), read)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=False, message="not yet")
        assert [request["tool_name"] for request in place.requests()] == ["read_file"]
        results = place.said("tool_result")
        assert "not yet" in results[0]
        assert results[2] == "ten words\n"

    anyio.run(main)


def test_what_a_skill_asks_to_be_allowed_is_asked_once_and_holds_for_the_session(
    place: Place,
) -> None:
    place.write("work/.qwen/skills/deploy/SKILL.md", DEPLOY)
    touch = ("run_shell_command", {"command": "touch made"})
    place.calls(("skill", {"skill": "deploy"}), touch, ("skill", {"skill": "deploy"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=True)
            (request,) = place.requests()
            assert request["tool_name"] == "skill"
            asked = {"skill": "deploy", "allowed_tools": ["Bash(touch:*)"], "hooks": []}
            assert request["input"] == asked
            assert "Bash(touch:*)" in request["preview"]["text"]
            assert "Read" not in request["preview"]["text"]
            assert "nothing_there" not in request["preview"]["text"]
            assert (place.work / "made").exists()

    anyio.run(main)


def test_a_host_that_may_approve_cannot_allow_a_skill_for_the_session(place: Place) -> None:
    place.write("work/.qwen/skills/deploy/SKILL.md", DEPLOY)
    place.calls(("skill", {"skill": "deploy"}))

    async def main() -> None:
        async with place.session() as handle:
            handle.submit("hello", KEYBOARD)
            request = await place.log.until(lambda event: event["type"] == "control_request")
            told: list[Event] = []
            zed = handle.limited(Actor("host", "zed"), ["observe", "approve"], told.append)
            for id, allowed in (("1", True), ("2", False)):
                line = {"request_id": request["request_id"], "allowed": allowed, "id": id}
                zed.command(
                    parse_command(json.dumps({"type": "confirmation_response", **line}).encode())
                )
            await place.log.results()
            assert [(each["data"]["id"], each["data"]["code"]) for each in told] == [
                ("1", "no_right")
            ]
            assert lacking(
                {"type": "confirmation_response", "allowed": True},
                ["observe", "approve", "submit"],
                own=False,
                request=request["request"],
            ) == ("control", "an answer that lasts")

    anyio.run(main)


def test_nothing_but_an_answer_allows_what_a_skill_asks_for(place: Place) -> None:
    place.write("work/.qwen/skills/deploy/SKILL.md", DEPLOY)
    place.calls(("skill", {"skill": "deploy"}))

    async def main() -> None:
        async with place.session(allowed_tools=("Skill",)) as handle:
            handle.submit("hello", KEYBOARD)
            request = await place.log.until(lambda event: event["type"] == "control_request")
            assert request["request"]["rules"] is None  # nothing is offered to be remembered
            for mode in ("auto-edit", "auto", "yolo"):
                handle.set_approval_mode(mode, KEYBOARD)
                assert place.log.of("control_response") == []
            handle.answer(request["request_id"], Decision(False, KEYBOARD))
            await place.log.results()
            policy = handle.parts.session.policy
            assert not policy.has_leave(policy.names.parse("Bash(touch:*)"))

    anyio.run(main)


def test_a_skill_that_is_not_allowed_what_it_asks_for_is_used_without(place: Place) -> None:
    place.write("person/.qwen/skills/deploy/SKILL.md", DEPLOY)
    touch = ("run_shell_command", {"command": "touch made"})
    place.calls(("skill", {"skill": "deploy"}), touch)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=False, message="no")
            assert [each["tool_name"] for each in place.requests()] == [
                "skill",
                "run_shell_command",
            ]
            assert place.said("tool_result")[0].startswith("Base directory")
            assert not (place.work / "made").exists()

    anyio.run(main)


def test_no_id_that_a_model_gives_its_call_makes_it_the_persons(place: Place) -> None:
    place.write("person/.qwen/skills/deploy/SKILL.md", DEPLOY)
    call = {"type": "tool_use", "name": "skill", "input": {"skill": "deploy"}, "id": "entered_1"}
    place.calls()
    place.script.write_text(json.dumps({"blocks": [call]}) + "\n" + place.script.read_text())

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=False)
            assert len(place.requests()) == 1
            policy = handle.parts.session.policy
            assert not policy.has_leave(policy.names.parse("Bash(touch:*)"))

    anyio.run(main)


def test_a_person_uses_a_skill_by_its_name_and_their_own_may_do_what_it_says(place: Place) -> None:
    place.write("person/.qwen/skills/deploy/SKILL.md", DEPLOY)
    place.calls(("run_shell_command", {"command": "touch made"}))

    async def main() -> None:
        async with place.session() as handle:
            result = await place.ask(handle, "/deploy to production")
            assert result["stop_reason"] == "end_turn"
            assert (place.work / "made").exists()
            assert "/deploy: without asking in this session: Bash(touch:*)." in place.notices()
            (prompt,) = place.said()
            assert prompt.startswith("Base directory for this skill: ")
            assert prompt.rstrip().endswith("What it is asked for: to production")
            (command,) = place.log.of("slash_command")
            assert command["data"]["command"] == "deploy"
            # `/clear` begins anew, and so does what was allowed.
            await place.ask(handle, "/clear")
            assert not handle.parts.session.policy._session

    anyio.run(main)


def test_a_skill_says_who_may_use_it(place: Place) -> None:
    place.write(
        "work/.qwen/skills/a/SKILL.md",
        "---\nname: mine\ndescription: d\ndisable-model-invocation: true\n---\nx",
    )
    place.write(
        "work/.qwen/skills/b/SKILL.md",
        "---\nname: its\ndescription: d\nuser-invocable: false\n---\nx",
    )
    place.calls(("skill", {"skill": "mine"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            assert "There is no skill 'mine'. Skills: its." in place.said("tool_result")[0]
            assert "/its" in (await place.ask(handle, "/its"))["result"]  # unknown, to a person
            assert (await place.ask(handle, "/mine"))["result"] == "Done."

    anyio.run(main)


def test_a_skill_changed_or_made_while_the_session_runs_is_followed(place: Place) -> None:
    path = place.write("work/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    place.calls(("skill", {"skill": "synonyms"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/skills")
            path.write_text(SYNONYMS.replace("find ten", "find twenty"))
            await place.ask(handle, "hello")
            assert "find twenty" in place.said("tool_result")[0]
            place.write("work/.qwen/skills/other/SKILL.md", SYNONYMS.replace("synonyms", "other"))
            await place.ask(handle, "hello")
            assert "- other: Finds other" in skill_tool(handle).description
            path.unlink()
            (place.work / ".qwen/skills/other/SKILL.md").unlink()
            await place.ask(handle, "hello")
            assert "skill" not in handle.tools
            assert "/other" in (await place.ask(handle, "/other"))["result"]

    anyio.run(main)


def test_a_link_in_the_place_of_a_projects_skill_opens_no_folder(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qwen_dual.definitions.skills import read_skill

    key = place.write("person/.ssh/id", "secret\n")
    folder = place.write("work/.qwen/skills/synonyms/SKILL.md", SYNONYMS).parent
    read = ("read_file", {"file_path": str(key)})
    place.calls(("skill", {"skill": "synonyms"}), read)

    def swapped(skill: Any) -> Any:  # at the moment after its file was read
        found = read_skill(skill)
        folder.rename(folder.with_name("old"))
        folder.symlink_to(key.parent)
        return found

    monkeypatch.setattr("qwen_dual.runtime.skills.read_skill", swapped)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=False)
        assert [request["tool_name"] for request in place.requests()] == ["read_file"]

    anyio.run(main)


def test_a_skill_for_a_person_alone_is_used_and_its_id_is_nobody_elses(place: Place) -> None:
    place.write(
        "work/.qwen/skills/hidden/SKILL.md",
        SYNONYMS.replace("---\nRead", "disable-model-invocation: true\n---\nRead"),
    )

    async def main() -> None:
        async with place.session() as handle:
            assert (await place.ask(handle, "/synonyms"))["result"] == "Done."
            started = place.log.of("tool_progress")[0]["data"]["tool_use_id"]
            assert not handle.parts.session.entered.is_last(started)
            assert not handle.parts.session.entered.is_last("")

    anyio.run(main)


def test_what_a_folders_skill_was_allowed_ends_with_trust_in_it(place: Place) -> None:
    place.write("work/.qwen/skills/deploy/SKILL.md", DEPLOY)
    place.calls(("skill", {"skill": "deploy"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=True)
            policy = handle.parts.session.policy
            rule = policy.names.parse("Bash(touch:*)")
            assert policy.has_leave(rule)
            await place.ask(handle, "/trust no")
            assert not policy.has_leave(rule)

    anyio.run(main)


def test_a_folder_with_lines_in_its_name_adds_none_to_a_list(place: Place) -> None:
    place.write("work/.qwen/skills/a\nall is well/SKILL.md", SYNONYMS)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            told = (await place.ask(handle, "/skills"))["result"]
            assert "a⟨LF⟩all is well/SKILL.md" in told
            assert len(told.split("\n")) == 2

    anyio.run(main)


def test_a_question_says_how_wide_a_rule_without_brackets_is() -> None:
    asks = ("run_shell_command", "Bash(git log:*)")
    shown = anyio.run(AllowanceCall(LoadedSkill("stuck", "", asks)).preview)
    assert shown is not None
    rows = shown["text"].split("\n")
    assert rows[2:4] == ["  run_shell_command (every call of it)", "  Bash(git log:*)"]
