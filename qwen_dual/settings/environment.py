"""The environment as the program sees it: the shell's, then .env files, then the settings' ``env``.

Changes nothing in the process: what is added comes back to the caller. A project's .env may come
with a cloned repository: it sets nothing where the folder is not trusted, and what it may set is
limited where it is.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.fs.home import home_of
from qwen_dual.protocol.records import shown
from qwen_dual.settings.files import BadFile, read_text
from qwen_dual.settings.layers import expand
from qwen_dual.settings.secrets import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

FILE = ".env"

NEVER = (
    *("DEBUG", "DEBUG_MODE", "LD_*", "DYLD_*", "PYTHON*", "NODE_OPTIONS", "NODE_PATH", "PATH"),
    # What commands that only read, and run unasked, take their orders from.
    *("GIT_*", "RIPGREP_CONFIG_PATH", "GREP_OPTIONS", "TAR_OPTIONS", "BASH_*", "BASHOPTS", "ENV"),
    *("SHELLOPTS", "PS4", "IFS", "CDPATH", "PROMPT_COMMAND", "MAGIC", "TREE_*", "LESS*", "ZDOTDIR"),
    *("GLOBIGNORE", "EXECIGNORE", "POSIXLY_CORRECT", "POSIX", "QUOTING_STYLE", "TZDIR"),
    # What the system's own library loads for any program: encodings and texts, which are code, names
    # of hosts, terminals.
    *(
        "GCONV_PATH",
        "LOCPATH",
        "NLSPATH",
        "GLIBC_TUNABLES",
        "MALLOC_*",
        "HOSTALIASES",
        "LOCALDOMAIN",
    ),
    *("RES_OPTIONS", "TERMINFO*", "TERMCAP", "TERMPATH"),
    *("HOME", "SHELL", "XDG_*", "QWEN_HOME", "PAGER", "MANPAGER", "EDITOR", "VISUAL", "BROWSER"),
    # What other programs run or load before they do anything.
    *(
        "SSH_ASKPASS",
        "SUDO_ASKPASS",
        "PERL5*",
        "PERLLIB",
        "RUBYOPT",
        "RUBYLIB",
        "JAVA_TOOL_OPTIONS",
    ),
    *("MAKEFLAGS", "GNUMAKEFLAGS", "MAKEFILES", "LUA_INIT*", "GNUPGHOME", "DOTNET_STARTUP_HOOKS"),
    *("_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CARGO_BUILD_RUSTC*", "RUSTC*", "RUSTUP_*", "GOFLAGS"),
    # Whom encrypted connections trust, and who may read along: a key of the person's goes over them.
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "NODE_EXTRA_CA_CERTS", "OPENSSL_*"),
    *("NODE_TLS_REJECT_UNAUTHORIZED", "CURL_*", "WGETRC", "REQUESTS_CA_BUNDLE"),
    # Where what is written passes by: a sandbox lets it be written.
    *("TMPDIR", "TMP", "TEMP"),
    # Who is told what a session does, and what of it.
    *("OTEL_*", "QWEN_TELEMETRY_*", "TRACEPARENT", "TRACESTATE"),
    *("GOTOOLCHAIN", "npm_config_*", "NPM_CONFIG_*", "YARN_*", "PIP_*", "UV_*", "MISE_*", "ASDF_*"),
)
"""Names that no project's .env or settings may set, trusted or not."""


class Environment(Struct, frozen=True):
    """Variables and where they are from.

    Attributes:
        values: all of them; to look up keys and ``$NAME``.
        added: those that the shell did not set.
        sources: the file of each that was added.
        held: files that are not used since their folder is not trusted.
        warnings: what was not taken, and why; names, never values.
    """

    values: Mapping[str, str]
    added: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    held: Sequence[str] = ()
    warnings: Sequence[str] = ()

    def __repr__(self) -> str:
        return shown(self, without={"values", "added"})

    def source(self, name: str) -> str:
        """Where a person finds the variable: ``environment``, or the file that sets it."""
        return self.sources.get(name, "environment")


