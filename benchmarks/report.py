"""The budgets, the table of a run and its JSON. Pure but for writing the file."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.recordings import BUDGET_PERCENT, BUDGET_SECONDS, RATE
from benchmarks.sandbox import BUDGET_MS, NOT_OURS
from benchmarks.sessions import BUDGET_BYTES
from benchmarks.telemetry import BUDGET_DELTA_US, BUDGET_TURN_MS, SPANS
from benchmarks.web import BUDGET_KEY_MS
from benchmarks.web_page import BUDGET_SCREEN_MS, BUDGET_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.bridge import Rate
    from benchmarks.measure import Samples
    from benchmarks.recordings import Recording
    from benchmarks.sandbox import Cost
    from benchmarks.sessions import Crowd
    from benchmarks.telemetry import Telemetry
    from benchmarks.web import Web
    from benchmarks.web_page import Painted

Unit = Literal["s", "B", "%", "/s"]
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Budget:
    """What our value may be: ``limit`` times the other program's value, or ``limit`` itself."""

    limit: float
    relative: bool = False
    at_least: bool = False

    def met(self, ours: float, other: float | None) -> bool | None:
        """Whether it is met; None where that needs another program's value."""
        if self.relative and other is None:
            return None
        bound = self.limit * other if self.relative and other is not None else self.limit
        return ours >= bound if self.at_least else ours <= bound

    def text(self, unit: Unit) -> str:
        """As the table shows it."""
        sign = "≥" if self.at_least else "≤"
        if not self.relative:
            return f"{sign} {quantity(self.limit, unit)}"
        return f"{sign} {times(self.limit)}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the table.

    Attributes:
        key: of the samples.
        label: what it is, for a reader.
        unit: of its values.
        quantile: which one of the samples counts.
        budget: from the design; None for what is only told.
    """

    key: str
    label: str
    unit: Unit
    quantile: float = 0.5
    budget: Budget | None = None


METRICS: tuple[Metric, ...] = (
    Metric("first_event", "spawn → session_start", "s", 0.5, Budget(1 / 20, relative=True)),
    Metric("first_paint", "spawn → painted, key accepted", "s", 0.5, Budget(1 / 8, relative=True)),
    Metric("submit", "line appended → user event", "s", 0.5, Budget(1 / 50, relative=True)),
    Metric("submit", "  the same, p99", "s", 0.99),
    Metric("approval", "answer appended → control_response", "s", 0.5, Budget(1 / 50, True)),
    Metric("stream_rate", "long answer: deltas a second", "/s", 0.5, Budget(2, True, True)),
    Metric("stream_cpu", "long answer: CPU time", "s", 0.5, Budget(1 / 2, relative=True)),
    Metric("memory_idle", "memory idle, PSS", "B", 0.5, Budget(60 * MIB)),
    Metric("memory_after", "memory after the long answer, PSS", "B", 0.5, Budget(90 * MIB)),
    Metric("cpu_idle", "CPU when idle", "%", 0.5, Budget(0.05)),
    Metric("key_echo", "key → echo, 3,000 deltas/s", "s", 0.5, Budget(0.010)),
    Metric("key_echo", "  the same, p99", "s", 0.99, Budget(0.050)),
    Metric("key_rate", "  deltas a second meanwhile", "/s"),
    Metric("chunk_echo", "key → echo, one delta of 20 MB", "s"),
    Metric("chunk_echo", "  the same, the slowest", "s", 1.0, Budget(0.050)),
    Metric("chunk_pause", "  the loop's longest pause, CPU", "s", 1.0, Budget(0.050)),
    Metric("chat_first_event", "a chat of 200 MB: spawn → session_start", "s", 0.5, Budget(1.0)),
    Metric("chat_first_paint", "  spawn → painted, key accepted", "s"),
    Metric("chat_memory", "  memory, PSS", "B", 0.5, Budget(150 * MIB)),
    Metric("print_first_line", "-p: spawn → first line", "s", 0.5, Budget(1 / 20, relative=True)),
    Metric("print_exit", "  spawn → exit, one delta", "s", 0.5, Budget(1 / 20, relative=True)),
    Metric("print_stream_rate", "  long answer: deltas a second", "/s", 0.5, Budget(3, True, True)),
    Metric("print_memory", "  memory, PSS, at the most", "B", 0.5, Budget(1 / 8, relative=True)),
)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below or at which ``share`` of all lie; the median of an even number is a mean."""
    if share == 0.5:
        return statistics.median(values)
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def quantity(value: float, unit: Unit) -> str:
    """A value for people."""
    if unit == "B":
        return f"{value / MIB:.1f} MiB"
    if unit == "%":
        return f"{value:.2f} %"
    if unit == "/s":
        return f"{value:,.0f}/s"
    return f"{value * 1000:.2f} ms" if value < 0.1 else f"{value:.3f} s"


