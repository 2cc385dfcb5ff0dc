"""The terminal front end: composes view, controller, region, scrollback and clock, and runs them.

An observer of the bus plus an editor. It ends when the session closes, and asks that to close when the
person leaves or the terminal does; what follows is the program's affair.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.tools.tool import display_of
from qwen_dual.frontends.tui.controller import Controller
from qwen_dual.frontends.tui.editing.external import ExternalPrograms
from qwen_dual.frontends.tui.editing.history_keeper import HistoryKeeper
from qwen_dual.frontends.tui.editing.pasting import Pasting
from qwen_dual.frontends.tui.editing.suggest import following
from qwen_dual.frontends.tui.keys import make_bindings
from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer, load_in_thread
from qwen_dual.frontends.tui.region.clock import RedrawClock, Wakes
from qwen_dual.frontends.tui.region.footer import Around, Facts, short_folder
from qwen_dual.frontends.tui.region.layout import Region
from qwen_dual.frontends.tui.region.painter import Painter
from qwen_dual.frontends.tui.rendering.open_rendering import OpenRendering
from qwen_dual.frontends.tui.rendering.render import BlockRenderer
from qwen_dual.frontends.tui.rendering.scrollback import Scrollback
from qwen_dual.frontends.tui.rendering.transcript import Transcript
from qwen_dual.frontends.tui.rendering.unfolding import Unfolding
from qwen_dual.frontends.tui.rendering.whole import WholeTranscript
from qwen_dual.frontends.tui.state.blocks import NoticeBlock
from qwen_dual.frontends.tui.state.first_screen import first_screen
from qwen_dual.frontends.tui.state.replay import replay as replay_events
from qwen_dual.frontends.tui.terminal import clipboard
from qwen_dual.frontends.tui.terminal.appearance import Appearance
from qwen_dual.frontends.tui.terminal.application import LoopFailures, make_application
from qwen_dual.frontends.tui.terminal.device import Device
from qwen_dual.frontends.tui.terminal.guest import Guest
from qwen_dual.frontends.tui.terminal.keyinput import ask_background, create_input
from qwen_dual.frontends.tui.terminal.terminal import create_output
from qwen_dual.frontends.tui.terminal.tty_output import TerminalOutput
from qwen_dual.frontends.tui.text import links, theme
from qwen_dual.fs.home import home_of
from qwen_dual.runtime.habits import Habits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

    from qwen_dual.frontends.tui.editing.history_keeper import HistoryStore
    from qwen_dual.frontends.tui.editing.suggest import FileSource
    from qwen_dual.frontends.tui.editing.vi_mode import ViMode
    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle

STOP_TIMEOUT = 2.0
"""Seconds that a turn may take to stop before the screen is given up."""


class Tui:
    """The front end of one session.

    Args:
        session: what it shows and steers.
        channels: how many dual-output channels are open; may be set later.
        banner: the first screen; the program's name, version and where it is by default.
        version: of the program.
        env: the session's environment, now: which terminal this is, the person's editor and pager.
        around: tells what else the footer says.
        files: what ``@`` completes; nothing where None.
        history: keeps what is sent for later sessions; nothing does where None.
        replay: the events of an earlier conversation, shown before the first prompt.
        pictures: gives the images that an event tells of, where they are drawn.
        habits: what the person has set up: colours, editor, vi's keys, what Enter does, no first screen.
        screen_reader: words in place of symbols, and nothing that moves.
        before_drawing: called before anything new is shown, so that it can be saved first.
        guest: what the terminal itself is told of the session.
        input: where keys come from; the terminal by default.
        output: what is drawn on; the terminal by default.

    Attributes:
        painted: set once the region was drawn for the first time.
        loaded: set once what renders Markdown is there.
        page, edit: open a text in the person's pager, in their editor.
    """

    page: Callable[[str], None]
    edit: Callable[[str, Callable[[str], object]], bool]

    def __init__(
        self,
        session: SessionHandle,
        *,
        channels: int = 0,
        banner: Sequence[str] = (),
        version: str,
        env: Callable[[], Mapping[str, str]] = dict,
        around: Callable[[], Around] = Around,
        files: FileSource | None = None,
        history: HistoryStore | None = None,
        replay: Sequence[Event] = (),
        pictures: Callable[[Event], Sequence[Block]] | None = None,
        habits: Habits | None = None,
        screen_reader: bool = False,
        before_drawing: Callable[[], None] = lambda: None,
        guest: Guest | None = None,
        input: Input | None = None,
        output: Output | None = None,
    ) -> None:
        habits = habits or Habits()
        self.channels = channels
        self.hosts: Sequence[str] = ()
        self.painted, self.loaded = anyio.Event(), anyio.Event()
        self._session, self._env, self._around = session, env, around
        self._hide_banner, self._before_drawing = habits.hide_banner, before_drawing
        self._folder = short_folder(session.cwd, home_of(env()))
        about = f"qwen-dual {version} · {session.model_name} · {self._folder}"
        self._banner = first_screen(banner, about)
        self._output = output or create_output(self._gone, env())
        self._clock = RedrawClock(self._tick, blocked=lambda: self._scrollback.blocked)
        display = partial(display_of, session.tools)
        guest = guest or Guest()
        self.view = guest.view(self._clock.mark, display_of=display, colour_of=session.agent_colour)
        self._whole = WholeTranscript(display)
        self.controller = Controller(session, self.view, self, files=files)
        self.controller.sending.enter_queues = habits.enter_queues
        self._programs = ExternalPrograms(
            self.controller.editor,
            session.closing,
            habits.editor,
            env,
            self._say_error,
            self._clock.mark,
        )
        self.page, self.edit = self._programs.page, self._programs.edit_text
        Pasting(
            self.controller, self._programs.beside, env, self._write_raw, lambda: self._app.input
        )
        self._files = files
        self._markdown = MarkdownRenderer(links=links.supported(env()))
        layout = self.controller.asking.dialog.layout
        layout.highlight, layout.in_thread = self._markdown.highlight, self._programs.in_thread
        region = Region(self.controller, lambda: self._painter.frame)
        depth = self._output.get_default_color_depth()
        self._appearance = Appearance(depth, habits.theme or theme.DEFAULT, self._restyle)
        self._app = make_application(
            region.layout,
            self._appearance.style,
            make_bindings(self.controller),
            input or create_input(on_gone=self._gone),
            self._output,
        )
        self._app.after_render += lambda _: self.painted.set()
        self._scrollback = Scrollback(self._app)
        self._device = Device(
            self._app,
            self._scrollback,
            lambda: self._programs.open,
            env(),
            guest,
            self._clock.mark,
        )
        self._transcript = Transcript(
            self._scrollback,
            BlockRenderer(self._markdown),
            lambda: self._painter.columns,
            spoken=screen_reader,
            guest=guest,
        )
        self._transcript.render_in(self._programs.in_thread, self._clock.mark)
        self._transcript.hold()
        self._painter = Painter(
            self._app,
            region,
            self._scrollback,
            self._transcript,
            self.view,
            self.controller,
            self._facts,
            rendering=OpenRendering(self._markdown.render, self._markdown.look),
            still=screen_reader,
        )
        self._unfolding = Unfolding(
            self.view, self._whole, self._programs, self.show, lambda: self._painter.rows
        )
        self._app.before_render += lambda _: before_drawing()
        self._failures = LoopFailures(self._gone)
        self._wakes, self._drawn = Wakes(self._clock.mark), anyio.Event()
        self._history = None if history is None else HistoryKeeper(history, self.controller.editor)
        self._vi: ViMode | None = None
        self.set_vi(habits.vi)
        self._pictures = pictures
        if replay:
            self.replay(replay)
        session.subscribe(self.view, name="The screen", on_error="keep", missed=True)
        session.subscribe(self._whole, name="Ctrl+O", on_error="keep", missed=True, streamed=False)

    async def run(self) -> None:
        """Runs until the session closes.

        Afterwards the region is gone, the transcript stands in the scrollback, the cursor on a
        line of its own, and the terminal's modes are as they were.

        Raises:
            UiError: something in the front end failed; the session was asked to close.
        """
        with ExitStack() as stack:
            end = self._session.request_close
            stack.enter_context(self._device.held(lambda _: end(), self.controller.control_c))
            stack.enter_context(self._failures.watched())
            # Before anything is shown: keys that are pressed at the sight of it must not be echoed.
            stack.enter_context(self._app.input.raw_mode())
            if isinstance(self._output, TerminalOutput):
                ask_background(self._appearance, self._app.input, self._write_raw, self._env())
            if self._files is not None:
                stack.enter_context(following(self._files, self.controller.files_changed))
            if not self._hide_banner:
                self._transcript.add([self._banner])
                self._transcript.commit()
            async with anyio.create_task_group() as group:
                self._programs.group = group
                group.start_soon(self._clock.run)
                group.start_soon(self._end_with_session)
                group.start_soon(self._load_late)
                if self._history is not None:
                    group.start_soon(self._history.run, self.painted)
                try:
                    await self._app.run_async(set_exception_handler=False, handle_sigint=False)
                except EOFError:  # the terminal is gone
                    end()
                self._programs.group = None
                group.cancel_scope.cancel()
            self._wakes.cancel()
            if self._history is not None:
                self._history.flush()
            self._flush()
        self._failures.raise_first()

    def _flush(self) -> None:
        """Prints what was finished since the last drawing."""
        self._transcript.add(self.view.take())
        self._transcript.finish()
        self._scrollback.finish()
        if isinstance(self._output, TerminalOutput):
            self._output.close()

    # -- what commands ask for -------------------------------------------------------------

    async def copy_answer(self) -> str:
        """Puts the model's last message into the person's clipboard; says what became of it.

        Empty where it has said nothing.
        """
        env, write = self._env(), self._write_raw
        return await clipboard.copy(lambda: self.view.last_answer, env=env, write=write)

    def set_theme(self, name: str, *, preview: bool = False) -> None:
        """Changes the colours of all that is drawn from now on; an unknown name is the default."""
        self._appearance.choose(name, preview=preview)
        self._restyle()

    @property
    def theme_name(self) -> str:
        """The theme that was chosen."""
        return self._appearance.name

    @property
    def vi(self) -> bool:
        """Whether the editor has vi's keys."""
        return self._vi is not None and self._vi.on

    def set_vi(self, on: bool) -> str:
        """Gives the editor vi's keys, or the usual ones; says which."""
        if self._vi is None and on:
            from qwen_dual.frontends.tui.editing.vi_mode import ViMode

            self._vi = ViMode(self._app, self.controller, self._device.shape_cursor)
        return "" if self._vi is None else self._vi.switch(on)

    def _restyle(self) -> None:
        self._app.style = self._appearance.style
        self._clock.mark()

    def follow(self, session: SessionHandle) -> None:
        """Shows and steers the session that took the place of the one before."""
        self._session = self.controller.session = self.controller.asking.session = session

    def replay(self, events: Sequence[Event]) -> None:
        """Shows the end of an earlier conversation, rendered as a live one is."""
        replay_events(self.view, events, self._pictures)
        self._whole.replay(events)
        self._clock.mark()

    def _write_raw(self, data: str) -> None:
        self._output.write_raw(data)
        self._output.flush()

    # -- what the controller asks for ------------------------------------------------------

    def changed(self) -> None:
        """Draws soon."""
        self._clock.mark()

    def later(self, seconds: float) -> None:
        """Draws after so many seconds, for what a person sees go away by itself."""
        self._wakes.after(seconds)

    def clear(self) -> None:
        """Empties the window."""
        self._scrollback.clear()

    def expand(self) -> bool:
        """Shows the last folded output whole, or everything: see ``Unfolding``."""
        return self._unfolding.expand()

    def show(self, *blocks: Block) -> None:
        """Shows ``blocks`` behind all that has been told so far."""
        self._transcript.add([*self.view.take(), *blocks])
        self._clock.mark()

    def toggle_raw(self) -> None:
        """Shows what follows as raw Markdown, or no longer, and says so."""
        self.show(NoticeBlock("quiet", self._markdown.toggle_raw()))

    def suspend(self) -> None:
        """Stops the program until the shell continues it; nothing where there is no shell."""
        self._device.suspend()

    def edit_externally(self) -> None:
        """Opens the draft in the person's editor."""
        self._programs.edit()

    def _say_error(self, text: str) -> None:
        self._transcript.add([NoticeBlock("error", text)])

    # -- the tasks -------------------------------------------------------------------------

    async def _end_with_session(self) -> None:
        await self._session.closing.wait()
        # A turn that is being stopped still has something to say.
        with anyio.move_on_after(STOP_TIMEOUT):
            await self._until_idle()
        self.leave()

    async def _until_idle(self) -> None:
        while self.view.work.state != "idle":
            self._drawn = anyio.Event()
            await self._drawn.wait()

    async def _load_late(self) -> None:
        await self.painted.wait()
        await load_in_thread(self._markdown)
        self._transcript.release()
        self._clock.mark()
        self.loaded.set()

    # -- drawing ---------------------------------------------------------------------------

    def _tick(self) -> None:
        self._before_drawing()
        self._drawn.set()
        if not self._painter.draw():
            self._clock.mark()
        self._clock.animate(self._painter.animated)

    def _facts(self) -> Facts:
        around = self._around()
        return Facts(
            folder=self._folder,
            branch=around.branch,
            model=self._session.model_name,
            mode=self._session.approval_mode,
            tokens=self.view.context_tokens,
            window=self._session.model.context_window,
            channels=self.channels,
            hosts=self.hosts,
            sandbox=around.sandbox,
            tasks=around.tasks,
            attached=around.attached,
            vi=self._vi.word if self._vi is not None else "",
            tip=self.controller.tip,
            hint=self.controller.hint,
        )

    # -- the end ---------------------------------------------------------------------------

    def leave(self) -> None:
        """Ends ``run``; what was told by then is shown."""
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def _gone(self) -> None:
        self._session.request_close()
        self.leave()
