"""What is sent where: flags before variables before settings, and nothing unless somebody asked for it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.runtime.telemetry import asked_in
from qwen_dual.telemetry.options import KINDS, Options, Parent, options, pairs
from qwen_dual.telemetry.sending import Sender
from tests.settings.folders import Folders
from tests.telemetry.events import TURN, reduce

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = "http://localhost:4318"


def asked(
    env: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    flags: dict[str, Any] | None = None,
) -> Options:
    return options(flags or {}, env or {}, settings or {})


def endpoints(found: Options) -> list[str]:
    return [found.targets[kind].endpoint for kind in KINDS]


def test_nothing_is_sent_unless_it_is_switched_on() -> None:
    assert not asked().enabled
    assert not asked(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "otlp"}
    ).enabled
    assert not asked({"QWEN_TELEMETRY_ENABLED": "yes"}).enabled  # as in Qwen Code
    for found in (
        asked({"QWEN_TELEMETRY_ENABLED": "1"}),
        asked(settings={"enabled": True}),
        asked(flags={"enabled": True}),
    ):
        assert found.enabled
        assert endpoints(found) == [f"{LOCAL}/v1/{kind}" for kind in KINDS]
        assert not (found.content_in_logs or found.content_in_spans or found.session_in_metrics)


def test_a_flag_wins_over_variables_and_these_over_settings() -> None:
    settings = {"enabled": True, "otlpEndpoint": "http://settings:1"}
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://standard:1"}
    assert endpoints(asked({}, settings))[0] == "http://settings:1/v1/traces"
    assert endpoints(asked(env, settings))[0] == "http://standard:1/v1/traces"
    env["QWEN_TELEMETRY_OTLP_ENDPOINT"] = "http://qwen:1/"
    assert endpoints(asked(env, settings))[0] == "http://qwen:1/v1/traces"
    flags = {"otlpEndpoint": "https://flag", "enabled": False}
    found = asked(env, settings, flags)
    assert (endpoints(found)[0], found.enabled) == ("https://flag/v1/traces", False)
    assert not asked({"QWEN_TELEMETRY_ENABLED": "0"}, settings).enabled
    assert not asked({"OTEL_SDK_DISABLED": "true"}, settings).enabled


def test_each_kind_of_signal_can_go_elsewhere() -> None:
    env = {
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://loki:3100/otlp/v1/logs",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "prometheus",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b, other=c",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "3",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_PROMETHEUS_PORT": "9999",
    }
    found = asked(env)
    assert endpoints(found) == ["", "", "http://loki:3100/otlp/v1/logs"]
    assert found.prometheus == ("127.0.0.1", 9999)
    logs = found.targets["logs"]
    assert (logs.headers, logs.timeout, logs.gzip) == ({"x-key": "a b", "other": "c"}, 3.0, True)
    assert "a b" not in repr(found)
    file = asked(settings={"outfile": "out.jsonl"})
    assert {file.targets[kind].exporter for kind in KINDS} == {"file"}


@pytest.mark.parametrize(
    ("env", "settings", "word"),
    [
        ({}, {"otlpProtocol": "grpc"}, "4318 where gRPC has 4317"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, {}, "http/json is not supported"),
        ({}, {"target": "gcp"}, "target gcp is not known"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, {}, "a URL was expected"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:port"}, {}, "a URL was expected"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, {}, "one of otlp, none was expected"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "nan"}, {}, "a number more than 0"),
        (
            {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "99999"},
            {},
            "no port",
        ),
    ],
)
def test_what_cannot_be_had_is_said_once(
    env: dict[str, str], settings: dict[str, Any], word: str
) -> None:
    found = asked(env, {"enabled": True, **settings})
    assert len([problem for problem in found.problems if word in problem]) == 1
    assert len(found.problems) <= 3


def test_a_port_that_another_has_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = {
            "OTEL_METRICS_EXPORTER": "prometheus",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(taken.getsockname()[1]),
        }
        found = asked(env, {"enabled": True, "outfile": str(tmp_path / "out.jsonl")})
        said: list[str] = []
        sender = Sender(found, "1", said.append)
        sender.send(reduce(TURN))
        sender.close(10)
        with pytest.raises(OSError, match="Address already in use"):
            Sender(found, "1", said.append, strict=True)
    assert len(said) == 1
    assert "Address already in use. Another session may have the port" in said[0]
    assert sender.lost == 0
    assert "resourceSpans" in (tmp_path / "out.jsonl").read_text()


def test_who_sends_is_told_as_the_variables_have_it() -> None:
    env = {"OTEL_RESOURCE_ATTRIBUTES": "team=a,service.name=x", "OTEL_SERVICE_NAME": "y"}
    assert asked(env).resource == {"team": "a", "service.name": "y"}
    assert asked({}, {"resourceAttributes": {"team": "b"}}).resource["team"] == "b"
    assert asked().resource == {"service.name": "qwen-dual"}
    assert pairs("a=b=c,,d,=e,f=") == {"a": "b=c"}


def test_a_projects_folder_never_switches_it_on_nor_says_where_it_goes(tmp_path: Path) -> None:
    folders, evil = Folders(tmp_path), "http://evil.example"
    folders.workspace(
        {
            "telemetry": {
                "enabled": True,
                "otlpEndpoint": evil,
                "logPrompts": True,
                "outfile": "x",
            },
            "env": {"OTEL_EXPORTER_OTLP_ENDPOINT": evil, "QWEN_TELEMETRY_ENABLED": "1"},
        }
    )
    (folders.project / ".env").write_text(
        f"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={evil}\nQWEN_TELEMETRY_LOG_PROMPTS=1\nQWEN_TELEMETRY_ENABLED=1\n"
        f"TRACEPARENT=00-{TRACE}-{SPAN}-01\n"
    )
    folders.user({"telemetry": {"otlpEndpoint": "https://mine"}})
    for trusted in (False, True):
        if trusted:
            folders.trust()
        settings = folders.load()
        values = settings.environment.values
        found = options({}, values, asked_in(settings), inherits=True)
        assert found.parent is None
        assert not found.enabled
        assert not found.content_in_logs
        assert not found.outfile
        assert endpoints(found) == [f"https://mine/v1/{kind}" for kind in KINDS]
    assert any("telemetry" in warning for warning in settings.warnings)


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("said", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f" 00-{TRACE}-{SPAN}-00\n", False),
        (f"01-{TRACE}-{SPAN}-03-more", True),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        ("", None),
    ],
)
def test_the_trace_that_it_was_started_in_is_read_as_w3c_has_it(
    said: str, sampled: bool | None
) -> None:
    found = options({}, {"TRACEPARENT": said}, {}, inherits=True).parent
    wanted = None if sampled is None else Parent(int(TRACE, 16), int(SPAN, 16), sampled)
    assert found == wanted
    assert options({}, {"TRACEPARENT": said}, {}).parent is None
