"""Sends signals by OpenTelemetry's SDK: batched, in its threads, each with its bounds.

Imports the SDK, so it is imported late, and by a thread.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from qwen_dual.telemetry.conventions import INSTRUMENTS, SCOPE
from qwen_dual.telemetry.exporters import Exporters
from qwen_dual.telemetry.signals import Logged, Measured, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.sdk.metrics.export import MetricReader

    from qwen_dual.telemetry.options import Options
    from qwen_dual.telemetry.signals import Signal

FLUSH_EVERY = 400
"""Spans, or log records, after which a patient sender waits until they are sent: fewer than a queue holds."""
_TRACES = 1000
"""Traces of which it is remembered whether they are sampled."""

_SEVERITY = {
    "info": SeverityNumber.INFO,
    "warn": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
}
_EMPTY = Context()
_NO_PARENT = trace.set_span_in_context(trace.INVALID_SPAN, _EMPTY)
_KIND = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}


class Sender:
    """Takes signals, from one thread at a time, and sends them.

    Args:
        options: what goes where.
        version: of the program that sends.
        tell: told once of each place that cannot be reached, in words for a person; by any thread.
        patient: whether to wait for what is full rather than lose what does not fit: for files, not for a
            program that people use.
        strict: whether a port that cannot be had is an error; else it is told, and the rest goes on.

    Attributes:
        given: how many spans and log records there were to send.

    Raises:
        OSError: metrics cannot be served on the port, or the file cannot be opened.
    """

    def __init__(
        self,
        options: Options,
        version: str,
        tell: Callable[[str], object],
        *,
        patient: bool = False,
        strict: bool = False,
    ) -> None:
        self._patient = patient
        self._exporters = Exporters(options, tell, strict=strict)
        resource = Resource.create({"service.version": version, **options.resource})
        self._ids = _Given()
        self._traces = TracerProvider(
            resource=resource, shutdown_on_exit=False, id_generator=self._ids
        )
        self._logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
        if (spans := self._exporters.spans) is not None:
            self._traces.add_span_processor(BatchSpanProcessor(spans))
        if (logs := self._exporters.logs) is not None:
            self._logs.add_log_record_processor(BatchLogRecordProcessor(logs))
        readers: list[MetricReader] = []
        if (metrics := self._exporters.metrics) is not None:
            readers.append(PeriodicExportingMetricReader(metrics, options.interval * 1000))
        if (reader := self._exporters.reader) is not None:
            readers.append(reader)
        self._metrics = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer(SCOPE, version)
        self._logger = self._logs.get_logger(SCOPE, version)
        meter = self._metrics.get_meter(SCOPE, version)
        self._instruments: dict[str, Counter | Histogram] = {}
        for one in INSTRUMENTS:
            made = (
                meter.create_counter(one.name, one.unit, one.doc)
                if one.kind == "counter"
                else meter.create_histogram(
                    one.name, one.unit, one.doc, explicit_bucket_boundaries_advisory=one.buckets
                )
            )
            self._instruments[one.name] = made  # type: ignore[assignment]
        parent = options.parent
        self._sampled = {} if parent is None else {parent.trace_id: parent.sampled}
        self._since_flush = 0
        self.given = 0

    def send(self, signals: Iterable[Signal]) -> None:
        """Hands signals to the SDK, which sends them a little later."""
        for signal in signals:
            match signal:
                case Measured(instrument, value, attributes):
                    found = self._instruments[instrument.name]
                    if isinstance(found, Counter):
                        found.add(value, attributes)
                    else:
                        found.record(value, attributes)
                case Span():
                    self._span(signal)
                case Logged():
                    self._log(signal)
        if self._patient and self._since_flush >= FLUSH_EVERY and not self._exporters.failing:
            self._since_flush = 0
            self._traces.force_flush()
            self._logs.force_flush()

    def close(self, seconds: float) -> None:
        """Sends what waits, for so many seconds at the most; what is left by then is lost."""
        until = time.monotonic() + seconds
        ends = (
            lambda: self._traces.shutdown(),
            lambda: self._logs.shutdown(),
            lambda: self._metrics.shutdown(max(seconds * 1000, 1)),
        )
        threads = [threading.Thread(target=end, daemon=True) for end in ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))
        self._exporters.close()

    @property
    def lost(self) -> int:
        """How many of the spans and log records did not arrive; once it is closed."""
        return self.given - self._exporters.delivered

    def _span(self, span: Span) -> None:
        self._ids.trace_id, self._ids.span_id = span.trace_id, span.span_id
        parent = None
        if span.parent_id is not None:
            parent = self._within(span.trace_id, span.parent_id)
        made = self._tracer.start_span(
            span.name,
            parent or _NO_PARENT,
            _KIND[span.kind],
            span.attributes,
            start_time=span.start,
        )
        if span.error:
            made.set_status(trace.StatusCode.ERROR, span.message or None)
        made.end(span.end)
        if self._exporters.spans is not None and made.get_span_context().trace_flags.sampled:
            self.given += 1
            self._since_flush += 1

    def _log(self, record: Logged) -> None:
        context = self._within(record.trace_id, record.span_id) if record.trace_id else _NO_PARENT
        self._logger.emit(
            LogRecord(
                timestamp=record.at,
                observed_timestamp=time.time_ns(),
                context=context,
                severity_number=_SEVERITY[record.severity],
                severity_text=record.severity.upper(),
                body=record.body,
                attributes=record.attributes,
                event_name=record.name,
            )
        )
        if self._exporters.logs is not None:
            self.given += 1
            self._since_flush += 1

    def _within(self, trace_id: int, span_id: int) -> Context:
        """What makes a span one within another, which need not have been told of yet."""
        sampled = self._sampled.get(trace_id)
        if sampled is None:
            sampler = self._traces.sampler
            decision = sampler.should_sample(None, trace_id, "").decision
            sampled = decision is Decision.RECORD_AND_SAMPLE
            if len(self._sampled) >= _TRACES:
                del self._sampled[next(iter(self._sampled))]
            self._sampled[trace_id] = sampled
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags)
        return trace.set_span_in_context(NonRecordingSpan(context), _EMPTY)


class _Given(IdGenerator):
    """Gives the ids that the spans have already."""

    def __init__(self) -> None:
        self.trace_id = self.span_id = 1

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id

    def is_trace_id_random(self) -> bool:
        return True  # hashes are as good
