"""What runs without asking: the approval mode, and the permission rules in force.

Pure. It knows kinds of calls and what rules say of them; what a path or a command is, the tools
know.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.core.errors import UnknownMode
from qwen_dual.core.permissions.rules import Rule, allows, reading
from qwen_dual.core.tools.tool import only_mode_of
from qwen_dual.fs.guarded import guard_of
from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from qwen_dual.core.permissions.rule_names import RuleNames
    from qwen_dual.core.permissions.rules import Certainty
    from qwen_dual.core.tools.tool import Call, Subject, Tool

PLAN_REFUSAL = (
    "Plan mode is on: nothing that writes or runs is carried out. Do not try the same by other means; "
    "go on with what only reads, and make this a part of your plan."
)


ONLY_IN = (
    "{tool} is for {only} mode alone, and the approval mode is {mode} now: the person may have changed "
    "it. Do not call it again; go on as this mode allows."
)


MAY_DENY = (
    "The permission rule {rule} may deny this: not all that it does can be told from its words."
)
MAY_REACH = "Below what this reads may be what the permission rule {rule} denies."


class Verdict(Struct, frozen=True):
    """What the policy says of a call.

    Attributes:
        reason: for the model where it is refused, and for the person where a rule may deny what they
            are asked about.
        shown: for the person where it is refused, if that is not the same.
    """

    action: Literal["allow", "ask", "refuse"]
    reason: str = ""
    shown: str = ""


class Policy:
    """The approval mode in force and the rules, those of the settings and those of the session.

    What denies goes before what asks, and that before what allows. A rule that denies holds in
    every mode; one that asks in all but yolo.

    Args:
        names: reads the rules that are given as text.
        mode: one of ``protocol.APPROVAL_MODES``.
        allow: what runs without asking.
        ask: what asks although it would not have to.
        deny: what never runs.

    Raises:
        UnknownMode: there is no such mode.
        ValueError: a rule is none; ``RuleNames.parse_all`` sorts those out before.

    Attributes:
        names: as given.
        before_plan: the mode before plan mode, which its end may bring back.
        judges_reads: whether in auto mode commands are judged too that only read.
    """

    def __init__(
        self,
        names: RuleNames,
        mode: str = "default",
        allow: Iterable[str | Rule] = (),
        ask: Iterable[str | Rule] = (),
        deny: Iterable[str | Rule] = (),
    ) -> None:
        self.names = names
        self.mode = self.before_plan = "default"
        self.judges_reads = False
        self._session: list[Rule] = []
        self.set_mode(mode)
        self.set_rules(allow, ask, deny)

    def set_mode(self, mode: str) -> None:
        """Switches the mode.

        Raises:
            UnknownMode: there is no such mode.
        """
        if mode not in APPROVAL_MODES:
            raise UnknownMode(mode)
        if mode == "plan" and self.mode != "plan":
            self.before_plan = self.mode
        self.mode = mode

    def set_rules(
        self,
        allow: Iterable[str | Rule] = (),
        ask: Iterable[str | Rule] = (),
        deny: Iterable[str | Rule] = (),
        only: Iterable[str | Rule] = (),
        here: Iterable[str | Rule] = (),
    ) -> None:
        """Replaces the rules that hold beyond the session.

        Args:
            allow: what runs without asking.
            ask: what asks although it would not have to.
            deny: what never runs.
            only: what a tool they name is limited to (``permissions.Selection``).
            here: what runs without asking, by rules that were given for this folder.

        Raises:
            ValueError: a rule is none; the rules stay as they were.
        """
        read = [list(map(self._rule, rules)) for rules in (allow, ask, deny)]
        own, only = (list(map(self._given_here, rules)) for rules in (here, only))
        self._allow, self._ask, self._deny, self._only = [*read[0], *own], *read[1:], only

    def read_again(self) -> None:
        """Reads all rules by ``names``, which knows of other tools by now.

        One that is none any more, since its tool has gone, stays as it was.
        """
        for rules in (self._allow, self._ask, self._deny, self._only, self._session):
            rules[:] = map(self._again, rules)

    def remember(self, rule: str) -> None:
        """Allows what ``rule`` covers for the rest of the session.

        Raises:
            ValueError: it is no rule.
        """
        self._session.append(self._given_here(rule))

    def take_back(self, rules: Collection[str]) -> None:
        """Allows no longer what these rules of the session cover, as they are written."""
        self._session[:] = [rule for rule in self._session if rule.text not in rules]

    def has_leave(self, rule: Rule) -> bool:
        """Whether ``rule`` allows what it covers already, as it is written."""
        return any(rule.text == other.text for other in (*self._allow, *self._session))

    def forget(self) -> None:
        """Drops what was remembered for this session only."""
        self._session.clear()

    def judge(self, tool: Tool, call: Call, mode: str | None = None) -> Verdict:
        """Whether ``call``, one of ``tool``, may run, must ask, or is refused.

        Args:
            tool: whose call it is.
            call: what is to run.
            mode: the approval mode that counts; the one in force unless given.
        """
        mode = mode or self.mode
        subject = call.subject
        denied, rule = _strongest(self._deny, tool.name, subject)
        if denied == "yes" and rule is not None:
            return Verdict("refuse", _refusal(rule))
        only = [rule for rule in self._only if rule.names(tool.name)]
        if only and not allows(only, tool.name, subject):
            return Verdict("refuse", _limits(only, tool.name))
        if (there := only_mode_of(tool)) not in ("", mode):
            return Verdict("refuse", ONLY_IN.format(tool=tool.name, only=there, mode=mode))
        rules = self._allowing(tool, mode)
        changes = tool.kind == "edit" or (
            tool.kind == "execute" and not reading(rules, subject).whole
        )
        if mode == "plan" and changes:
            return Verdict("refuse", PLAN_REFUSAL)
        if tool.kind == "question" or subject.leaves_sandbox or subject.widens:
            return Verdict("ask")
        reads = not (mode == "auto" and self.judges_reads)
        allowed = allows(rules, tool.name, subject, reads=reads)
        # What a rule may forbid, were all words known, a person has to look at.
        if denied == "maybe" and rule is not None:
            return Verdict("ask", MAY_DENY.format(rule=rule.text))
        if subject.private and not allowed:
            return Verdict("ask")
        if mode == "yolo" or tool.kind == "plan":
            return Verdict("allow")
        if _strongest(self._ask, tool.name, subject)[0] != "no":
            return Verdict("ask")
        # What reads all below a folder may come upon what must not be read.
        for rule in self._deny:
            if rule.may_reach(subject):
                return Verdict("ask", MAY_REACH.format(rule=rule.text))
        if any(rule.may_reach(subject) for rule in self._ask):
            return Verdict("ask")
        return Verdict("allow" if self._runs_unasked(tool, call, mode, allowed=allowed) else "ask")

    def hook_may_allow(self, tool: Tool, call: Call) -> bool:
        """Whether the leave of a hook is enough for ``call``, which must ask.

        It is not for what asks in every mode, for a guarded file, nor for what a rule asks about.
        """
        subject = call.subject
        if tool.kind == "question" or subject.leaves_sandbox or subject.widens or subject.private:
            return False
        if _guarded(subject):
            return False
        return not any(
            rule.applies(tool.name, subject) != "no" or rule.may_reach(subject)
            for rule in (*self._deny, *self._ask)
        )

    def may_be_judged(self, tool: Tool, call: Call) -> bool:
        """Whether the yes of a model that judges is enough for ``call``, which must ask.

        It is for nothing for which that of a hook is not, nor outside of the workspace, nor for what is
        hidden there. A command that was not understood word by word may touch any of that, so it is
        judged only in a sandbox, which keeps those files whatever it does.
        """
        subject = call.subject
        if call.outside is not None or not self.hook_may_allow(tool, call):
            return False
        if tool.rule_kind == "command" and subject.line is None and not subject.confined:
            return False
        files = [*subject.files, *subject.named, *chain.from_iterable(subject.reads.values())]
        return not any(file.leave or not _is_in(file.real, subject.root) for file in files)

    @property
    def set_aside(self) -> list[str]:
        """The rules that allow nothing in auto mode: those for every command there is."""
        return [
            rule.text
            for rule in (*self._allow, *self._session)
            if rule.pattern is None and any(map(rule.names, self.names.commands))
        ]

    def asks_for_more(self, tool: Tool, changed: Call, than: Call) -> bool:
        """Whether ``changed``, which must ask, does so for a reason that ``than`` did not have.

        Leave for the one is leave for the other unless that touches a guarded file, another place
        outside or a private host, leaves the sandbox, or is what a rule asks about.
        """
        return not self._reasons(tool, changed) <= self._reasons(tool, than)

    def _reasons(self, tool: Tool, call: Call) -> set[str]:
        subject = call.subject
        found = {f"file {path}" for path in _guarded(subject)}
        for word, rules in (("rule", self._ask), ("deny", self._deny)):
            found |= {
                f"{word} {rule.text}"
                for rule in rules
                if rule.applies(tool.name, subject) != "no" or rule.may_reach(subject)
            }
        if call.outside is not None:
            found.add(f"outside {call.outside}")
        if subject.private:
            found.add(f"host {subject.host}")
        if subject.leaves_sandbox:
            found.add("sandbox")
        return found

    def hides(self, subject: Subject) -> bool:
        """Whether rules deny reading the files of ``subject``, so that no search shows them."""
        return any(rule.hides(subject) for rule in self._deny)

    def _allowing(self, tool: Tool, mode: str) -> list[Rule]:
        """The rules that may allow a call of ``tool``; in auto mode none for every command."""
        rules = [*self._allow, *self._session]
        if mode == "auto" and tool.rule_kind == "command":
            rules = [rule for rule in rules if rule.pattern or not rule.names(tool.name)]
        return rules

    def _runs_unasked(self, tool: Tool, call: Call, mode: str, *, allowed: bool) -> bool:
        if call.outside is not None and tool.kind == "execute":
            # Rules for commands say nothing about where they run; one for all commands does.
            rules = self._allowing(tool, mode)
            return any(rule.pattern is None and rule.names(tool.name) for rule in rules)
        if allowed:
            return True
        if call.outside is not None or any(file.guard for file in call.subject.files):
            return False
        return tool.kind in ("read", "agent") or (
            tool.kind == "edit" and mode in ("auto-edit", "auto")
        )

    def _rule(self, rule: str | Rule) -> Rule:
        return rule if isinstance(rule, Rule) else self.names.parse(rule)

    def _again(self, rule: Rule) -> Rule:
        try:
            return replace(self.names.parse(rule.text), here=rule.here)
        except ValueError:
            return rule

    def _given_here(self, rule: str | Rule) -> Rule:
        return replace(self._rule(rule), here=True)


def _is_in(path: str, root: str) -> bool:
    return path == "/dev/null" or path == root or path.startswith(f"{root.rstrip('/')}/")


def _guarded(subject: Subject) -> set[str]:
    """The guarded files that a call is about, those too that only words of a command name."""
    # Of a command's words, which no rule for paths need cover, none is looked at before.
    written = [file for file in (*subject.files, *subject.named) if file.writes]
    return {file.real for file in subject.files if file.guard} | {
        file.real
        for file in written
        if file.guard
        or any(guard_of(path, subject.home, subject.root) for path in (file.path, file.real))
    }


def _strongest(rules: Iterable[Rule], tool: str, subject: Subject) -> tuple[Certainty, Rule | None]:
    """The surest answer of ``rules``, and the rule that gave it."""
    unsure: Rule | None = None
    for rule in rules:
        found = rule.applies(tool, subject)
        if found == "yes":
            return "yes", rule
        if found == "maybe":
            unsure = rule
    return ("no" if unsure is None else "maybe"), unsure


def _refusal(rule: Rule) -> str:
    return (
        f"Refused: the permission rule {rule.text} denies this in every approval mode. "
        "Do not try to reach the same by other means; tell the person what you wanted to do, and "
        "that this rule stands in the way."
    )


def _limits(rules: Iterable[Rule], tool: str) -> str:
    covered = ", ".join(rule.text for rule in rules)
    return f"Refused: the settings limit {tool} to {covered}."
