"""The UI of a session that runs elsewhere: the view of ``frontends.tui`` over its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual import __version__
from qwen_dual.frontends.tui.app import Tui
from qwen_dual.frontends.tui.attached import ATTACHED, WATCHES, first_lines
from qwen_dual.frontends.tui.region.footer import Around
from qwen_dual.frontends.tui.state.replay import with_stream
from qwen_dual.frontends.tui.terminal.guest import Guest
from qwen_dual.git.repository import Branch
from qwen_dual.host.errors import SessionExited
from qwen_dual.runtime.attached import AttachedSession
from qwen_dual.runtime.attached_names import names_of_tools
from qwen_dual.runtime.habits import Habits
from qwen_dual.runtime.process import environment
from qwen_dual.runtime.prompting import file_index
from qwen_dual.runtime.workspace import open_workspace
from qwen_dual.settings.secrets import is_secret

if TYPE_CHECKING:
    from qwen_dual.cli.attaching import Connection, Past
    from qwen_dual.host.session import Session
    from qwen_dual.runtime.workspace import Workspace

NOT_WHOLE = "What was said earlier is not kept any more: this begins later."
LOST = "Some events did not come here: what is shown has a gap."
ENDED = "The session has ended."
GONE = "The session is gone: it ended without a word."


class AttachedView:
    """The screen of this terminal.

    Args:
        session: the connection.
        link: takes what is done here.
        past: the events until now.
        spoken: words in place of symbols, and nothing that moves by itself.

    Attributes:
        handle: the session, as the UI has it.
        tui: the UI.
        status: the exit status.
        outcome: what became of the session; empty while it goes on.
    """

    def __init__(
        self, session: Session, link: Connection, past: Past, *, spoken: bool = False
    ) -> None:
        self.status, self.outcome = 0, ""
        self._session = session
        self.workspace = workspace = _workspace(session)
        start = {**session.greeting.data, "cwd": workspace.cwd}
        tools = names_of_tools(workspace.cwd, workspace.env)
        self.handle = AttachedSession(start, tools, link, session.rights)
        link.told = self.handle.notice
        branch = Branch(workspace.cwd)
        word = WATCHES if session.rights == {"observe"} else ATTACHED
        self._index = file_index(workspace)
        self._guest = Guest()
        self._spoken = spoken
        self.tui = Tui(
            self.handle,
            banner=self._banner(watches=word is WATCHES),
            version=__version__,
            env=lambda: workspace.env,
            around=lambda: Around(branch=branch.name, attached=word),
            files=self._index,
            habits=Habits.of(workspace.settings),
            screen_reader=spoken,
            guest=self._guest,
        )
        self._show(past)

    def _banner(self, *, watches: bool) -> list[str]:
        folder = self.workspace.short(self.workspace.cwd)
        about = f"qwen-dual {__version__} · {self.handle.model_name} · {folder}"
        return first_lines(about, self.handle.session_id, watches=watches)

    def _show(self, past: Past) -> None:
        if not past.whole:
            self.handle.notice(NOT_WHOLE)
        for event in past.turns:
            self.handle.track(event)
        self.tui.replay([event for event in past.turns if event["type"] != "stream_event"])
        for event in past.said:
            self._guest(event)
            for one in with_stream(event):
                self.handle.feed(one)
        for event in past.open:
            self._guest(event)
            self.handle.feed(event)

    async def run(self, stop: anyio.Event) -> None:
        """Shows and steers the session until it ends, or ``stop`` is set."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._follow)
            group.start_soon(self._leave_when, stop)
            group.start_soon(self._index.run)
            group.start_soon(self._tell_terminal)
            await self.tui.run()
            group.cancel_scope.cancel()

    async def _tell_terminal(self) -> None:
        """Has this terminal told what the session is doing, once the screen is there."""
        await self.tui.painted.wait()
        from qwen_dual.frontends.tui.terminal.reports import Reports
        from qwen_dual.runtime.in_terminal import InTerminal

        workspace = self.workspace
        wishes = InTerminal.of(workspace.settings)
        self._guest.begin(Reports(workspace.cwd, workspace.env, wishes, words=self._spoken))
        self.tui.changed()

    async def _leave_when(self, stop: anyio.Event) -> None:
        await stop.wait()
        self.tui.leave()

    async def _follow(self) -> None:
        """Shows what comes, to the end of the session."""
        status, outcome = 1, GONE
        try:
            async for event in self._session:
                if event.type == "host" or event.kind == "system/gap":
                    self.handle.notice(LOST, "warning")
                else:
                    self._guest(event.raw)
                    self.handle.feed(event.raw)
                if event.kind == "system/session_end":
                    status, outcome = 0, ENDED
        except SessionExited:
            pass
        self.status, self.outcome = status, outcome
        self.tui.leave()


def _workspace(session: Session) -> Workspace:
    """The folder of the session, with what this person's settings say of the screen."""
    env = environment()
    workspace = open_workspace(session.greeting.cwd or "/", env, flags={})
    # An editor or a pager that is opened here gets no keys.
    withheld = [name for name in workspace.settings.environment.values if is_secret((name,))]
    return workspace.of_session(session.session_id, withheld)
