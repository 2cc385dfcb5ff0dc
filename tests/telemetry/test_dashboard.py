"""The dashboard in the docs asks for what is sent, and a real Prometheus that scrapes it answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client.parser import text_string_to_metric_families

from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry.prometheus import MetricServer
from qwen_dual.telemetry.signals import Measured
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.telemetry.events import EVERYTHING, reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

DASHBOARD = Path(__file__).parents[2] / "docs" / "dashboards" / "sessions.json"
PANELS = json.loads(DASHBOARD.read_text())["panels"]
QUERIES = [(panel["title"], each["expr"]) for panel in PANELS for each in panel["targets"]]
PROMETHEUS = shutil.which("prometheus")


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The URL of metrics in which each instrument has a value."""
    server = MetricServer("127.0.0.1", 0)
    provider = MeterProvider([server.reader], shutdown_on_exit=False)
    meter = provider.get_meter(names.SCOPE)
    made: dict[str, Any] = {}
    for one in names.INSTRUMENTS:
        make = meter.create_counter if one.kind == "counter" else meter.create_histogram
        made[one.name] = make(one.name, one.unit)
    for signal in reduce(EVERYTHING):
        if isinstance(signal, Measured):
            instrument = made[signal.instrument.name]
            take = getattr(instrument, "add", None) or instrument.record
            take(signal.value, signal.attributes)
    yield f"127.0.0.1:{server.port}"
    provider.shutdown()
    server.close()


def metrics(served: str) -> dict[str, set[str]]:
    """The labels of each sample's name."""
    with urllib.request.urlopen(f"http://{served}/metrics") as response_:
        text = response_.read().decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_name_and_label_of_the_dashboard_is_one_that_is_sent(served: str) -> None:
    sent = metrics(served)
    labels = set().union(*sent.values())
    assert len(QUERIES) > 20
    for title, query in QUERIES:
        asked = set(re.findall(r"\b[a-z]\w*_(?:total|count|sum|bucket)\b", query))
        assert asked, title
        assert asked <= set(sent), f"{title}: {asked - set(sent)}"
        for group in re.findall(r"by \(([^)]*)\)", query):
            assert set(re.split(r", *", group)) <= labels, title
        assert set(re.findall(r"\{(\w+)!?=", query)) <= labels, title


def test_every_metric_that_is_sent_is_on_it(served: str) -> None:
    shown = " ".join(query for _, query in QUERIES)
    missing = {
        one.name
        for one in names.INSTRUMENTS
        if not re.search(rf"\b{one.name.replace('.', '_')}(?:_seconds|_USD)?_\w+", shown)
    }
    assert missing == {
        "gen_ai.client.inference.time_per_output_chunk",
        "gen_ai.client.inference.usage.cache_write.input_tokens",
        "gen_ai.client.inference.usage.reasoning.output_tokens",
    }


@pytest.mark.skipif(PROMETHEUS is None, reason="needs Prometheus (Debian's package prometheus)")
def test_a_real_prometheus_scrapes_it_and_answers_each_query(served: str, tmp_path: Path) -> None:
    assert PROMETHEUS is not None
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 300ms}\n"
        f"scrape_configs: [{{job_name: x, static_configs: [{{targets: ['{served}']}}]}}]\n"
    )
    listen = f"127.0.0.1:{free_port()}"
    command = [PROMETHEUS, f"--config.file={tmp_path}/prometheus.yml", "--log.level=error"]
    command += [f"--web.listen-address={listen}", f"--storage.tsdb.path={tmp_path}/data"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:

            def ask(query: str) -> list[Any]:
                url = f"http://{listen}/api/v1/query?query={urllib.parse.quote(query)}"
                try:
                    with urllib.request.urlopen(url) as reply:
                        found: list[Any] = json.load(reply)["data"]["result"]
                except OSError as error:
                    if "refused" in str(error) or "503" in str(error):
                        return []
                    raise AssertionError(f"{query}: {error}") from error
                return found

            turns = "count_over_time(qwen_dual_turns_total[1m]) >= 2"
            wait_until(lambda: ask(turns), "two scrapes")
            for title, query in QUERIES:
                plain = query.replace("$__rate_interval", "1m").replace("$__range", "1m")
                assert ask(plain), f"{title}: {plain}"
        finally:
            process.terminate()


def kept_by_grafana(dashboard: dict[str, Any]) -> dict[str, Any]:
    """A dashboard as Grafana's own model of it has it: what that does not know is gone."""
    sdk = "grafana_foundation_sdk"
    needs = "needs grafana-foundation-sdk"
    model = pytest.importorskip(f"{sdk}.models.dashboard", reason=needs)
    pytest.importorskip(f"{sdk}.cog.plugins").register_default_plugins()
    encoder = pytest.importorskip(f"{sdk}.cog.encoder").JSONEncoder
    found: dict[str, Any] = json.loads(
        json.dumps(model.Dashboard.from_json(dashboard), cls=encoder)
    )
    return found


def lost(given: Any, kept: Any, at: str = "") -> list[str]:
    """Where one thing does not have what another does."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return [
            place
            for key, value in given.items()
            for place in lost(value, kept.get(key), f"{at}/{key}")
        ]
    if isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        return [
            place
            for number, (one, other) in enumerate(zip(given, kept, strict=True))
            for place in lost(one, other, f"{at}/{number}")
        ]
    return [] if given == kept else [at]


def test_grafanas_own_model_of_a_dashboard_knows_all_that_is_in_it() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert lost(dashboard, kept_by_grafana(dashboard)) == []
    panel = dashboard["panels"][0]
    panel["options"]["nothing"] = panel["targets"][0]["nothing"] = 1
    assert lost(dashboard, kept_by_grafana(dashboard)) == [
        "/panels/0/targets/0/nothing",
        "/panels/0/options/nothing",
    ]
