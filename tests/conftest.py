"""What the tests begin with is the same however they are started."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.compiled import compile_all

if TYPE_CHECKING:
    from collections.abc import Iterator

_IGNORED_BY_STARTERS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""``nohup`` ignores the first, a shell without job control the next two for what runs behind ``&``;
both are inherited, by this process and by every program that a test starts."""


settings.register_profile("default", deadline=None)
settings.load_profile("default")
"""How long an example takes is no matter of a test."""

settings.register_profile("ci", settings.get_profile("ci"), max_examples=40)
"""The suite has time for so many of each property; without the profile it is 100."""


def pytest_configure(config: pytest.Config) -> None:
    """Takes signals as a process at a terminal would, and starts programs as an installation does.

    An editable installation is not compiled, and where ``PYTHONDONTWRITEBYTECODE`` is set nothing
    that starts keeps what it compiles: two seconds for each of some hundred starts.
    """
    for number in _IGNORED_BY_STARTERS:
        if signal.getsignal(number) is signal.SIG_IGN:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED_BY_STARTERS)
    os.umask(0o022)
    if not hasattr(config, "workerinput"):  # a worker's parent has done it
        compile_all(config)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--whole``."""
    parser.addoption(
        "--whole",
        action="store_true",
        help="drills at the size at which people meet them; the suite has time for smaller ones",
    )


@pytest.fixture(autouse=True)
def signals_stay() -> Iterator[None]:
    """No test leaves signals otherwise: the programs that later ones start would inherit it."""
    before = {number: signal.getsignal(number) for number in _IGNORED_BY_STARTERS}
    yield
    left = {number: signal.getsignal(number) for number in _IGNORED_BY_STARTERS}
    for number, handler in before.items():
        if left[number] is not handler:
            signal.signal(number, handler)
    assert left == before


@pytest.fixture
def anyio_backend() -> str:
    """What the program runs on; the host library's tests run on both by themselves."""
    return "asyncio"


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    """Drills are to have their whole size."""
    return bool(request.config.getoption("whole"))
