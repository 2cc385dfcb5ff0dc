"""Where modules are looked for: never in the folder that the program was started in. Imports next to nothing."""

from __future__ import annotations

import os
import sys


def leave_folder_out() -> None:
    """Has nothing imported from the folder that this was started in, which may be anybody's.

    ``python -m`` puts it first, an empty part of ``PYTHONPATH`` before Python's own: a file ``signal.py`` in
    it would be run. A person who names it whole in ``PYTHONPATH`` means it.
    """
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        folder = os.getcwd()
    except OSError:  # it is gone
        folder = ""
    if folder not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        sys.path[:] = [place for place in sys.path if place == own or place not in ("", folder)]