def times(ratio: float) -> str:
    """A ratio: ``1/20`` below one, ``2.0×`` from one on."""
    if ratio <= 0:
        return "0"
    inverse = 1 / ratio
    if ratio >= 1:
        return f"{ratio:.1f}×"
    return f"1/{inverse:.0f}" if inverse >= 10 or inverse.is_integer() else f"1/{inverse:.1f}"


def rows(ours: Samples, other: Samples | None) -> list[list[str]]:
    """The table's cells: metric, ours, other, ratio, budget, verdict."""
    table = []
    for metric in METRICS:
        mine, theirs = _value(ours, metric), _value(other, metric)
        cells = [metric.label, "–", "–", "–", "", ""]
        if mine is not None:
            cells[1] = quantity(mine, metric.unit)
        if theirs is not None:
            cells[2] = quantity(theirs, metric.unit)
        if mine is not None and theirs:
            cells[3] = times(mine / theirs)
        if metric.budget is not None:
            cells[4] = metric.budget.text(metric.unit)
            met = None if mine is None else metric.budget.met(mine, theirs)
            cells[5] = {True: "met", False: "NOT MET", None: "needs --beside"}[met]
            if met is None and (mine is None or other is not None):
                cells[5] = "not measured"
            if (
                metric.key == "stream_rate"
                and other is not None
                and "stream_paced" in other.by_metric
            ):
                # Its server was slowed down until nothing was lost: its own speed is not known.
                cells[3], cells[5] = "–", "not comparable"
        table.append(cells)
    return table


