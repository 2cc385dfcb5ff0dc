"""The keys in the environment: known to the program, and to nothing that it starts.

A workspace leaves them out of what children are given: a command, an editor, git. What the session
needs of them it has read before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from qwen_dual.core.secrets import Secrets


def names_of_keys(
    env: Mapping[str, str], secrets: Secrets, named: Iterable[str], passed: Collection[str]
) -> list[str]:
    """The variables that hold a secret.

    Args:
        env: the environment.
        secrets: what must not be shown.
        named: variables that keys of services come from, however short.
        passed: variables that the person wants children to get all the same.
    """
    keys = set(named)
    found = (name for name, value in env.items() if name in keys or secrets.holds(value))
    return sorted(name for name in found if name not in passed)
