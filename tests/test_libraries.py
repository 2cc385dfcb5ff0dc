"""What is used of libraries beyond their documented interface: named, pinned, and still there.

A failure here says that a library was upgraded: read anew what is used of it, run the tests that are
named, and change the pin in ``pyproject.toml`` with the version here.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import sys
import tomllib
from importlib.metadata import distribution, version
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.sources import ROOT, sources, statements

if TYPE_CHECKING:
    from pathlib import Path


class Use(NamedTuple):
    """What is used of one library.

    Attributes:
        checked: the version, or the beginning of it, that was read and tested.
        pin: what ``pyproject.toml`` says of it.
        tests: what shows that it still does what it did.
        names: by module.
    """

    checked: str
    pin: str
    tests: str
    names: dict[str, list[str]]


USES = {
    # One that is written anew in each minor version; its names are public, and in no manual.
    "watchdog": Use(
        "7.1.",
        ">=7.1,<7.2",
        "tests/bridge_in/test_watch.py",
        {
            "watchdog.observers.inotify_c": [
                *("CallbackId", "InotifyConstants", "InotifyEvent", "InotifyFD", "Mask"),
                "WatchDescriptor",
            ]
        },
    ),
    # Its attributes are named in tests/tui/rendering/test_scrollback.py.
    "prompt-toolkit": Use("3.0.", ">=3.0.53,<3.1", "tests/tui/rendering/test_scrollback.py", {}),
    # Logs are stable on the wire, and the SDK's names for them still have an underscore.
    "opentelemetry-sdk": Use(
        "1.45.",
        ">=1.45,<2",
        "tests/telemetry",
        {
            "opentelemetry._logs": ["LogRecord", "SeverityNumber"],
            "opentelemetry.sdk._logs": ["LoggerProvider", "ReadableLogRecord"],
            "opentelemetry.sdk._logs.export": [
                *("BatchLogRecordProcessor", "LogRecordExporter", "LogRecordExportResult")
            ],
        },
    ),
    "opentelemetry-exporter-otlp-proto-http": Use(
        "1.45.",
        ">=1.45,<2",
        "tests/telemetry",
        {
            "opentelemetry.exporter.otlp.proto.common._log_encoder": ["encode_logs"],
            "opentelemetry.exporter.otlp.proto.http._log_exporter": ["OTLPLogExporter"],
        },
    ),
    "pygments": Use("2.", ">=2.18,<3", "tests/tui", {"pygments.token": ["_TokenType"]}),
    # With these tests are made ready once for all workers; without them each worker does so itself.
    "pytest": Use(
        "9.",
        ">=9,<10",
        "tests/test_libraries.py",
        {
            "_pytest.assertion.rewrite": [
                *("PYC_TAIL", "assertstate_key", "get_cache_dir", "try_makedirs"),
                *("_read_pyc", "_rewrite_test", "_write_pyc"),
            ]
        },
    ),
    "hypothesis": Use(
        "6.",
        ">=6.150,<7",
        "tests/test_libraries.py",
        {
            "hypothesis.internal.charmap": ["intervals_from_codec"],
            "hypothesis.internal.constants_ast": ["constants_from_module"],
        },
    ),
}


@pytest.mark.parametrize("library", USES)
def test_the_library_is_of_the_version_that_was_checked(library: str) -> None:
    use = USES[library]
    installed = version(library)
    why = f"{library} {installed} is not what was checked ({use.checked}): run {use.tests}"
    assert installed.startswith(use.checked), why
    for module, names in use.names.items():
        found = importlib.import_module(module)
        assert [name for name in names if not hasattr(found, name)] == [], module


@pytest.mark.parametrize("library", USES)
def test_the_project_is_pinned_to_what_was_checked(library: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *chain.from_iterable(extras.values())]
    assert f"{library}{USES[library].pin}" in declared


@functools.cache
def imports() -> dict[Path, list[ast.Import | ast.ImportFrom]]:
    """Every import of each file of the package."""
    return {
        path: [node for node in statements(text) if isinstance(node, (ast.Import, ast.ImportFrom))]
        for path, text in sources("qwen_dual").items()
    }


OF_PYTHON = {("_imp", "_fix_co_filename")}
"""What ``importlib`` has of the interpreter; tests/cli/test_finder.py shows that it does what it did."""


def test_every_private_name_that_is_imported_is_among_them() -> None:
    named = OF_PYTHON | {
        (module, name)
        for use in USES.values()
        for module, names in use.names.items()
        for name in names
    }
    private = re.compile(r"(^|\.)_[a-z]|(^|\.)inotify_c\b|^_[A-Z]", re.ASCII)
    for path, imported in imports().items():
        for node in imported:
            module = getattr(node, "module", None) or ""
            if isinstance(node, ast.Import) or module[:5] in ("__fut", "qwen_"):
                continue
            for alias in node.names:
                if private.search(module) or private.search(alias.name):
                    assert (module, alias.name) in named, f"{path}: {module}.{alias.name}"


BROUGHT = {"pydantic_core", "typing_extensions", "referencing", "mcp_types", "httpx2"}
"""Modules that are part of what pydantic, jsonschema and mcp promise."""


def test_every_library_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    provided = set(BROUGHT)
    extras = dict(project["optional-dependencies"])
    del extras["dev"]
    for line in [*project["dependencies"], *chain.from_iterable(extras.values())]:
        files = distribution(re.split(r"[\[<>=]", line)[0]).files or ()
        provided |= {file.parts[0].partition(".")[0] for file in files}
    for path, imported in imports().items():
        for node in imported:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            modules = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
            assert modules <= provided | {"qwen_dual"}, path
