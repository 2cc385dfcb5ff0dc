"""Serves the metrics to Prometheus: its text, on a port of this machine. Imports the SDK, so it is imported late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, start_http_server

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader


class MetricServer:
    """Answers ``GET /metrics`` until it is closed.

    Args:
        host: where it listens.
        port: the same; 0 for any that is free.

    Attributes:
        reader: what a ``MeterProvider`` reads its metrics by.
        port: the one that it has.

    Raises:
        OSError: it cannot have the port.
    """

    def __init__(self, host: str, port: int) -> None:
        registry = CollectorRegistry(auto_describe=False)
        self.reader: MetricReader = PrometheusMetricReader(
            scope_info_enabled=False, registry=registry
        )
        self._server, self._thread = start_http_server(port, host, registry)
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1)