def table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Columns in plain text, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (headings, *cells)) for i in range(len(headings))]
    lines = []
    for row in (headings, ["─" * width for width in widths], *cells):
        padded = [row[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def bridge_table(rates: Sequence[Rate]) -> str:
    """The tee alone."""
    cells = [
        [rate.target, str(rate.per_pass), f"{rate.events_per_second:,.0f}/s", str(rate.dropped)]
        for rate in rates
    ]
    return table(["the bridge alone", "events a pass", "events", "dropped"], cells)


def sandbox_table(costs: Sequence[Cost]) -> str:
    """What a sandbox adds to a command."""
    cells = [
        [
            cost.backend,
            *(f"{value:.1f} ms" for value in (cost.least_ms, cost.median_ms, cost.p95_ms)),
            *_judged(cost),
        ]
        for cost in costs
    ]
    return table(["sandbox: ms per command", "least", "median", "p95", "budget", ""], cells)


def _judged(cost: Cost) -> tuple[str, str]:
    if cost.backend in NOT_OURS:
        return "", "part of the above"
    return f"≤ {BUDGET_MS:g} ms", "met" if cost.median_ms <= BUDGET_MS else "MISSED"


def crowd_table(crowd: Crowd) -> str:
    """Many sessions in one process."""
    cells = [
        [
            f"{crowd.count:,} idle",
            f"{quantity(crowd.bytes_each, 'B')} each",
            f"≤ {quantity(BUDGET_BYTES, 'B')}",
            "met" if crowd.bytes_each <= BUDGET_BYTES else "MISSED",
        ],
        ["  opened, and the first prompt answered", f"{crowd.open_ms:.1f} ms each", "", ""],
        [f"{crowd.busy} busy at once", quantity(crowd.busy_seconds, "s"), "", ""],
    ]
    return table(["sessions in one process", "", "budget", ""], cells)


def recording_table(recording: Recording) -> str:
    """A session that is recorded, and what is said of it later."""
    cells = [
        [
            f"recording {RATE:,} deltas/s",
            f"{recording.percent:.1f} % of a CPU",
            f"≤ {BUDGET_PERCENT:g} %",
            "met" if recording.percent <= BUDGET_PERCENT else "MISSED",
        ],
        [
            "audit of a gigabyte",
            f"{recording.audit_seconds:.1f} s",
            f"≤ {BUDGET_SECONDS:g} s",
            "met" if recording.audit_seconds <= BUDGET_SECONDS else "MISSED",
        ],
    ]
    return table(["recordings", "", "budget", ""], cells)


def telemetry_table(told: Telemetry) -> str:
    """What it costs a session that others are told what it does."""
    cells = [
        [
            "a delta, on the loop's thread",
            f"{told.delta_us:.2f} µs",
            f"≤ {BUDGET_DELTA_US:g} µs",
            "met" if told.delta_us <= BUDGET_DELTA_US else "MISSED",
        ],
        ["another event, the same", f"{told.event_us:.2f} µs", "", ""],
        [
            f"a turn of {SPANS} spans, by all threads",
            f"{told.turn_ms:.1f} ms",
            f"≤ {BUDGET_TURN_MS:g} ms",
            "met" if told.turn_ms <= BUDGET_TURN_MS and not told.lost else "MISSED",
        ],
    ]
    return table(["telemetry", "", "budget", ""], cells)


def web_table(web: Web) -> str:
    """The way to the browser."""
    way, flood, crowd, log = web.way, web.flood, web.crowd, web.log
    over = statistics.median(way.key) - statistics.median(way.key_there)
    cells = [
        ["event written → its frame, p50", f"{statistics.median(way.event):.2f} ms", "", ""],
        ["  the same, p99", f"{quantile(way.event, 0.99):.2f} ms", "", ""],
        ["key → its echo, p50", f"{statistics.median(way.key):.2f} ms", "", ""],
        [
            "  over the PTY's own",
            f"{over:.2f} ms",
            f"≤ {BUDGET_KEY_MS:g} ms",
            "met" if over <= BUDGET_KEY_MS else "MISSED",
        ],
        [f"{flood.megabytes:g} MB to two pages, one slow", f"{flood.seconds:.1f} s", "", ""],
        ["  CPU of the server", f"{flood.cpu_seconds:.1f} s", "", ""],
        ["  its memory grew by", quantity(flood.grown, "B"), "", ""],
        [
            f"{crowd.sessions} sessions, {crowd.pages} pages: memory",
            quantity(crowd.bytes, "B"),
            "",
            "",
        ],
        [
            "  CPU while nothing happens",
            quantity(crowd.idle_percent, "%"),
            "≤ 0.50 %",
            "met" if crowd.idle_percent <= 0.5 else "MISSED",
        ],
        [
            f"  {crowd.busy_rate:,.0f} frames a second: CPU",
            quantity(crowd.busy_percent, "%"),
            "",
            "",
        ],
        ["  event → its frame meanwhile, p50", f"{statistics.median(crowd.event):.1f} ms", "", ""],
        ["output kept, of an emulator's CPU", times(log.kept / log.emulated), "", ""],
    ]
    return table(["the way to the browser", "", "budget", ""], cells)


def page_table(painted: Painted) -> str:
    """The page in a browser."""
    screen = statistics.median(painted.screen)
    cells = [
        [
            "navigation → the terminal is shown, p50",
            f"{screen:.0f} ms",
            f"≤ {BUDGET_SCREEN_MS:g} ms",
            "met" if screen <= BUDGET_SCREEN_MS else "MISSED",
        ],
        [
            "event written → shown in the chat, p50",
            f"{statistics.median(painted.event):.1f} ms",
            "",
            "",
        ],
        ["  the same, p99", f"{quantile(painted.event, 0.99):.1f} ms", "", ""],
        [
            "all of the page, compressed",
            f"{painted.weight / 1000:.0f} kB",
            f"≤ {BUDGET_WEIGHT / 1000:g} kB",
            "met" if painted.weight <= BUDGET_WEIGHT else "MISSED",
        ],
    ]
    return table(["the page in Chromium", "", "budget", ""], cells)


def save(
    path: Path,
    programs: Mapping[str, tuple[Sequence[str], Samples]],
    rates: Sequence[Rate],
    costs: Sequence[Cost] = (),
    crowd: Crowd | None = None,
    recording: Recording | None = None,
    told: Telemetry | None = None,
    web: Web | None = None,
    page: Painted | None = None,
) -> None:
    """Writes everything that was measured, each sample included, as JSON."""
    body: dict[str, Any] = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {
            "cpus": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
        },
        "programs": {
            name: {"command": list(command), **asdict(samples)}
            for name, (command, samples) in programs.items()
        },
        "bridge": [asdict(rate) for rate in rates],
        "sandbox": [asdict(cost) for cost in costs],
        "sessions": asdict(crowd) if crowd is not None else None,
        "recording": asdict(recording) if recording is not None else None,
        "telemetry": asdict(told) if told is not None else None,
        "web": asdict(web) if web is not None else None,
        "page": asdict(page) if page is not None else None,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _value(samples: Samples | None, metric: Metric) -> float | None:
    values = samples.by_metric.get(metric.key) if samples is not None else None
    return quantile(values, metric.quantile) if values else None
