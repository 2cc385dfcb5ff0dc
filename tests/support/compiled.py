"""Compiles the program and its tests once, on every core, before several workers would each do it alone.

pytest keeps tests with their asserts rewritten beside the source, and hypothesis what it finds of
constants in the source: workers that begin with a fresh clone do all of it at the same time, in a quarter
of a minute of CPU each. What a test starts finds the program compiled also where
``PYTHONDONTWRITEBYTECODE`` is set.
"""

from __future__ import annotations

import compileall
import os
import warnings
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from _pytest.assertion import rewrite
from hypothesis.internal import charmap, constants_ast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

ROOT = Path(__file__).parents[2]
CODE = ("qwen_dual", "demos", "benchmarks", "tests")


def compile_all(config: pytest.Config) -> None:
    """What of it is not compiled yet; of the tests those that are asked for."""
    asked = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    paths = [
        path
        for name in CODE
        for path in sorted(_sources(ROOT / name))
        if not _is_rewritten(path) or any(path.is_relative_to(one) for one in asked)
    ]
    count = os.cpu_count() or 1
    shares = [paths[number::count] for number in range(count)]
    fork = get_context("fork").Process  # each has pytest's configuration as it is
    # One that fails leaves its share to the workers.
    workers = [fork(target=_compile, args=(config, share)) for share in shares]
    if not Path(".hypothesis").exists():
        workers += [fork(target=_gather_constants, args=(share,)) for share in shares]
        workers.append(fork(target=_gather_characters))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _sources(folder: Path) -> Iterator[Path]:
    for here, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in ("__pycache__", "node_modules")]
        yield from (Path(here, file) for file in files if file.endswith(".py"))


def _is_rewritten(path: Path) -> bool:
    """Whether pytest rewrites its asserts: by its default patterns, which hold here."""
    return path.name == "conftest.py" or path.match("test_*.py")


def _compile(config: pytest.Config, paths: Sequence[Path]) -> None:
    for path in paths:
        if _is_rewritten(path):
            _rewrite(config, path)
        else:
            compileall.compile_file(path, quiet=2)


def _rewrite(config: pytest.Config, path: Path) -> None:
    kept = rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(path, kept) is None and rewrite.try_makedirs(kept.parent):
        source_hash, code = rewrite._rewrite_test(path, config)
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source_hash, kept)


def _gather_constants(paths: Sequence[Path]) -> None:
    warnings.simplefilter("ignore")  # hypothesis warns of what is slow before tests are collected
    for path in paths:
        if path.is_relative_to(ROOT / "qwen_dual"):
            module = ModuleType(path.stem)
            module.__file__ = str(path)
            constants_ast.constants_from_module(module)


def _gather_characters() -> None:
    warnings.simplefilter("ignore")
    charmap.intervals_from_codec("utf-8")
