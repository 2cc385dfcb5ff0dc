"""Writes signals to a file in place of a collector: OTLP as JSON, a request a line.

That is what OpenTelemetry's file exporter writes and its collector reads (``otlpjsonfile``). Imports the SDK,
so it is imported late.
"""

from __future__ import annotations

import base64
import os
import threading
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from qwen_dual.fs.private import open_checked, owner_problem
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan

_IDS = frozenset(("traceId", "spanId", "parentSpanId"))


class OutFile:
    """A private file that lines are appended to, by several threads.

    Args:
        path: of it; it is made where there is none.

    Raises:
        OSError: it cannot be opened, or it is another user's.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY
        self._fd = open_checked(path, flags, owner_problem)
        self._writing = threading.Lock()

    def write(self, message: Message) -> bool:
        """Appends a line; False where it cannot be."""
        told = MessageToDict(message, use_integers_for_enums=True)
        line = encode(_with_hex(told))
        with self._writing:
            if self._fd < 0:
                return False
            try:
                while line:
                    line = line[os.write(self._fd, line) :]
            except OSError:
                return False
        return True

    def close(self) -> None:
        """Closes it; idempotent."""
        with self._writing:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1


class SpanFile(SpanExporter):
    """Spans into a file.

    Attributes:
        delivered: how many.
    """

    def __init__(self, file: OutFile) -> None:
        self._file = file
        self.delivered = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes a batch."""
        written = self._file.write(encode_spans(spans))
        self.delivered += len(spans) * written
        return SpanExportResult.SUCCESS if written else SpanExportResult.FAILURE


class LogFile(LogRecordExporter):
    """Log records into a file.

    Attributes:
        delivered: how many.
    """

    def __init__(self, file: OutFile) -> None:
        self._file = file
        self.delivered = 0

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Writes a batch."""
        written = self._file.write(encode_logs(batch))
        self.delivered += len(batch) * written
        return LogRecordExportResult.SUCCESS if written else LogRecordExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        """Nothing waits here."""
        return True

    def shutdown(self) -> None:
        """Leaves the file to who opened it."""


class MetricFile(MetricExporter):
    """Metrics into a file."""

    def __init__(self, file: OutFile) -> None:
        super().__init__()
        self._file = file

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Writes them as they stand."""
        written = self._file.write(encode_metrics(metrics_data))
        return MetricExportResult.SUCCESS if written else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Nothing waits here."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Leaves the file to who opened it."""


def _with_hex(value: Any) -> Any:
    """OTLP's JSON has ids in hexadecimal, where Protobuf's has all bytes in base64."""
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in _IDS else _with_hex(item)
            for key, item in value.items()
        }
    return [_with_hex(item) for item in value] if isinstance(value, list) else value
