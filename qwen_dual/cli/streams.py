"""A session over streams both ways: its start, its signals, its channels, and its exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from qwen_dual.cli.headless import (
    GRACE_SECONDS,
    ImpatientSignals,
    begin_unattended,
    show,
)
from qwen_dual.cli.lean import import_asyncio
from qwen_dual.frontends.headless.stdout import Stdout
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.launch import StartError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from qwen_dual.cli.faults import Beginning
    from qwen_dual.cli.parser import Options
    from qwen_dual.runtime.host_hooks import Ask, HostHook
    from qwen_dual.runtime.opened import OpenSession


def run_streams(
    options: Options, inputs: Mapping[str, os.stat_result | None], beginning: Beginning
) -> int:
    """Runs what comes in on stdin until its end; returns the exit status.

    Args:
        options: the command line.
        inputs: the input file as it was when the process started, by its name as given.
        beginning: told what was begun.

    Raises:
        StartError: something that is asked for cannot be had.
    """
    if options.resume == "":
        raise StartError("--resume needs the ID of a session here: nobody is there to pick one")
    with ImpatientSignals() as signals:
        factory = SessionFactory()
        launch, channels = begin_unattended(factory, options, inputs, beginning)
        import_asyncio()
        from qwen_dual.cli.loop import run_session
        from qwen_dual.core.actor import SDK
        from qwen_dual.frontends.headless.bounds import Bounds
        from qwen_dual.frontends.headless.streams import StreamRun, Wanted
        from qwen_dual.runtime.host_servers import HostServers
        from qwen_dual.runtime.model_choice import model_called

        calls = options.max_tool_calls
        wanted = Wanted(
            options.include_partial_messages,
            Bounds(None if calls == -1 else calls, options.max_wall_time, options.max_budget_usd),
            options.asks_on_stdin,
            channels.source is not None,
            options.prompt,
            options.include_hook_events,
        )
        stdout = Stdout(give_up=lambda: signals.seconds > GRACE_SECONDS)

        async def front(handle: OpenSession) -> int:
            handle.attach()
            dispatcher = handle.dispatcher(SDK)

            def look_for_model(name: str) -> None:
                if found := model_called(name, options, launch.settings):
                    handle.latest.add_model(name, found)

            def bring(hooks: list[HostHook], ask: Ask) -> list[str]:
                from qwen_dual.runtime.host_hooks import bring_hooks

                return bring_hooks(handle, hooks, ask)

            def take_agents(agents: Any) -> list[str]:
                from qwen_dual.runtime.host_agents import bring_agents

                return bring_agents(handle, agents)

            run = StreamRun(
                handle,
                dispatcher,
                wanted,
                stdout,
                sys.stderr,
                HostServers(handle),
                look_for_model,
                bring,
                take_agents,
            )
            return await show(run, handle, options, signals)

        return run_session(factory, launch, channels, signals, front)
