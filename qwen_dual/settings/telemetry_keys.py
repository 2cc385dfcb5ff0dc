"""The keys of ``telemetry``: who is told what sessions do, by OpenTelemetry. Nobody unless it is switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.rules import BOOLEAN, PATH, TEXT, URL, MapOf

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_ATTRIBUTES: Mapping[str, str] = {}

ENABLED = Key(
    "enabled",
    BOOLEAN,
    default=False,
    doc="Whether sessions send spans, metrics and logs by OpenTelemetry; see `docs/observe.md`.",
)
TARGET = Key(
    "target",
    TEXT,
    None,
    doc="`local`, a collector; nothing else is known here.",
)
ENDPOINT = Key(
    "otlpEndpoint",
    URL,
    None,
    doc="The collector's URL, to which `/v1/traces` and the like are added; without it "
    "`http://localhost:4318`.",
)
PROTOCOL = Key("otlpProtocol", TEXT, None, doc="`http`; gRPC is not spoken here.")
TRACES_ENDPOINT = Key("otlpTracesEndpoint", URL, None, doc="The whole URL for spans alone.")
METRICS_ENDPOINT = Key("otlpMetricsEndpoint", URL, None, doc="The whole URL for metrics alone.")
LOGS_ENDPOINT = Key("otlpLogsEndpoint", URL, None, doc="The whole URL for log records alone.")
OUTFILE = Key(
    "outfile",
    PATH,
    None,
    doc="A file that is written in place of a collector: OTLP as JSON, a request a line.",
)
LOG_PROMPTS = Key(
    "logPrompts",
    BOOLEAN,
    default=False,
    doc="Whether log records have prompts, answers, arguments and results.",
)
SENSITIVE_SPANS = Key(
    "includeSensitiveSpanAttributes",
    BOOLEAN,
    default=False,
    doc="Whether spans have them.",
)
SESSION_IN_METRICS = Key(
    "metrics.includeSessionId",
    BOOLEAN,
    default=False,
    doc="Whether metrics tell sessions apart, which makes a series for each.",
)
RESOURCE_ATTRIBUTES = Key(
    "resourceAttributes",
    MapOf(TEXT),
    NO_ATTRIBUTES,
    doc="What is said of who sends, such as `deployment.environment.name`.",
)

ASKED: Final = Section(
    (
        *(ENABLED, TARGET, ENDPOINT, PROTOCOL, TRACES_ENDPOINT, METRICS_ENDPOINT, LOGS_ENDPOINT),
        *(OUTFILE, LOG_PROMPTS, SENSITIVE_SPANS, SESSION_IN_METRICS, RESOURCE_ATTRIBUTES),
    )
)
