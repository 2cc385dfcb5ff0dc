"""The kernel's keys, which a command could read without any file."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.confinement import in_thread
from tests.sandbox.support import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.sandbox.policy import Backend
    from tests.sandbox.support import Place

KEYCTL = {"x86_64": 250, "aarch64": 219}.get(platform.machine())
SESSION, JOIN, SEARCH, READ = -3, 1, 10, 11
ASKED = f"""
import ctypes
libc = ctypes.CDLL(None)
key = libc.syscall({KEYCTL}, {SEARCH}, {SESSION}, b"user", b"qwen-dual-test", 0)
held = ctypes.create_string_buffer(100)
print(held.value.decode() if key >= 0 and libc.syscall({KEYCTL}, {READ}, key, held, 100) > 0 else "none")
"""


def keep_a_key() -> None:
    """Gives the thread a keyring with a key, as signing in to a desktop does."""
    libc, secret = ctypes.CDLL(None), SECRET.encode()
    if KEYCTL is None or libc.syscall(KEYCTL, JOIN, b"qwen-dual-test") < 0:
        pytest.skip("the kernel's keyrings cannot be used here")
    added = libc.syscall(KEYCTL - 2, b"user", b"qwen-dual-test", secret, len(secret), SESSION)
    assert added >= 0


def output(start: Callable[[Sequence[str]], subprocess.Popen[bytes]]) -> str:
    """What somebody finds in the session's keyring who is started from such a thread."""
    python = os.path.realpath(sys.executable)
    popen = in_thread(keep_a_key, lambda: start([python, "-c", ASKED]))
    return popen.communicate(timeout=20)[0].decode().strip()


def test_the_keys_of_the_persons_session_are_out_of_reach(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)

    def plain(argv: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(argv, stdout=subprocess.PIPE)

    namespaces = []

    def confined(argv: Sequence[str]) -> subprocess.Popen[bytes]:
        made = sandbox.confine(argv, "/", dict(os.environ))
        popen = made.start(
            lambda: subprocess.Popen(
                made.argv, env=made.env, stdout=subprocess.PIPE, pass_fds=made.descriptors
            )
        )
        namespaces.append(made.namespace())
        return popen

    assert output(plain) == SECRET
    assert output(confined) == "none"
