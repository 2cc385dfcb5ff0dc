"""Which sandbox a session's commands get, from the settings and the command line; and its words.

Only the person's own settings and the machine's count. What is set and cannot be understood counts
as asked for: commands are refused rather than run without.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.fs.foreign import ForeignFileError, read_foreign
from qwen_dual.fs.home import home_of, runtime_directory, shortened
from qwen_dual.sandbox.policy import (
    BACKENDS,
    FILESYSTEMS,
    NETWORKS,
    SandboxPolicy,
    SandboxUnavailable,
)
from qwen_dual.settings import keys
from qwen_dual.settings.files import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.runtime.launch import Launch
    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.sandbox.policy import Backend
    from qwen_dual.settings.layers import Layer
    from qwen_dual.settings.load import Settings

PLACE = keys.SANDBOX_BACKEND.place[:-1]
"""Where the object stands in the settings."""

_VALUES = {
    keys.SANDBOX_BACKEND.place[-1]: BACKENDS,
    keys.SANDBOX_FILESYSTEM.place[-1]: FILESYSTEMS,
    keys.SANDBOX_NETWORK.place[-1]: NETWORKS,
}
SHOWN_PATHS = 12


class BadPolicy(ValueError):
    """A sandbox that the settings ask for in a way that cannot be understood."""


def choose_policy(settings: Settings, flag: str | None) -> SandboxPolicy | None:
    """The policy in force; None for no sandbox.

    Args:
        settings: all layers. One object counts, whole: the machine's settings, then the person's,
            then the machine's defaults.
        flag: the backend of ``--sandbox``; it goes before all but the machine's settings.

    Raises:
        BadPolicy: what is set cannot be understood.
    """
    layers = {layer.name: layer for layer in settings.layers if _section(layer) is not None}
    by_machine = layers.get("system")
    layer = by_machine or layers.get("user") or layers.get("system defaults")
    if layer is None:
        _check_unread(settings.unread)
    policy = SandboxPolicy("none") if layer is None else _read(layer)
    if flag is not None and by_machine is None:
        policy = SandboxPolicy(cast("Backend", flag), policy.filesystem, policy.network)
    return None if policy.backend == "none" else policy


def asked_for(settings: Settings, flag: str | None) -> SandboxPolicy | None:
    """As ``choose_policy``; what cannot be understood is asked for with what is strictest."""
    try:
        return choose_policy(settings, flag)
    except BadPolicy:
        return SandboxPolicy(filesystem="read-only")


def make_sandbox(launch: Launch) -> Sandbox | None:
    """The sandbox of a session; None where none is asked for."""
    if launch.sandbox is None:
        return None
    from qwen_dual.sandbox.confine import Sandbox  # nobody else has to wait for it

    problem = ""
    try:
        choose_policy(launch.settings, launch.spec.sandbox)
    except BadPolicy as error:
        problem = str(error)
    # Where other sessions take commands, too: one in a sandbox could have them do what it may not.
    running = runtime_directory(launch.env)
    hide = (launch.home, *launch.outside.paths, *([running] if os.path.isdir(running) else []))
    return Sandbox(
        launch.sandbox,
        os.path.realpath(launch.cwd),
        dict(launch.env),
        # A command that could write to the input would answer its own questions.
        hide=tuple(map(os.path.abspath, hide)),
        problem=problem,
    )


def facts(policy: SandboxPolicy | None) -> dict[str, Any]:
    """What ``session_start`` tells: as it was asked for; nothing for no sandbox."""
    if policy is None:
        return {}
    asked = {"backend": policy.backend, "filesystem": policy.filesystem, "network": policy.network}
    return {"sandbox": asked}


def warnings(sandbox: Sandbox | None) -> list[str]:
    """Finds out whether it can be had; what the person should know. Blocks for some 20 ms."""
    if sandbox is None:
        return []
    try:
        sandbox.prepare()
    except SandboxUnavailable as error:
        return [f"The sandbox cannot be had, so commands are refused: {error}"]
    if sandbox.home_is_inside and sandbox.policy.filesystem != "read-only":
        where = shortened(sandbox.root, home_of(sandbox.env))
        return [
            f"{where} holds a home folder: commands only read there. Start in a project's folder."
        ]
    return []


def word(sandbox: Sandbox | None) -> str:
    """What the footer says."""
    if sandbox is None:
        return ""
    return "no sandbox: commands refused" if sandbox.problem else "sandbox"


def describe(sandbox: Sandbox | None, withheld: Sequence[str]) -> str:
    """What ``/sandbox`` says; looks at files, so not on the loop's thread.

    Args:
        sandbox: the one in force.
        withheld: variables that no command gets.
    """
    kept = f"Keys kept from commands: {', '.join(withheld) or 'none'}"
    if sandbox is None:
        return (
            "No sandbox: commands run with all your rights. `--sandbox`, or "
            f'"tools": {{"{PLACE[-1]}": {{"backend": "auto"}}}} in your settings, limits them.\n{kept}'
        )
    try:
        backend = sandbox.prepare()
    except SandboxUnavailable as error:
        return f"The sandbox cannot be had, so commands are refused: {error}\n{kept}"
    policy, home = sandbox.policy, home_of(sandbox.env)
    files = "the workspace and a private /tmp" if sandbox.writable else "a private /tmp"
    if backend == "landlock":
        files = files.replace("/tmp", "folder for temporary files")
    return "\n".join(
        (
            f"Sandbox: {backend}" + (" (auto)" if policy.backend == "auto" else ""),
            f"Written to: {files}; everything else is read-only",
            f"Network: {policy.network}",
            "System calls: "
            + (
                "filtered"
                if sandbox.filtered
                else f"not filtered on this {os.uname().machine} kernel"
            ),
            f"Read-only in the workspace: {_listed(sandbox.guarded(), home)}",
            f"Hidden: {_listed(sandbox.hidden(), home)}",
            kept,
        )
    )


def _listed(paths: Sequence[str], home: str) -> str:
    shown = ", ".join(shortened(path, home) for path in paths[:SHOWN_PATHS]) or "nothing"
    more = len(paths) - SHOWN_PATHS
    return f"{shown} and {more} more" if more > 0 else shown


def _section(layer: Layer) -> Any:
    """As it was written: ``settings.get`` leaves out what is wrong, which counts as asked for here."""
    found: Any = layer.values
    for name in PLACE:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _read(layer: Layer) -> SandboxPolicy:
    section = _section(layer)
    where = f"{'.'.join(PLACE)} in {layer.label}"
    if not isinstance(section, dict):
        raise BadPolicy(f"{where}: expected an object, not {type(section).__name__}")
    for name, value in section.items():
        if name not in _VALUES:
            raise BadPolicy(f"{where}: there is no {name!r}; there are {', '.join(_VALUES)}")
        if value not in _VALUES[name]:
            raise BadPolicy(
                f"{where}: {name}: expected one of {', '.join(_VALUES[name])}, not {value!r}"
            )
    given: Mapping[str, Any] = section
    return SandboxPolicy(**given)


def _check_unread(paths: Sequence[str]) -> None:
    """Whether a file that could not be understood may have asked for one."""
    for path in paths:
        try:
            text = read_foreign(path, limit=MAX_BYTES, follow=True)
        except (OSError, ForeignFileError):
            continue
        if PLACE[-1].encode() in text:
            raise BadPolicy(f"{path} names {PLACE[-1]} and cannot be read; mend it")
