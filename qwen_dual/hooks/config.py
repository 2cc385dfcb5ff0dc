"""What the settings say of hooks, as records; what cannot be used is said, and left out.

A hook's command is taken as the file has it: its variables are for the shell that runs it, and no key
gets onto a command line. The hooks of a folder that nobody trusts are not here at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from qwen_dual.hooks.hook_events import BY_NAME
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from qwen_dual.settings.layers import Layer

Source = Literal["Project", "User", "System", "Session"]
Kind = Literal["command", "http", "prompt", "callback"]

SOURCES: Final[Mapping[str, Source]] = {
    "project": "Project",
    "user": "User",
    "system": "System",
    "system defaults": "System",
}
"""Whose layer of the settings is whose; in the order in which hooks of one event run."""

SECONDS: Final[Mapping[str, float]] = {"command": 60, "http": 600, "prompt": 30, "callback": 60}
"""How long one may take, unless it says."""

MILLISECONDS_FROM = 1000
"""A command's timeout of that or more is in milliseconds, as it once was."""

NAME_CHARS = 60


class Hook(Struct, frozen=True):
    """One hook of one event.

    Attributes:
        event: when it runs.
        kind: how.
        does: the command line, the URL, the prompt, or the id of a callback.
        name: what it is called; of the settings, else the beginning of ``does``.
        matcher: which of the events it is for; empty for all.
        source: whose it is.
        path: the file that it stands in.
        seconds: how long it may take.
        env: variables besides the session's.
        headers: of a request.
        allowed_env: variables that may be put into the URL and the headers.
        model: that judges; empty for the one in force.
        background: nobody waits for it, and what it says has no effect.
        once: it runs once in a session.
        sequential: the hooks that run with it do so one after another.
        blocks_on_failure: its failure counts as a no.
        status: what a person is told while it runs.
    """

    event: str
    kind: Kind
    does: str
    name: str
    matcher: str = ""
    source: Source = "User"
    path: str = ""
    seconds: float = 60
    env: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    allowed_env: tuple[str, ...] = ()
    model: str = ""
    background: bool = False
    once: bool = False
    sequential: bool = False
    blocks_on_failure: bool = False
    status: str = ""

    @property
    def same(self) -> tuple[object, ...]:
        """Two that agree in this do the same, and run once."""
        return (self.event, self.kind, self.does, tuple(sorted(self.env.items())), self.model)


def read_hooks(
    layers: Iterable[Layer], *, trusted: bool, scrub: Callable[[str], str] = str
) -> tuple[list[Hook], list[str]]:
    """The hooks that are configured, in the order in which they run, and what is wrong with others.

    Args:
        layers: of the settings.
        trusted: whether the project's count.
        scrub: takes secrets out of the names.
    """
    found: list[Hook] = []
    wrong: list[str] = []
    order = list(SOURCES)
    known = [layer for layer in layers if layer.name in SOURCES and "hooks" in layer.raw]
    for layer in sorted(known, key=lambda layer: order.index(layer.name)):
        if layer.name != "project" or trusted:
            reader = _Reader(layer, wrong.append, scrub)
            found += reader.read(layer.raw["hooks"])
    return found, wrong


class _Reader:
    """Reads the ``hooks`` of one file."""

    def __init__(
        self, layer: Layer, wrong: Callable[[str], object], scrub: Callable[[str], str]
    ) -> None:
        self._layer = layer
        self._wrong = wrong
        self._scrub = scrub

    def read(self, value: Any) -> list[Hook]:
        found: list[Hook] = []
        if not isinstance(value, dict):
            self._warn("hooks", "expected an object with events")
            return found
        for event, groups in value.items():
            at = f"hooks.{event}"
            if event in ("enabled", "disabled", "notifications"):
                continue  # of earlier versions of the reference, and no events
            if event not in BY_NAME:
                self._warn(at, f"there is no such event; those are {', '.join(BY_NAME)}")
            elif not isinstance(groups, list):
                self._warn(at, "expected a list")
            else:
                for index, group in enumerate(groups):
                    found += self._group(event, group, f"{at}[{index}]")
        return found

    def _group(self, event: str, group: Any, at: str) -> list[Hook]:
        if not isinstance(group, dict) or not isinstance(group.get("hooks"), list):
            self._warn(at, 'expected an object with a list "hooks"')
            return []
        matcher = group.get("matcher", "")
        if not isinstance(matcher, str):
            self._warn(f"{at}.matcher", "expected a text")
            return []
        sequential = group.get("sequential") is True
        read = [
            self._hook(event, matcher, item, f"{at}.hooks[{index}]", sequential=sequential)
            for index, item in enumerate(group["hooks"])
        ]
        return [hook for hook in read if hook is not None]

    def _hook(
        self, event: str, matcher: str, item: Any, at: str, *, sequential: bool
    ) -> Hook | None:
        if not isinstance(item, dict):
            self._warn(at, "expected an object")
            return None
        kind = item.get("type", "command")
        field = {"command": "command", "http": "url", "prompt": "prompt"}.get(str(kind))
        if field is None:
            self._warn(f"{at}.type", f"expected command, http or prompt, not {one_line(str(kind))}")
            return None
        does = item.get(field)
        if not isinstance(does, str) or not does.strip() or "\0" in does:
            self._warn(f"{at}.{field}", "expected a text that is not empty")
            return None
        if item.get("shell") not in (None, "bash"):
            self._warn(f"{at}.shell", "only bash runs commands here")
            return None
        name = item.get("name")
        return Hook(
            event,
            kind,
            does,
            name_of(self._scrub(name if isinstance(name, str) and name.strip() else does)),
            matcher,
            SOURCES[self._layer.name],
            self._layer.path,
            seconds_of(item.get("timeout"), kind),
            _texts(item.get("env")),
            _texts(item.get("headers")),
            tuple(name for name in item.get("allowedEnvVars") or () if isinstance(name, str)),
            str(item.get("model") or ""),
            background=kind == "command" and item.get("async") is True,
            once=item.get("once") is True,
            sequential=sequential,
            status=one_line(str(item.get("statusMessage") or "")),
        )

    def _warn(self, at: str, what: str) -> None:
        self._wrong(f"{self._layer.path}: {one_line(at)} is not used: {what}")


def name_of(text: str) -> str:
    """A name that fits into a line, and into ``hook:NAME``."""
    name = one_line(" ".join(text.split()))
    return name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1]}…"


def seconds_of(value: Any, kind: str) -> float:
    """A ``timeout``, in seconds; what holds without one where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        return SECONDS[kind]
    return value / 1000 if kind == "command" and value >= MILLISECONDS_FROM else float(value)


def _texts(value: Any) -> dict[str, str]:
    """The texts of an object."""
    if not isinstance(value, dict):
        return {}
    return {
        name: text
        for name, text in value.items()
        if isinstance(text, str) and "\0" not in name + text and "=" not in name and name
    }
