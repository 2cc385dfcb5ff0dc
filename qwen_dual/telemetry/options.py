"""What is sent where: decided from the settings, flags and variables, before anything is loaded for it. Pure.

A flag wins over Qwen Code's variables (``QWEN_TELEMETRY_…``), these over the standard ones (``OTEL_…``),
and these over the settings. Nothing is sent unless somebody switched it on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

SignalKind = Literal["traces", "metrics", "logs"]
KINDS: Final[tuple[SignalKind, ...]] = ("traces", "metrics", "logs")

DEFAULT_ENDPOINT: Final = "http://localhost:4318"
PROMETHEUS_PORT: Final = 9464
SERVICE: Final = "qwen-dual"
TIMEOUT: Final = 10.0
_TRACEPARENT: Final = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)

Exporter = Literal["otlp", "file", "prometheus", "none"]


class Target(Struct, frozen=True):
    """Where one kind of signal goes.

    Attributes:
        exporter: how it is sent.
        endpoint: the URL that it is posted to.
        headers: what goes with it, keys of services among them.
        timeout: seconds that a request may take.
        gzip: whether it is compressed.
        certificate: whom an encrypted connection trusts: a file; the usual ones where empty.
        client_certificate: what proves who sends: a file; none where empty.
        client_key: its key.
    """

    exporter: Exporter
    endpoint: str = ""
    headers: Mapping[str, str] = {}
    timeout: float = TIMEOUT
    gzip: bool = False
    certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""

    def __repr__(self) -> str:
        return shown(self, without={"headers"})


class Parent(Struct, frozen=True):
    """The span of another program in which this one was started.

    Attributes:
        trace_id: of its trace.
        span_id: its own.
        sampled: whether it is kept; if not, nothing within it is.
    """

    trace_id: int
    span_id: int
    sampled: bool = True


class Options(Struct, frozen=True):
    """All that is asked for.

    Attributes:
        enabled: whether anything is sent.
        targets: by the kind of signal.
        outfile: where it is written, for targets of ``file``.
        prometheus: host and port that metrics are served on; None for no such server.
        content_in_logs: whether prompts, answers and arguments are told in log records.
        content_in_spans: whether spans tell them.
        session_in_metrics: whether metrics tell sessions apart.
        resource: what is known of who sends.
        interval: seconds between two times that metrics are sent.
        parent: the span in which turns are; None where each is a trace of its own.
        problems: what was asked for and cannot be had, as sentences.
    """

    enabled: bool
    targets: Mapping[SignalKind, Target]
    outfile: str = ""
    prometheus: tuple[str, int] | None = None
    content_in_logs: bool = False
    content_in_spans: bool = False
    session_in_metrics: bool = False
    resource: Mapping[str, str] = {}
    interval: float = 60.0
    parent: Parent | None = None
    problems: list[str] = field(default_factory=list)


class Asked:
    """Looks up what is asked for, the strongest first.

    Args:
        flags: what the command line says, by the keys of the settings.
        env: the variables.
        settings: what the settings say, by their keys.
    """

    def __init__(
        self, flags: Mapping[str, Any], env: Mapping[str, str], settings: Mapping[str, Any]
    ) -> None:
        self.env = env
        self.problems: list[str] = []
        self._flags = flags
        self._said = settings

    def text(self, key: str, *variables: str) -> str:
        """A text; empty where nobody says one."""
        if key in self._flags:
            return str(self._flags[key])
        found = next((self.env[name] for name in variables if self.env.get(name)), None)
        return str(self._said.get(key, "")) if found is None else found

    def flag(self, key: str, variable: str) -> bool:
        """Whether something is switched on: by ``true`` or ``1``, as in Qwen Code."""
        if key in self._flags:
            return self._flags[key] is True
        if value := self.env.get(variable):
            return value.strip().lower() in ("true", "1")
        return self._said.get(key) is True

    def number(self, variable: str, default: float) -> float:
        """A number that a variable has, more than 0."""
        value = self.env.get(variable, "").strip()
        try:
            found = float(value) if value else default
        except ValueError:
            found = 0.0
        if not 0 < found < float("inf"):
            _once(self.problems, f"{variable} is {value!r}: a number more than 0 was expected.")
            return default
        return found

    def attributes(self) -> dict[str, str]:
        """What is said of who sends."""
        found = {**pairs(self.env.get("OTEL_RESOURCE_ATTRIBUTES", ""))}
        said = self._said.get("resourceAttributes")
        found.update(said if isinstance(said, dict) else {})
        if name := self.env.get("OTEL_SERVICE_NAME"):
            found["service.name"] = name
        if user := self.env.get("QWEN_TELEMETRY_USER_ID"):
            found["user.id"] = user
        return {"service.name": SERVICE, **found}


def options(
    flags: Mapping[str, Any],
    env: Mapping[str, str],
    settings: Mapping[str, Any],
    *,
    inherits: bool = False,
) -> Options:
    """What is asked for.

    Args:
        flags: what the command line says, by the keys of the settings.
        env: the variables; none of them may come from a project's folder.
        settings: what they say, by the last words of their keys; nothing from a project's folder.
        inherits: whether it is part of what started it: of the trace that ``TRACEPARENT`` names.
    """
    asked = Asked(flags, env, settings)
    enabled = asked.flag("enabled", "QWEN_TELEMETRY_ENABLED")
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        enabled = False
    outfile = asked.text("outfile", "QWEN_TELEMETRY_OUTFILE")
    target = asked.text("target", "QWEN_TELEMETRY_TARGET")
    if target not in ("", "local"):
        asked.problems.append(
            f"The telemetry target {target} is not known here: give a collector's URL as otlpEndpoint."
        )
        enabled = False
    targets = {kind: _target(kind, asked, outfile) for kind in KINDS}
    serves = targets["metrics"].exporter == "prometheus"
    return Options(
        enabled,
        targets,
        outfile,
        _prometheus(asked) if serves else None,
        asked.flag("logPrompts", "QWEN_TELEMETRY_LOG_PROMPTS"),
        asked.flag(
            "includeSensitiveSpanAttributes", "QWEN_TELEMETRY_INCLUDE_SENSITIVE_SPAN_ATTRIBUTES"
        ),
        asked.flag("includeSessionId", "QWEN_TELEMETRY_METRICS_INCLUDE_SESSION_ID"),
        asked.attributes(),
        asked.number("OTEL_METRIC_EXPORT_INTERVAL", 60_000) / 1000,
        parent_in(env.get("TRACEPARENT", "")) if inherits else None,
        asked.problems,
    )


def _target(kind: SignalKind, asked: Asked, outfile: str) -> Target:
    env, upper = asked.env, kind.upper()

    def of(name: str) -> str:
        own = env.get(f"OTEL_EXPORTER_OTLP_{upper}_{name}")
        return own or env.get(f"OTEL_EXPORTER_OTLP_{name}") or ""

    wanted = env.get(f"OTEL_{upper}_EXPORTER", "").strip().lower() or "otlp"
    known = ("otlp", "none", "prometheus") if kind == "metrics" else ("otlp", "none")
    if wanted not in known:
        asked.problems.append(
            f"OTEL_{upper}_EXPORTER is {wanted!r}: one of {', '.join(known)} was expected."
        )
        return Target("none")
    if wanted != "otlp":
        return Target("prometheus" if wanted == "prometheus" else "none")
    if outfile:
        return Target("file")
    protocol = asked.text("otlpProtocol", "QWEN_TELEMETRY_OTLP_PROTOCOL") or of("PROTOCOL")
    if protocol not in ("", "http", "http/protobuf"):
        _once(
            asked.problems,
            f"Telemetry over {protocol} is not supported: set otlpProtocol to http, and the endpoint's port "
            "to the one for HTTP (4318 where gRPC has 4317).",
        )
        return Target("none")
    endpoint = _endpoint(kind, asked)
    if not endpoint:
        return Target("none")
    compression = of("COMPRESSION").strip().lower()
    timeout = f"OTEL_EXPORTER_OTLP_{upper}_TIMEOUT"
    timeout = timeout if env.get(timeout) else "OTEL_EXPORTER_OTLP_TIMEOUT"
    return Target(
        "otlp",
        endpoint,
        pairs(of("HEADERS")),
        asked.number(timeout, TIMEOUT),
        compression == "gzip",
        of("CERTIFICATE"),
        of("CLIENT_CERTIFICATE"),
        of("CLIENT_KEY"),
    )


def _endpoint(kind: SignalKind, asked: Asked) -> str:
    """The URL for a kind of signal; empty for one that cannot be used."""
    upper = kind.upper()
    own = asked.text(
        f"otlp{kind.capitalize()}Endpoint",
        f"QWEN_TELEMETRY_OTLP_{upper}_ENDPOINT",
        f"OTEL_EXPORTER_OTLP_{upper}_ENDPOINT",
    )
    base = asked.text("otlpEndpoint", "QWEN_TELEMETRY_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    url = own or f"{(base or DEFAULT_ENDPOINT).rstrip('/')}/v1/{kind}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        _once(
            asked.problems,
            f"Telemetry cannot be sent to {own or base!r}: a URL was expected, such as {DEFAULT_ENDPOINT}.",
        )
    return url if usable else ""


def _prometheus(asked: Asked) -> tuple[str, int]:
    host = asked.env.get("OTEL_EXPORTER_PROMETHEUS_HOST", "").strip() or "127.0.0.1"
    port = int(asked.number("OTEL_EXPORTER_PROMETHEUS_PORT", PROMETHEUS_PORT))
    if port > 65535:
        asked.problems.append(f"OTEL_EXPORTER_PROMETHEUS_PORT is {port}: no port has that number.")
        port = PROMETHEUS_PORT
    return host, port


def parent_in(text: str) -> Parent | None:
    """The span that a ``traceparent`` of W3C names; None for what is none, which is to be ignored."""
    found = _TRACEPARENT.fullmatch(text.strip())
    if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"]):
        return None
    trace_id, span_id = int(found["trace"], 16), int(found["span"], 16)
    if not trace_id or not span_id:
        return None
    return Parent(trace_id, span_id, bool(int(found["flags"], 16) & 1))


def pairs(text: str) -> dict[str, str]:
    """``key=value,key=value`` as OpenTelemetry's variables have it, percent-encoded."""
    found = (item.partition("=") for item in text.split(","))
    return {
        key.strip(): unquote(value.strip())
        for key, apart, value in found
        if apart and key.strip() and value.strip()
    }


def _once(problems: list[str], problem: str) -> None:
    if problem not in problems:
        problems.append(problem)
