"""``/rewind`` and ``/diff``: which prompt to go back to, with what, after a look at what would change."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Literal

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.conversation.going_back import FilePreview, GoingBack
from qwen_dual.core.conversation.rewinding import Refused
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.text.sentences import sentence
from qwen_dual.protocol.rewound import counted, first_line, preview_text, rewound_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.conversation.going_back import FileChange
    from qwen_dual.core.conversation.point import Point
    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.commands.screen import FrontEnd

UNDO = "undo"
TAKE_BACK = "/rewind undo takes it back."

NONE_YET = "There is no prompt to go back to yet."

LABEL_CHARS = 200
"""Of a prompt in the list; a row shows as much of it as there is room for."""

LISTED = 20
"""Files that are named; how many more there are is said."""

WHAT: dict[str, tuple[bool, bool]] = {
    "both": (True, True),
    "conversation": (True, False),
    "files": (False, True),
}
"""What goes back: the conversation, the files."""

CONFLICTS: dict[str, bool] = {"keep": False, "overwrite": True}
"""What becomes of files that somebody else has changed."""

USAGE = (
    "/rewind takes the number of a prompt (1 is the latest) or its uuid, then both, conversation or "
    "files, then keep or overwrite for files that somebody else has changed, then preview; or undo"
)


class RewindCommand:
    """The commands of one session, once somebody gives one.

    Args:
        session: what goes back.
        front_end: asks, and shows a diff.
    """

    def __init__(self, session: Session, front_end: FrontEnd) -> None:
        self._session = session
        self._asking = front_end.asking
        self._asks = "editor" in front_end.offers  # there is a person, and a draft
        self._screen = front_end.screen
        self._cwd = session.cwd

    # -- at the keyboard -------------------------------------------------------------------

    def ask(self) -> None:
        """Begins to ask the person where to go back to."""
        self._session.services.spawn(self._ask_where)

    async def _ask_where(self) -> None:
        found = await self._session.rewinding.points()
        choices = [_choice(point, files) for point, files in reversed(found)]
        if (undo := self._session.rewinding.undoable) is not None:
            choices.append(Choice(undo, "Take back the last going back"))
        if not choices:
            self._session.notice(NONE_YET)
            return

        def form(answers: Sequence[str]) -> Question | None:
            if answers:
                return None
            return Question("Go back to before which prompt?", tuple(choices))

        self._asking.open_form(form, self._chosen, "rewind")

    def _chosen(self, answers: Sequence[str]) -> None:
        if answers[0] == self._session.rewinding.undoable:
            self._session.answer_form("rewind", [answers[0], "both", "keep"], KEYBOARD)
        else:
            self._session.services.spawn(partial(self._ask_what, answers[0]))

    async def _ask_what(self, uuid: str) -> None:
        rewinding = self._session.rewinding
        point = self._session.points.find(uuid)
        if point is None:
            self._session.notice(NONE_YET)
            return
        preview, why = FilePreview(), ""
        try:
            preview = await rewinding.preview(uuid)
        except Refused as refusal:
            why = str(refusal)
        except OSError as error:
            why = f"Files cannot go back: {error}"
        form = _What(point.label, preview, why, self._cwd).question
        done = partial(self._answered_what, uuid, preview)
        self._asking.open_form(form, done, "rewind")

    def _answered_what(self, uuid: str, preview: FilePreview, answers: Sequence[str]) -> None:
        if answers[0] == "diff":
            self._session.services.spawn(partial(self._show, preview, uuid))
        else:
            self._session.answer_form("rewind", [uuid, *answers], KEYBOARD)

    async def _show(self, preview: FilePreview, uuid: str) -> None:
        """Opens the diff in the pager; the question stands behind it."""
        self._screen.page(await self._session.rewinding.diff(preview))
        await self._ask_what(uuid)

    # -- given as text ---------------------------------------------------------------------

    async def run(self, arguments: str, actor: Actor) -> str | None:
        """Goes back as ``arguments`` say; without any asks at the keyboard, and lists elsewhere."""
        words = arguments.split()
        if not words:
            if actor.at_keyboard and self._asks:
                await self._ask_where()
                return None
            return await self._listing()
        return await self._go_back(words, actor)

    async def answered(self, answers: Sequence[str], actor: Actor) -> str:
        """Goes back as the forms were answered."""
        return await self._go_back(answers, actor)

    async def _go_back(self, words: Sequence[str], actor: Actor) -> str:
        what = self._meant(words)
        try:
            event = await self._session.rewinding.run(what, actor)
        except Refused as refusal:
            raise CommandFailed(sentence(str(refusal))) from refusal
        data = event["data"]
        if what.preview:
            rows = [f"{one['change']:<6}  {self._short(one['path'])}" for one in data["changes"]]
            return "\n".join([preview_text(data), *rows])
        undoable = self._session.rewinding.undoable is not None
        rows = [f"  {self._short(one['path'])}: {one['why']}" for one in data["left"]]
        return "\n".join([rewound_text(data, undo=TAKE_BACK if undoable else ""), *rows])

    def _meant(self, words: Sequence[str]) -> GoingBack:
        where, *more = words
        parts, overwrite, preview = (True, not self._session.rewinding.no_files), None, False
        for word in more:
            if word in WHAT:
                parts = WHAT[word]
            elif word in CONFLICTS:
                overwrite = CONFLICTS[word]
            elif word == "preview":
                preview = True
            else:
                raise CommandFailed(f"{word!r} is nothing that goes back. {USAGE}.")
        to = self._target(where)
        return GoingBack(to, *parts, preview=preview, overwrite=overwrite)

    def _target(self, where: str) -> str:
        session = self._session
        if where == UNDO:
            if (undo := session.rewinding.undoable) is None:
                raise CommandFailed("There is no going back to take back, or not any more.")
            return undo
        points = list(session.points)
        if where.isdecimal():
            if not 1 <= int(where) <= len(points):
                raise CommandFailed(f"There is no prompt {where}: there are {len(points)}.")
            return points[-int(where)].uuid
        return where

    async def _listing(self) -> str:
        found = await self._session.rewinding.points()
        if not found:
            return NONE_YET
        rows = [
            f"{number:>3}  {_label(point)}" + (f"  ({counted(files, 'file')})" if files else "")
            for number, (point, files) in enumerate(reversed(found), 1)
        ]
        return "\n".join(["Say which: /rewind NUMBER, both, conversation or files", *rows])

    def _short(self, path: str) -> str:
        return short(path, self._cwd)

    # -- what was changed ------------------------------------------------------------------

    async def diff(self, arguments: str, actor: Actor) -> str:
        """What the session changed: the files, and the lines in the pager or behind them."""
        rewinding = self._session.rewinding
        if arguments:
            raise CommandFailed(f"/diff takes nothing, not {arguments!r}")
        if rewinding.files is None or rewinding.no_files:
            raise CommandFailed(f"What this session changed is not known: {rewinding.no_files}.")
        changed = await rewinding.files.changed()
        if not changed.files:
            return "\n".join(["This session has changed no file.", *changed.remarks])
        text = await rewinding.diff(changed)
        rows = _rows(changed.files, self._cwd)
        said = "\n".join([*rows, *changed.remarks])
        if actor.at_keyboard and self._asks:
            self._screen.page(text)
            return said
        return f"{said}\n\n{text}".rstrip()


class _What:
    """What is asked once a prompt was chosen: what goes back, and then what of conflicts."""

    def __init__(self, text: str, preview: FilePreview, why: str, cwd: str) -> None:
        self._text = first_line(text, 60)
        self._files = preview.files
        self._conflicts = [change for change in preview.files if change.conflict]
        self._cwd = cwd
        self._details = [*_rows(preview.files, cwd), *preview.remarks]
        if why:
            self._details = [sentence(why)]
        elif not preview.files:
            self._details.insert(0, "No file was changed since.")

    def question(self, answers: Sequence[str]) -> Question | None:
        if not answers:
            return Question(
                f"Go back to before “{self._text}” with what?",
                tuple(self._choices()),
                details=tuple(self._details),
            )
        if len(answers) == 1 and self._conflicts and WHAT.get(answers[0], (False, False))[1]:
            count = counted(len(self._conflicts), "file")
            return Question(
                f"{count} may hold what is not this session's. What becomes of them?",
                (
                    Choice("keep", "Leave them as they are"),
                    Choice("overwrite", "Overwrite them"),
                ),
                details=tuple(_rows(self._conflicts, self._cwd)),
            )
        return None

    def _choices(self) -> list[Choice]:
        if not self._files:
            return [Choice("conversation", "Conversation")]
        return [
            Choice("both", "Files and conversation"),
            Choice("conversation", "Conversation only"),
            Choice("files", "Files only"),
            Choice("diff", "Show what would change"),
        ]


def _choice(point: Point, files: int) -> Choice:
    return Choice(point.uuid, _label(point), counted(files, "file") if files else "")


def _label(point: Point) -> str:
    clock = _clock(point.at) if point.at else "     "
    return f"{clock}  {first_line(point.label, LABEL_CHARS) or '(no words)'}"


def _clock(seconds: float) -> str:
    then = time.localtime(seconds)
    today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


def _rows(changes: Sequence[FileChange], cwd: str) -> list[str]:
    """A line for each file: what is done to it, its lines, and what is odd about it."""
    signs: dict[Literal["add", "modify", "delete"], str] = {
        "add": "A",
        "modify": "M",
        "delete": "D",
    }
    rows = []
    for change in changes[:LISTED]:
        lines = f"  +{change.added} −{change.removed}" if change.added or change.removed else ""
        odd = change.blocked or change.conflict
        note = f"  {change.note}" if change.note else ""
        row = f"{signs[change.change]} {short(change.path, cwd)}{lines}{note}"
        rows.append(f"{row}  ({odd})" if odd else row)
    if len(changes) > LISTED:
        rows.append(f"… {len(changes) - LISTED} more")
    return rows


def short(path: str, cwd: str) -> str:
    """A path as it is called from the session's folder, where it is below that."""
    inside = os.path.relpath(path, cwd) if path.startswith(f"{cwd.rstrip('/')}/") else path
    return inside
