"""Plans of a session: ``/plan``, what the person's yes to one does, and where plans are kept.

Imported once one of these is needed. A plan is written to a file only where that was asked for: by
``plansDirectory`` in the settings, or by ``/plan save``.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.commands.slash import Asks
from qwen_dual.core.errors import CommandFailed, UnknownMode
from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.fs.guarded import guard_of
from qwen_dual.fs.home import expanded
from qwen_dual.fs.replace import replace_file
from qwen_dual.settings import keys

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

USAGE = "/plan [exit | save [PATH] | what to plan]"

MEANS = {
    "default": "the person is asked before each change",
    "auto-edit": "edits in the workspace are not asked about",
    "auto": "what is not plainly safe is judged first",
    "yolo": "nothing is asked about",
}


def planning_of(launch: Launch, parts: Parts) -> Planning:
    """The plans of the session of ``parts``."""
    if parts.planning is None:
        parts.planning = Planning(parts.session, launch)
    return parts.planning


class Planning:
    """The plans of one session.

    Args:
        session: whose mode changes.
        launch: knows the folders and the settings.
    """

    def __init__(self, session: Session, launch: Launch) -> None:
        self._session = session
        self._launch = launch
        self._plan = ""  # the latest that was proposed, as it was allowed if it was

    # -- a plan that is proposed -----------------------------------------------------------

    @property
    def before(self) -> str:
        """The approval mode before plan mode."""
        return self._session.policy.before_plan

    def proposed(self, plan: str) -> None:
        """A plan is put to the person."""
        self._plan = plan

    async def approved(self, plan: str, choice: str, actor: Actor) -> str:
        """Ends plan mode: see ``tools.plan.Plans``."""
        self._plan = plan
        if self._session.approval_mode != "plan":
            # Somebody has changed the mode since the answer; theirs is the later word.
            choice = self._session.approval_mode
        try:
            self._session.leave_plan(choice, actor)
        except UnknownMode as error:  # the one before cannot be had any more
            self._session.notice(f"{error} The mode is default.", "warning")
            self._session.leave_plan("default", actor)
        mode = self._session.approval_mode
        told = f"The approval mode is {mode} now: {MEANS[mode]}. Carry the plan out."
        if (folder := self._folder()) is not None:
            try:
                told += f" The plan is kept in {await self._write(self._file_in(folder))}."
            except OSError as error:
                self._session.notice(f"The plan is not kept: {describe(error)}", "warning")
        return told

    # -- the command -----------------------------------------------------------------------

    def command(self, argument: str, actor: Actor) -> str | Asks:
        """``/plan``: enters plan mode, leaves it, or has something planned."""
        session = self._session
        planning = session.approval_mode == "plan"
        if argument == "exit":
            if not planning:
                raise CommandFailed(
                    f"The mode is {session.approval_mode}, not plan; /plan enters it."
                )
            session.set_approval_mode(session.policy.before_plan, actor)
            return f"Plan mode has ended. Approval mode: {session.approval_mode}"
        if planning and not argument:
            raise CommandFailed("The mode is plan already; /plan exit ends it.")
        session.set_approval_mode("plan", actor)
        if argument:
            return Asks(argument, own=argument)
        return (
            "Plan mode: only what reads is carried out, until you allow a plan. /plan exit ends it."
        )

    async def save(self, where: str) -> str:
        """``/plan save``: writes the latest plan to a file that is not there yet."""
        if not self._plan:
            raise CommandFailed("No plan was proposed in this session yet.")
        if not where:
            folder = self._folder() or os.path.join(self._launch.home, "plans")
            return f"Plan saved to {await self._write(self._file_in(folder))}"
        path = os.path.join(self._launch.cwd, expanded(where, self._launch.workspace.person))
        return f"Plan saved to {await self._write(path, new=True)}"

    # -- files -----------------------------------------------------------------------------

    def _folder(self) -> str | None:
        """Where the settings want plans kept; None where they do not, or not in the workspace."""
        wanted = self._launch.settings.get(keys.PLANS_DIRECTORY)
        if not wanted:
            return None
        root = os.path.realpath(self._launch.cwd)
        folder = os.path.realpath(os.path.join(root, wanted))
        if os.path.commonpath((root, folder)) != root:
            told = f"plansDirectory is not used: {folder} is outside of {root}."
            self._session.notice(told, "warning")
            return None
        name = guard_of(os.path.join(folder, "plan.md"), self._launch.workspace.person, root)
        own = os.path.join(root, ".qwen", "plans")
        if name and folder != own and not folder.startswith(own + "/"):
            told = f"plansDirectory is not used: {folder} lies in {name}, where a file may take effect."
            self._session.notice(told, "warning")
            return None
        return folder

    def _file_in(self, folder: str) -> str:
        return os.path.join(folder, f"{self._session.session_id}.md")

    async def _write(self, path: str, *, new: bool = False) -> str:
        text = self._plan if self._plan.endswith("\n") else f"{self._plan}\n"
        return await in_thread(partial(_write, path, text, new=new), abandon=False)


def _write(path: str, text: str, *, new: bool) -> str:
    if new and os.path.lexists(path):
        raise CommandFailed(f"{path} is there already; name another path")
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    replace_file(real, text.encode(), mode=0o600, folder_mode=0o700)
    return real
