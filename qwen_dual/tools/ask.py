"""``ask_user_question``: puts questions to the person.

They go the way of an approval: the request's ``input`` holds the questions, and who allows it puts
``answers`` (a mapping from the text of each question to its answer) into ``updated_input``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.tool import Display, Shown, Subject, ToolResult
from qwen_dual.tools.calls import SchemaTool, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion
    from qwen_dual.tools.parameters import Question

MAX_ANSWER = 10_000


class AskUserQuestionTool(SchemaTool):
    """Asks. Answers that a model puts into its own call count for nothing."""

    name = "ask_user_question"
    kind: Kind = "question"
    aliases = ("AskUserQuestion", "AskUserQuestionTool")
    rule_kind: RuleKind = "plain"
    display = Display("Question", "Asking", about="asks you something")
    description = (
        "Asks the person one to four questions and returns the answers. Use it when a decision is "
        "theirs and the work depends on it, not for leave to go on. Give two to four options each, "
        "the one you recommend first; they can always answer in their own words."
    )

    def prepare(self, arguments: Mapping[str, Any]) -> QuestionCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.AskUserQuestion, arguments)
        return QuestionCall(given.questions)


class QuestionCall:
    """Some questions, and what was answered so far."""

    outside: str | None = None
    subject = Subject()
    suggestions: Sequence[Suggestion] = (
        {"type": "allow", "label": "Answer", "description": "Send the answers"},
        {"type": "deny", "label": "Decline", "description": "Answer none of them"},
    )

    def __init__(
        self, questions: Sequence[Question], answers: Mapping[str, str] | None = None
    ) -> None:
        first = questions[0]
        more = f" (and {len(questions) - 1} more)" if len(questions) > 1 else ""
        self.title = one_line(first.header or first.question) + more
        self._questions = questions
        self._answers = answers or {}

    def answered(self, updated_input: Mapping[str, Any]) -> QuestionCall:
        """The same questions with the answers that ``updated_input`` holds."""
        return QuestionCall(self._questions, answers_in(updated_input.get("answers")))

    async def preview(self) -> Preview | None:
        """The questions and their options as text, for who cannot show them otherwise."""
        blocks = []
        for question in self._questions:
            several = " (several may be chosen)" if question.multiSelect else ""
            lines = [question.question + several]
            for option in question.options:
                said = f": {option.description}" if option.description else ""
                lines.append(f"  - {option.label}{said}")
            blocks.append("\n".join(lines))
        return {"kind": "questions", "title": self.title, "text": "\n\n".join(blocks)}

    async def run(self, context: ToolContext) -> ToolResult:
        """Tells the answers; ``context`` is not used."""
        lines = []
        for question in self._questions:
            answer = self._answers.get(question.question) or self._answers.get(question.header)
            lines.append(f"{question.question}\n→ {answer or '(no answer was given)'}")
        said = "\n\n".join(lines)
        return ToolResult(f"The person answered:\n\n{said}", shown=Shown(output=said))


def answers_in(given: object) -> dict[str, str]:
    """The answers of an ``updated_input``, whatever shape its sender gave them."""
    if not isinstance(given, dict):
        return {}
    found = {}
    for question, answer in given.items():
        parts = answer if isinstance(answer, list) else [answer]
        text = ", ".join(str(part) for part in parts if part not in (None, ""))
        if text:
            found[str(question)] = text[:MAX_ANSWER]
    return found
