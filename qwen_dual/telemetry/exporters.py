"""What takes batches of signals to where they go: a collector by OTLP, a file, Prometheus.

Imports the SDK, so it is imported late, and by a thread.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace.export import SpanExportResult

from qwen_dual.telemetry.outfile import LogFile, MetricFile, OutFile, SpanFile
from qwen_dual.telemetry.prometheus import MetricServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader
    from opentelemetry.sdk.trace import ReadableSpan

    from qwen_dual.telemetry.options import Options, SignalKind, Target

_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
_REASON = re.compile(r"\[Errno -?\d+\] ([^'\")]+)|(timed out)", re.IGNORECASE)
GRPC_PORT = 4317


class Exporters:
    """Those that are asked for.

    Args:
        options: what goes where.
        tell: told once of each place that cannot be reached.
        strict: whether a port that cannot be had is an error; else it is told.

    Attributes:
        spans: None where they go nowhere.
        logs: the same.
        metrics: the same.
        reader: serves the metrics, where that is asked for.

    Raises:
        OSError: metrics cannot be served on the port (``strict``), or the file cannot be opened.
    """

    def __init__(
        self, options: Options, tell: Callable[[str], object], *, strict: bool = False
    ) -> None:
        self._watch = _Watch(tell)
        self._file: OutFile | None = None
        self._server: MetricServer | None = None
        self.spans: _Spans | SpanFile | None = None
        self.logs: _Logs | LogFile | None = None
        self.metrics: MetricExporter | None = None
        self.reader: MetricReader | None = None
        if options.prometheus is not None:
            try:
                self._server = MetricServer(*options.prometheus)
                self.reader = self._server.reader
            except OSError as error:
                if strict:
                    raise
                tell(_not_served(*options.prometheus, error))
        for kind, target in options.targets.items():
            if target.exporter == "file":
                self._to_file(kind, options.outfile)
            elif target.exporter == "otlp":
                self._to_collector(kind, target)

    @property
    def delivered(self) -> int:
        """How many spans and log records have arrived."""
        return sum(one.delivered for one in (self.spans, self.logs) if one is not None)

    @property
    def failing(self) -> bool:
        """Whether something could not be sent."""
        return self._watch.failing

    def close(self) -> None:
        """Closes what is open."""
        self._watch.close()
        if self._server is not None:
            self._server.close()
        if self._file is not None:
            self._file.close()

    def _to_file(self, kind: SignalKind, path: str) -> None:
        file = self._file = self._file or OutFile(path)
        if kind == "traces":
            self.spans = SpanFile(file)
        elif kind == "logs":
            self.logs = LogFile(file)
        else:
            self.metrics = MetricFile(file)

    def _to_collector(self, kind: SignalKind, target: Target) -> None:
        self._watch.add(kind, target.endpoint)
        given: dict[str, Any] = {
            "endpoint": target.endpoint,
            "headers": dict(target.headers),
            "timeout": target.timeout,
            "compression": Compression.Gzip if target.gzip else Compression.NoCompression,
            "certificate_file": target.certificate or None,
            "client_certificate_file": target.client_certificate or None,
            "client_key_file": target.client_key or None,
            "session": _session(target.endpoint),
        }
        if kind == "traces":
            self.spans = _Spans(**given)
        elif kind == "logs":
            self.logs = _Logs(**given)
        else:
            self.metrics = OTLPMetricExporter(**given)


class _Spans(OTLPSpanExporter):
    """Counts the spans that were sent."""

    delivered = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self.delivered += len(spans) * (result is SpanExportResult.SUCCESS)
        return result


class _Logs(OTLPLogExporter):
    """Counts the log records that were sent."""

    delivered = 0

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        result = super().export(batch)
        self.delivered += len(batch) * (result is LogRecordExportResult.SUCCESS)
        return result


def _not_served(host: str, port: int, error: OSError) -> str:
    return (
        f"Metrics cannot be served on {host}:{port}: {error.strerror}. Another session may have the port; "
        "OTEL_EXPORTER_PROMETHEUS_PORT names another."
    )


def _session(endpoint: str) -> requests.Session:
    """A connection without a proxy to this machine, nor what ``.netrc`` has for another's."""
    session = requests.Session()
    if urlsplit(endpoint).hostname in _LOCAL:
        session.trust_env = False
    return session


class _Watch(logging.Handler):
    """Hears from the SDK's log what could not be sent, and keeps that log from the terminal.

    Attributes:
        failing: something could not be sent.
    """

    _listening = 0
    _lock = threading.Lock()

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._endpoints: dict[str, str] = {}
        self.failing = False
        self._told: set[str] = set()
        self._telling = threading.Lock()
        self._logger = logging.getLogger("opentelemetry")
        self._listen(1)
        self._logger.addHandler(self)

    def add(self, kind: SignalKind, endpoint: str) -> None:
        """Notes where a kind of signal goes."""
        words: dict[SignalKind, str] = {"traces": "spans", "metrics": "metrics", "logs": "logs"}
        self._endpoints[words[kind]] = endpoint

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record of the SDK's."""
        if "export" not in record.name or not isinstance(record.args, tuple):
            return
        kind = next((arg for arg in record.args if arg in self._endpoints), None)
        if kind is None:
            return
        self.failing = True
        place = urlsplit(self._endpoints[str(kind)])
        with self._telling:
            if place.netloc in self._told:
                return
            self._told.add(place.netloc)
        self._tell(_why(self._endpoints[str(kind)], record.args))

    def close(self) -> None:
        """Gives the log free."""
        self._logger.removeHandler(self)
        self._listen(-1)
        super().close()

    def _listen(self, more: int) -> None:
        """The log goes nowhere else as long as any session listens to it."""
        with _Watch._lock:
            _Watch._listening += more
            self._logger.propagate = _Watch._listening == 0


def _why(endpoint: str, args: tuple[object, ...]) -> str:
    """What is wrong, from what the SDK logs: a status, or an error of the connection."""
    parts = urlsplit(endpoint)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    status = next((arg for arg in args if isinstance(arg, int)), None)
    words = " ".join(str(arg) for arg in args)
    found = _REASON.search(words)
    if status is not None:
        reason = f"it answered with the status {status}"
    elif found is not None:
        reason = (found[1] or found[2]).strip()
    else:
        reason = "it was not reached in time"
    hint = ". Port 4317 is for gRPC; HTTP has 4318" if parts.port == GRPC_PORT else ""
    return f"Telemetry cannot be sent to {shown}: {reason}{hint}. It is tried again and again."
