"""``qwen-dual audit``: says what was done in recordings, or how two runs differ."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.printing import for_terminal, run_printing
from qwen_dual.cli.progress_bar import ProgressBar
from qwen_dual.cli.stderr import tell
from qwen_dual.protocol.codec import encode
from qwen_dual.recording import comparison
from qwen_dual.recording.audit import audit
from qwen_dual.recording.audit_tables import as_csv, as_json
from qwen_dual.recording.audit_text import markdown
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.recorded import Recorded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from qwen_dual.recording.ledger import Audited


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual audit``; returns its exit status: 1 for what cannot be read.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.compare and (len(asked.recordings) != 2 or asked.format == "csv"):
        parser.error("--compare takes two recordings, and gives md or json")
    try:
        return run_printing(lambda cwd: _print(asked))
    except RecordingError as error:
        tell(f"qwen-dual: {error}")
        return 1


def _print(asked: argparse.Namespace) -> int:
    audits = [_audit(path) for path in asked.recordings]
    pieces: Iterable[str]
    if asked.compare:
        first, second = audits
        if asked.format == "json":
            pieces = [for_terminal(encode(comparison.as_data(first, second)).decode())]
        else:
            pieces = comparison.comparison(first, second)
    elif asked.format == "csv":
        pieces = as_csv(audits)
    elif asked.format == "json":
        pieces = map(for_terminal, as_json(audits))
    else:
        pieces = _documents(audits)
    sys.stdout.writelines(pieces)
    return 0


def _documents(audits: Iterable[Audited]) -> Iterator[str]:
    for number, audited in enumerate(audits):
        if number:
            yield "\n"
        yield from markdown(audited)


def _audit(path: str) -> Audited:
    recorded = Recorded(path)
    bar = ProgressBar(os.path.getsize(recorded.events) if recorded.events else 0)
    try:
        return audit(recorded, path, bar)
    finally:
        bar.close()


def _parser() -> argparse.ArgumentParser:
    parser = SafeParser(
        prog="qwen-dual audit",
        description="What was done in recordings: calls, who allowed them, files, commands, tokens.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "recordings", nargs="+", metavar="DIR", help="folders of qwen-dual record, or events files"
    )
    parser.add_argument("--format", choices=("md", "csv", "json"), default="md")
    parser.add_argument(
        "--compare", action="store_true", help="two runs side by side, and where they first part"
    )
    return parser
