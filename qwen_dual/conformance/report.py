"""What came of the checks: for people, as JSON, and as JUnit for CI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.conformance.judge import Verdict

_SIGNS = {"held": "✓", "broken": "✗", "not offered": "–", "not judged": "–"}


def line(verdict: Verdict) -> str:
    """One verdict, as soon as it is there."""
    promise = verdict.promise
    told = f"{_SIGNS[verdict.outcome]} {promise.level} §{promise.section} {promise.name}"
    if verdict.outcome == "held":
        return told
    if verdict.outcome != "broken":
        return f"{told}: {verdict.outcome}, {one_line(verdict.why)}"
    parts = [
        f"{told}: {one_line(verdict.why)}",
        f"    promised: {promise.says}",
        f"    a host {promise.loses}",
        *(f"    | {one_line(shown)}" for shown in verdict.lines),
    ]
    return "\n".join(parts)


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many held, by level."""
    parts = []
    for level in dict.fromkeys(verdict.promise.level for verdict in verdicts):
        of_it = [verdict for verdict in verdicts if verdict.promise.level == level]
        outcomes = [verdict.outcome for verdict in of_it]
        held = outcomes.count("held")
        rest = [
            f", {outcomes.count(outcome)} {outcome}"
            for outcome in ("not offered", "not judged")
            if outcome in outcomes
        ]
        parts.append(f"{level}: {held} of {held + outcomes.count('broken')} held" + "".join(rest))
    return "; ".join(parts)


def as_json(command: Sequence[str], verdicts: Sequence[Verdict]) -> str:
    """All of it."""
    made: dict[str, Any] = {
        "command": list(command),
        "summary": summary(verdicts),
        "promises": [
            {
                "name": verdict.promise.name,
                "level": verdict.promise.level,
                "section": verdict.promise.section,
                "says": verdict.promise.says,
                "loses": verdict.promise.loses,
                "outcome": verdict.outcome,
                "why": verdict.why,
                "lines": verdict.lines,
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in verdicts
        ],
    }
    return encode(made).decode()


def as_junit(verdicts: Sequence[Verdict]) -> str:
    """A test case for each promise, as CI services read it."""
    suite = ElementTree.Element(
        "testsuite",
        name="dual output",
        tests=str(len(verdicts)),
        failures=str(sum(verdict.outcome == "broken" for verdict in verdicts)),
        skipped=str(sum(verdict.outcome.startswith("not ") for verdict in verdicts)),
    )
    for verdict in verdicts:
        promise = verdict.promise
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{promise.level} {promise.section}",
            name=promise.name,
            time=f"{verdict.seconds:.3f}",
        )
        if verdict.outcome == "broken":
            told = ElementTree.SubElement(case, "failure", message=one_line(verdict.why))
            told.text = "\n".join([f"promised: {promise.says}", *map(one_line, verdict.lines)])
        elif verdict.outcome != "held":
            told = ElementTree.SubElement(case, "skipped", message=one_line(verdict.why))
            told.set("type", verdict.outcome)
    return ElementTree.tostring(suite, encoding="unicode") + "\n"
