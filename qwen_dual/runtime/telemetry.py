"""Has a session tell who wants to know what it does, by OpenTelemetry; imported where that is asked for.

Whether it is, nobody's folder decides: the settings are the person's, and so are the variables.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from qwen_dual import __version__
from qwen_dual.fs.home import expanded, home_of
from qwen_dual.models.endpoint import address_of
from qwen_dual.settings import keys, telemetry_keys
from qwen_dual.telemetry import needed
from qwen_dual.telemetry.conventions import provider_of
from qwen_dual.telemetry.observer import Observer
from qwen_dual.telemetry.options import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.settings.load import Settings

_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "gcp.gemini"}


class Telemetry(Struct):
    """What a session has of it.

    Attributes:
        observer: gets its events; None where nothing is sent.
        problems: what was asked for and cannot be had.
    """

    observer: Observer | None = None
    problems: list[str] = field(default_factory=list)
    _report: Callable[[str], object] = lambda text: None

    def start(self, session: Session) -> None:
        """Begins to send, and tells in the session what goes wrong; on its loop."""
        loop = asyncio.get_running_loop()

        def report(text: str) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(session.notice, text, "warning")

        self._report = report
        if self.observer is not None:
            self.observer.start()

    def report(self, text: str) -> None:
        """Tells the person something, from any thread."""
        self._report(text)

    def close(self) -> None:
        """Sends what is left, within a bound; blocks as long."""
        if self.observer is not None:
            self.observer.close()


def asked_in(settings: Settings) -> dict[str, Any]:
    """What the settings say of it, as ``options`` takes it."""
    said = settings.get(keys.TELEMETRY)
    found = {
        "enabled": telemetry_keys.ENABLED.within(said),
        "target": telemetry_keys.TARGET.within(said),
        "otlpEndpoint": telemetry_keys.ENDPOINT.within(said),
        "otlpProtocol": telemetry_keys.PROTOCOL.within(said),
        "otlpTracesEndpoint": telemetry_keys.TRACES_ENDPOINT.within(said),
        "otlpMetricsEndpoint": telemetry_keys.METRICS_ENDPOINT.within(said),
        "otlpLogsEndpoint": telemetry_keys.LOGS_ENDPOINT.within(said),
        "outfile": telemetry_keys.OUTFILE.within(said),
        "logPrompts": telemetry_keys.LOG_PROMPTS.within(said),
        "includeSensitiveSpanAttributes": telemetry_keys.SENSITIVE_SPANS.within(said),
        "includeSessionId": telemetry_keys.SESSION_IN_METRICS.within(said),
        "resourceAttributes": telemetry_keys.RESOURCE_ATTRIBUTES.within(said),
    }
    return {key: value for key, value in found.items() if value is not None}


def telemetry_for(launch: Launch) -> Telemetry | None:
    """What is asked for; None for nothing. Subscribes it, so before the first event."""
    settings = launch.settings
    asked = options(
        launch.spec.telemetry,
        settings.environment.values,
        asked_in(settings),
        # A session at a screen may outlive by far what its terminal was started in.
        inherits=launch.spec.await_agents,
    )
    if not asked.enabled and not (asked.problems and launch.spec.telemetry):
        return None
    telemetry = Telemetry(problems=list(asked.problems))
    if not asked.enabled:
        return telemetry
    try:
        needed.check()
    except needed.Missing as missing:
        telemetry.problems.append(f"Nothing is sent: {missing}.")
        return telemetry
    if asked.outfile:
        path = os.path.join(
            launch.cwd, expanded(asked.outfile, home_of(settings.environment.values))
        )
        asked = replace(asked, outfile=path)

    def provider(model: str) -> str:
        config = launch.choice.configs.get(model)
        return provider_of(model) or (_PROVIDERS[config.protocol] if config is not None else "")

    def server(model: str) -> tuple[str, int]:
        config = launch.choice.configs.get(model)
        return ("", 0) if config is None else address_of(config)

    observer = Observer(asked, __version__, telemetry.report, provider=provider, server=server)
    telemetry.observer = observer
    launch.bus.subscribe(observer, name="Telemetry", on_error="drop")
    return telemetry
