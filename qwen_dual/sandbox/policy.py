"""What a sandbox is asked to be. Pure."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Backend = Literal["auto", "bwrap", "landlock", "none"]
Filesystem = Literal["read-only", "workspace-write"]
Network = Literal["closed", "open"]

BACKENDS: Final = ("auto", "bwrap", "landlock", "none")
FILESYSTEMS: Final = ("read-only", "workspace-write")
NETWORKS: Final = ("closed", "open")


class SandboxPolicy(Struct, frozen=True):
    """What is asked for.

    Attributes:
        backend: ``auto`` takes bubblewrap where it is installed, else Landlock if it can do it.
        filesystem: whether the workspace may be written to.
        network: whether there is one.
    """

    backend: Backend = "auto"
    filesystem: Filesystem = "workspace-write"
    network: Network = "closed"


class SandboxUnavailable(Exception):
    """A sandbox was asked for and cannot be had; the text says why and what to do."""
