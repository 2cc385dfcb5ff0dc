"""A port for a server that cannot be told to choose one."""

from __future__ import annotations

import random
import socket

_BELOW_EPHEMERAL = range(20_000, 32_000)
"""Neither a connection that is made meanwhile nor a server that lets the system choose gets one of these;
and nobody who asks whether the server answers yet is connected to themselves."""


def free_port() -> int:
    """One on which nothing listens."""
    while True:
        port = random.SystemRandom().choice(_BELOW_EPHEMERAL)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