def load_environment(
    cwd: str,
    home: str,
    shell: Mapping[str, str],
    *,
    settings: Sequence[tuple[str, Mapping[str, Any]]],
    trusts: Callable[[str], bool],
) -> Environment:
    """Reads the .env files and puts everything together.

    Args:
        cwd: the folder where the search upwards begins.
        home: the user's settings folder.
        shell: the process's own environment.
        settings: label and ``env`` of each layer of the settings, low to high.
        trusts: whether the user trusts a folder.
    """
    added: dict[str, str] = {}
    sources: dict[str, str] = {}
    warnings: list[str] = []

    def add(found: Mapping[str, str], source: str) -> None:
        if bad := [name for name in found if not name or "=" in name or "\0" in name]:
            names = ", ".join(printable(repr(name)) for name in bad)
            warnings.append(f"{source}: left out: {names}. No variable can have such a name")
        taken = {*shell, *added, *bad}
        fresh = [name for name in found if name not in taken]
        for name in fresh:
            added[name] = found[name]
            sources[name] = source

    own: list[str] = []
    held: list[str] = []
    for path in filter(os.path.lexists, _project_files(cwd, shell)):
        (own if trusts(_folder(path)) else held).append(path)
    if project := _first(own, warnings, of_project=True):
        add(of_a_project(project[1]), project[0])
    for path in _user_files(home, shell):
        if found := _first((path,), warnings):
            add(found[1], path)
    for label, values in reversed(settings):
        base = {**added, **shell}
        add({name: expand(_plain(value), base) for name, value in values.items()}, label)
    return Environment({**added, **shell}, added, sources, held, warnings)


def of_a_project(variables: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``variables`` a project may set."""
    return _without(variables, NEVER)


def variables_in(path: str) -> dict[str, str]:
    """What a project's .env at ``path`` would set; nothing where it cannot be read."""
    found = _first((path,), [], of_project=True)
    return of_a_project(found[1]) if found else {}


def _folder(path: str) -> str:
    """The folder that a .env stands for: the one around ``.qwen``."""
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(folder) == ".qwen" else folder


def _project_files(cwd: str, env: Mapping[str, str]) -> Iterator[str]:
    """Where a project's .env may be, nearest first; the user's own folder is none."""
    home = os.path.realpath(home_of(env))
    folder = os.path.realpath(cwd)
    while folder != home:
        yield os.path.join(folder, ".qwen", FILE)
        yield os.path.join(folder, FILE)
        if (parent := os.path.dirname(folder)) == folder:
            return
        folder = parent


def _user_files(home: str, env: Mapping[str, str]) -> tuple[str, str]:
    return os.path.join(home, FILE), os.path.join(home_of(env), FILE)


def _first(
    paths: Iterable[str], warnings: list[str], *, of_project: bool = False
) -> tuple[str, dict[str, str]] | None:
    """The first of the files that is there, and what it sets."""
    for path in paths:
        try:
            text = read_text(path, _folder(path) if of_project else None)
        except BadFile as error:
            warnings.append(str(error))
            continue
        if text is not None:
            return path, _parse(path, text, warnings)
    return None


def _parse(path: str, text: str, warnings: list[str]) -> dict[str, str]:
    # The parser below dotenv_values: that one would log what it cannot read, without the file's
    # name, to a terminal that is about to show the UI.
    import io

    from dotenv.parser import parse_stream

    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            warnings.append(f"{path}:{binding.original.line}: not understood; the line is skipped")
        elif binding.key and binding.value is not None and "\0" not in binding.key + binding.value:
            found[binding.key] = binding.value
    return found


def _plain(value: Any) -> str:
    """A value of ``env`` as a variable holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _only(variables: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if _matches(name, patterns)}


def _without(variables: Mapping[str, Any], patterns: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if not _matches(name, patterns)}
