"""Test runners, linters, builds and package managers: what a ``*`` of a rule for them covers.

They run what the folder holds, so a person has to have a rule for them; but a rule for the tests
(``npm run test *``) is not one for another program (``--script-shell=x``), another configuration or a
file to write. Options that take a program, a module, a configuration or an output are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.shell.program import Program, Use
from qwen_dual.shell.reader import GLOB

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.shell.syntax import Scan


# Some hand their operands to a shell with no more than double quotes around them.
_PLAIN = re.compile(r"[\w./:,=+ \[\]()~%-]*")


def _is_operand(word: str) -> bool:
    """Whether a word is a plain name, of nothing outside of the folder."""
    if word.startswith(GLOB):
        return bool(re.match(r"\w", word[1:])) and ".." not in word
    parts = word.split("/")
    return word[:1] not in ("-", "/", "~", "@", "+", "") and ".." not in parts


def _names(found: Scan) -> Use:
    """Names and paths; behind ``--`` too, so that no option reaches a program nobody knows."""
    return Use(
        {
            index
            for index, word in found.operands
            if not _is_operand(word)
            or not _PLAIN.fullmatch(word.removeprefix(GLOB).replace("*", ""))
        }
    )


def _targets(found: Scan) -> Use:
    """The same without ``x=y``, which sets a variable, and a variable may be the shell."""
    return Use(_names(found).unsafe | {index for index, word in found.operands if "=" in word})


def _behind(options: str) -> Callable[[Scan], Use]:
    """Names, and behind ``--`` the ``options`` too, for the program of the tests."""
    known = frozenset(options.split())

    def check(found: Scan) -> Use:
        dashes = found.dashes or 0
        return Use(
            _names(found).unsafe
            - {
                index
                for index, word in found.operands
                if index > dashes > 0 and (word in known or word.partition("=")[0] + "=" in known)
            }
        )

    return check


def _run(options: str, operands: Callable[[Scan], Use] = _names) -> Program:
    return Program(options, operands, writes=True)


_PYTEST = _run(
    "-qvxsl -k= -m= -n= -r= --quiet --verbose --exitfirst --maxfail= --lf --last-failed --ff"
    " --failed-first --nf --new-first --sw --stepwise --tb= --capture= --showlocals --no-header"
    " --no-summary --durations= --durations-min= --co --collect-only --markers --fixtures --version"
    " --strict-markers --strict-config --color= --cov[=] --no-cov --cov-branch --timeout= --dist="
    " --numprocesses= --reruns= --hypothesis-profile= --hypothesis-seed= --benchmark-skip"
    " --runxfail --ignore= --ignore-glob= --deselect= --setup-show --disable-warnings"
    " --benchmark-disable --asyncio-mode= --doctest-modules --import-mode= --show-capture="
)
_RUFF = Program(
    "--version -V -q -v --quiet --verbose -s --silent",
    subcommands={
        "check": _run(
            "-qvesn -l= --fix --no-fix --diff --show-fixes --select= --ignore="
            " --extend-select= --extend-ignore= --output-format= --target-version= --preview"
            " --no-preview --statistics --show-files --quiet --verbose --exit-zero"
            " --exit-non-zero-on-fix --no-cache --exclude= --extend-exclude= --line-length="
            " --unsafe-fixes --no-unsafe-fixes --per-file-ignores= --fixable= --unfixable="
            " --respect-gitignore --force-exclude --isolated"
        ),
        "format": _run(
            "-qvsn -l= --check --diff --quiet --verbose --no-cache --exclude= --line-length="
            " --target-version= --preview --no-preview --range= --isolated"
            " --respect-gitignore --force-exclude"
        ),
        "rule": Program("--all --output-format=", "text"),
        "version": Program("--output-format=", "none"),
    },
)
_MYPY = _run(
    "-v -p= -m= --strict --no-error-summary --pretty --no-pretty --show-error-codes"
    " --hide-error-codes --show-error-context --show-column-numbers --no-incremental"
    " --ignore-missing-imports --follow-imports= --python-version= --platform= --namespace-packages"
    " --explicit-package-bases --warn-unused-ignores --warn-return-any --warn-unreachable"
    " --disallow-untyped-defs --disallow-any-generics --check-untyped-defs --no-implicit-optional"
    " --strict-optional --no-strict-optional --exclude= --package= --module= --verbose --version"
    " --color-output --no-color-output --error-summary --disable-error-code= --enable-error-code="
    " --allow-untyped-defs"
)
_CARGO = (
    "-qvr -p= -j= --quiet --verbose --release --package= --workspace --all --exclude= --lib"
    " --bins --bin= --examples --example= --tests --test= --benches --bench= --all-targets --doc"
    " --features= --all-features --no-default-features --profile= --jobs= --keep-going --no-run"
    " --no-fail-fast --locked --offline --frozen --message-format= --color= -F= --ignore-rust-version"
)
_LIBTEST = _behind(
    "--nocapture --show-output --test-threads= --exact --ignored --include-ignored --list -q --quiet"
    " --color= --format= --skip --skip= --report-time"
)
_GO = (
    "-v -x -n -race -short -cover -failfast -json -a -msan -asan -trimpath -run= -count= -timeout="
    " -cpu= -parallel= -bench= -benchtime= -benchmem -covermode= -coverpkg= -list= -skip= -shuffle="
    " -tags= -p= -buildvcs= -fullpath"
)
_CARGO_PROGRAM = Program(
    "-qvV --version --quiet --verbose --list",
    subcommands={
        "build": _run(_CARGO),
        "b": _run(_CARGO),
        "check": _run(_CARGO),
        "c": _run(_CARGO),
        "test": _run(_CARGO, _LIBTEST),
        "t": _run(_CARGO, _LIBTEST),
        "bench": _run(_CARGO, _LIBTEST),
        "doc": _run(f"{_CARGO} --no-deps --document-private-items"),
        "clippy": _run(
            f"{_CARGO} --fix --allow-dirty --allow-staged --no-deps",
            _behind("-D -W -A -F warnings"),
        ),
        "fmt": _run("-q -v --all --check -p= --package= --quiet --verbose", _behind("--check")),
        "tree": _run(
            "-e= -i= -p= -d --depth= --edges= --invert= --package= --duplicates --workspace"
            " --all-features --no-default-features --features= --prefix= --no-dedupe"
        ),
        "metadata": _run("--no-deps --format-version= --all-features --locked --offline"),
    },
)
_GO_PROGRAM = Program(
    subcommands={
        "test": Program(_GO, _names, writes=True, single=True),
        "build": Program(_GO, _names, writes=True, single=True),
        "vet": Program("-v -x -n -json -tags= -c=", _names, writes=True, single=True),
        "fmt": Program("-n -x", _names, writes=True, single=True),
        "list": Program(
            "-json -m -deps -test -f= -e -find -versions -u", _names, writes=True, single=True
        ),
        "doc": Program("-all -c -short -src -u", "text", writes=True, single=True),
        "version": Program("-v -m", "none", writes=True, single=True),
    }
)
_NPM_OPTIONS = "-s --silent --if-present --workspaces --include-workspace-root -w= --workspace="
_NPM = Program(
    "-v --version",
    subcommands={
        "run": _run(_NPM_OPTIONS),
        "run-script": _run(_NPM_OPTIONS),
        "test": _run("-s --silent --if-present -w= --workspace="),
        "t": _run("-s --silent"),
        "start": _run("-s --silent"),
        "ls": _run("-al -g --all --long --json --depth= --parseable --prod --dev --global"),
        "list": _run("-al -g --all --long --json --depth= --parseable --prod --dev --global"),
        "outdated": _run("--json --long --all -l"),
        "view": _run("--json"),
        "ci": _run("--ignore-scripts --no-audit --no-fund --prefer-offline --offline --silent -s"),
        "install": _run(
            "-DESPO --save-dev --save-exact --save --save-prod --save-optional --no-save"
            " --ignore-scripts --no-audit --no-fund --prefer-offline --offline"
            " --legacy-peer-deps --silent -s",
            _targets,
        ),
    },
)
_MAKE = _run(
    "-knsBq -j[=] -NUM --keep-going --dry-run --just-print --silent --quiet --always-make"
    " --question --no-print-directory --jobs[=] -O[=] --output-sync[=] -l[=] --version -v"
    " --trace --warn-undefined-variables",
    _targets,
)


def _archive(found: Scan) -> Use:
    """Lists; ``host:file`` would be fetched by another program."""
    use = Use(reads_only=False)
    if not found.has("-t", "--list"):
        use.unsafe = {index for index, _ in [*found.operands, *found.given]}
    for name, value in found.values:
        if name in ("-f", "--file") and ":" in value:
            use.unsafe |= {more for index, _ in found.given for more in (index, index + 1)}
    return use


_TAR = Program(
    "-tvzjJ -f= --list --verbose --gzip --bzip2 --xz --zstd --file= !-cxruApkmOo"
    " --wildcards --no-wildcards",
    _archive,
)
PROGRAMS: dict[str, Program] = {
    "pytest": _PYTEST,
    "py.test": _PYTEST,
    "ruff": _RUFF,
    "mypy": _MYPY,
    "cargo": _CARGO_PROGRAM,
    "go": _GO_PROGRAM,
    "npm": _NPM,
    "make": _MAKE,
    "gmake": _MAKE,
    "tar": _TAR,
    "pip": Program(
        "-V --version",
        subcommands={
            "list": Program("-elq --editable --local --format= --not-required --user", "none"),
            "show": Program("-fq --files --quiet", "text"),
            "freeze": Program("-lq --local --exclude-editable --all", "none"),
            "check": Program("-q", "none"),
            "install": _run(
                "-qU --quiet --upgrade --user --no-deps --dry-run --no-input"
                " --disable-pip-version-check -r=",
                _targets,
            ),
        },
    ),
}
PROGRAMS["pip3"] = PROGRAMS["pip"]
