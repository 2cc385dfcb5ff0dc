"""A collector for tests: takes OTLP over HTTP, decodes it with OpenTelemetry's own messages, keeps it."""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable

REQUESTS: dict[str, Callable[[], Any]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


@dataclass
class GotSpan:
    """A span as it arrived."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    start: int
    end: int
    attributes: dict[str, Any]
    failed: bool
    children: list[GotSpan] = field(default_factory=list)


class Collector:
    """Listens on a port of this machine until it is left.

    Args:
        status: what it answers.
    """

    def __init__(self, status: int = 200) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self._news = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    data = gzip.decompress(data)
                request = REQUESTS[self.path]()
                request.ParseFromString(data)
                with collector._news:
                    collector.requests.append((self.path, dict(self.headers), request))
                    collector._news.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, there: Callable[[Collector], object], seconds: float = 20) -> None:
        """Waits until something has arrived."""
        with self._news:
            assert self._news.wait_for(lambda: there(self), seconds), self.summary()

    def summary(self) -> str:
        return f"{[span.name for span in self.spans]} {sorted(self.metrics)} {len(self.logs)} logs"

    def _of(self, path: str) -> list[Any]:
        return [request for at, _, request in self.requests if at == path]

    @property
    def spans(self) -> list[GotSpan]:
        """All of them, each with those within it."""
        found = {
            span.span_id.hex(): GotSpan(
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                span.kind,
                span.start_time_unix_nano,
                span.end_time_unix_nano,
                _attributes(span.attributes),
                span.status.code == 2,
            )
            for request in self._of("/v1/traces")
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }
        for span in found.values():
            if span.parent_id in found:
                found[span.parent_id].children.append(span)
        for span in found.values():
            span.children.sort(key=lambda child: (child.start, child.end))
        return sorted(found.values(), key=lambda span: span.start)

    @property
    def roots(self) -> list[GotSpan]:
        """The turns."""
        return [span for span in self.spans if not span.parent_id]

    @property
    def metrics(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """The latest value of each series: a sum, or how many a histogram has."""
        latest: dict[str, dict[str, tuple[dict[str, Any], float]]] = defaultdict(dict)
        for request in self._of("/v1/metrics"):
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        histogram = metric.HasField("histogram")
                        data = metric.histogram if histogram else metric.sum
                        for point in data.data_points:
                            told = _attributes(point.attributes)
                            value = point.count if histogram else point.as_double or point.as_int
                            latest[metric.name][repr(sorted(told.items()))] = told, value
        return {name: list(series.values()) for name, series in latest.items()}

    @property
    def logs(self) -> list[tuple[str, str, dict[str, Any]]]:
        """The records: name, body, attributes."""
        return [
            (record.event_name, record.body.string_value, _attributes(record.attributes))
            for request in self._of("/v1/logs")
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def resource(self) -> dict[str, Any]:
        """Who sent."""
        return _attributes(self._of("/v1/traces")[0].resource_spans[0].resource.attributes)


def outline(span: GotSpan) -> Any:
    """A span's name, or it with the outlines of those within."""
    return [span.name, *map(outline, span.children)] if span.children else span.name


def _attributes(pairs: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return [plain(item) for item in value.array_value.values]
        return getattr(value, kind)

    return {pair.key: plain(pair.value) for pair in pairs}
