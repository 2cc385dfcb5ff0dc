"""What the tests begin with is the same however they are started."""

from __future__ import annotations

import os
import signal

_IGNORED_BY_STARTERS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""``nohup`` ignores the first, a shell without job control the next two for what runs behind ``&``;
both are inherited, by this process and by every program that a test starts."""


def pytest_configure() -> None:
    """Takes signals as a process at a terminal would."""
    for number in _IGNORED_BY_STARTERS:
        if signal.getsignal(number) is signal.SIG_IGN:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED_BY_STARTERS)
    os.umask(0o022)
