"""``qwen-dual observe``: tells a collector what sessions do, from outside, of any program with dual output."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

import anyio
from msgspec.structs import replace

from qwen_dual import __version__
from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.observing import ObserveError, Observing, is_stream, until_signal
from qwen_dual.cli.progress_bar import ProgressBar
from qwen_dual.cli.stderr import tell
from qwen_dual.concurrency.failures import first_failure
from qwen_dual.core.secrets import Secrets
from qwen_dual.fs.home import expanded, home_of, qwen_home
from qwen_dual.host.errors import HostError
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.recorded import Recorded
from qwen_dual.runtime.launch import LONG_SECRET
from qwen_dual.runtime.process import environment, folder
from qwen_dual.runtime.telemetry import asked_in
from qwen_dual.settings.load import load_settings
from qwen_dual.settings.secrets import is_secret
from qwen_dual.telemetry import needed
from qwen_dual.telemetry.operations import parent_ids
from qwen_dual.telemetry.options import KINDS, PROMETHEUS_PORT, Options, Target, options
from qwen_dual.telemetry.signal_builder import SignalBuilder
from qwen_dual.telemetry.watching import Watched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.telemetry.sending import Sender

CLOSE_SECONDS = 15.0
"""What the end waits for what is still to be sent."""


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual observe``; returns its exit status, with ``-- COMMAND`` that of the command.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    parser = _parser()
    end = arguments.index("--") if "--" in arguments else len(arguments)
    asked, command = parser.parse_args(arguments[:end]), list(arguments[end + 1 :])
    wanted = sum((bool(asked.files), bool(asked.session or asked.all), bool(command)))
    if wanted != 1:
        parser.error("name files of events (or recordings), --session, --all, or -- COMMAND")
    try:
        needed.check()
        return _Observe(asked, command).run()
    except (needed.Missing, ObserveError, RecordingError, HostError, OSError) as error:
        tell(f"qwen-dual: {_words(error)}")
        return 1


class _Observe:
    """One run of it."""

    def __init__(self, asked: argparse.Namespace, command: list[str]) -> None:
        self._asked = asked
        self._command = command
        self._env = environment()
        self._cwd = folder()
        self._options = self._decided()
        self._held: list[str] | None = [] if command and os.isatty(2) else None
        self._scrub = _scrub(self._env)
        self._sender: Sender | None = None

    def run(self) -> int:
        """Observes; the exit status."""
        from qwen_dual.telemetry.sending import Sender

        for problem in self._options.problems:
            self._print(problem)
        if all(target.exporter == "none" for target in self._options.targets.values()):
            raise ObserveError("there is nowhere to send anything to: docs/observe.md says how")
        whole = bool(self._asked.files) and not self._asked.follow
        whole = whole and not any(map(is_stream, self._asked.files))
        sender = self._sender = Sender(
            self._options, __version__, self._print, patient=whole, strict=True
        )
        observing = Observing(self._watched, self._print)
        try:
            if whole:
                status = self._read(observing)
            else:
                status = anyio.run(self._live, observing)
        finally:
            sender.close(CLOSE_SECONDS)
            held, self._held = self._held, None
            for text in held or ():
                self._print(text)
        self._summary(observing, sender)
        return status or int(sender.lost > 0 and not self._command)

    # -- what is asked for -------------------------------------------------------------------

    def _decided(self) -> Options:
        settings = load_settings(self._cwd, qwen_home(self._env), self._env)
        flags: dict[str, Any] = {"enabled": True}
        for key in ("otlpEndpoint", "outfile"):
            if (value := getattr(self._asked, key)) is not None:
                flags[key] = value
        if self._asked.logPrompts:
            flags["logPrompts"] = flags["includeSensitiveSpanAttributes"] = True
        env = dict(settings.environment.values)
        said = asked_in(settings)
        port = self._asked.prometheus
        if port is not None:
            env["OTEL_METRICS_EXPORTER"] = "prometheus"
            if port:
                env["OTEL_EXPORTER_PROMETHEUS_PORT"] = str(port)
        found = options(flags, env, said, inherits=bool(self._command))
        somewhere = {"otlpEndpoint", "outfile"} & {*flags, *said} or any(
            "_OTLP_" in name and name.endswith("ENDPOINT") for name in env
        )
        if found.prometheus is not None and not somewhere:
            nowhere = {kind: Target("none") for kind in KINDS if kind != "metrics"}
            found = replace(found, targets={**found.targets, **nowhere})
        file = found.outfile and expanded(found.outfile, home_of(self._env))
        return replace(found, outfile=file)

    def _watched(self) -> Watched:
        builder = SignalBuilder(
            content_in_spans=self._options.content_in_spans,
            content_in_logs=self._options.content_in_logs,
            session_in_metrics=self._options.session_in_metrics,
            parent=parent_ids(self._options.parent),
            scrub=self._scrub,
        )
        assert self._sender is not None
        return Watched(builder, self._sender.send)

    # -- observing ---------------------------------------------------------------------------

    def _read(self, observing: Observing) -> int:
        """All that the files hold, one after the other; one that cannot be read keeps no other back."""
        status = 0
        for path in self._asked.files:
            try:
                events = Recorded(path).events
                bar = ProgressBar(os.path.getsize(events) if events else 0)
                try:
                    observing.read(path, bar)
                finally:
                    bar.close()
            except (ObserveError, RecordingError, OSError) as error:
                self._print(_words(error))
                status = 1
        if self._options.prometheus is not None and status == 0:
            anyio.run(self._serve)
        return status

    async def _serve(self) -> None:
        async with anyio.create_task_group() as group:
            await group.start(until_signal, group.cancel_scope)
            self._say_where()

    async def _live(self, observing: Observing) -> int:
        if self._command:
            return await observing.run(self._command, self._cwd, self._env)
        try:
            async with anyio.create_task_group() as outer:
                await outer.start(until_signal, outer.cancel_scope)
                self._say_where()
                async with anyio.create_task_group() as group:
                    if self._asked.all:
                        group.start_soon(observing.join_all, self._env)
                    for wanted in self._asked.session:
                        group.start_soon(observing.join, wanted or None, self._env)
                    for path in self._asked.files:
                        if self._asked.follow and path != "-":
                            group.start_soon(observing.follow, path)
                        elif is_stream(path):
                            group.start_soon(observing.read_pipe, path)
                        else:
                            observing.read(path, lambda done: None)
                outer.cancel_scope.cancel()
        except* (HostError, ObserveError, RecordingError, OSError) as errors:
            raise ObserveError(_words(first_failure(errors))) from None
        return 0

    # -- what a person is told ---------------------------------------------------------------

    def _say_where(self) -> None:
        if self._options.prometheus is not None:
            host, port = self._options.prometheus
            self._print(f"Metrics are at http://{host}:{port}/metrics.")
        self._print("Ctrl+C ends it.")

    def _summary(self, observing: Observing, sender: Sender) -> None:
        for path in observing.guessed:
            self._print(
                f"{path}: nobody noted when its events happened. Their spans are laid out by the file's own time, "
                "and no durations are measured; `qwen-dual record` notes it."
            )
        if observing.bad_lines:
            lines = "1 line" if observing.bad_lines == 1 else f"{observing.bad_lines:,} lines"
            self._print(f"{lines} could not be read, and left out.")
        if sender.lost:
            self._print(f"{sender.lost:,} of {sender.given:,} spans and log records were not sent.")
        elif sender.given:
            places = {
                target.endpoint.partition("/v1/")[0] or self._options.outfile
                for target in self._options.targets.values()
                if target.exporter in ("otlp", "file")
            }
            where = ", ".join(sorted(places))
            self._print(f"{sender.given:,} spans and log records were sent to {where}.")

    def _print(self, text: str) -> None:
        if self._held is not None:  # the program has the terminal
            self._held.append(text)
        else:
            clear = "\r\x1b[K" if os.isatty(2) else ""
            tell(text, start=clear)


def _scrub(env: Mapping[str, str]) -> Any:
    """Takes out the keys that this program knows: other programs may have told theirs."""
    secrets = Secrets()
    for name, value in env.items():
        if len(value) >= LONG_SECRET and not value.startswith("/") and is_secret((name,)):
            secrets.add(value, name)
    return secrets.scrub


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = SafeParser(
        prog="qwen-dual observe",
        usage="qwen-dual observe [options] FILE … | --session [ID] | --all | -- COMMAND …",
        description="Tells a collector of OpenTelemetry what sessions do: any program's with dual output. "
        "The settings and variables are those of docs/observe.md; it need not be switched on there.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="files of events, recordings of qwen-dual record, or - for stdin",
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what is appended, until Ctrl+C"
    )
    parser.add_argument(
        "--session",
        nargs="?",
        const="",
        action="append",
        default=[],
        metavar="ID",
        help="a session that runs (with --socket): the only one, or this one; may be repeated",
    )
    parser.add_argument(
        "--all", action="store_true", help="every session that runs or begins, until Ctrl+C"
    )
    parser.add_argument(
        "--endpoint", dest="otlpEndpoint", metavar="URL", help="the collector's URL"
    )
    parser.add_argument(
        "--outfile", metavar="FILE", help="a file in place of a collector: OTLP as JSON"
    )
    parser.add_argument(
        "--prometheus",
        nargs="?",
        const=0,
        type=_port,
        metavar="PORT",
        help=f"serve the metrics on this port of this machine (default: {PROMETHEUS_PORT})",
    )
    parser.add_argument(
        "--log-prompts",
        dest="logPrompts",
        action="store_true",
        help="send prompts, answers, arguments and results too",
    )
    return parser


def _port(text: str) -> int:
    if text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port")
