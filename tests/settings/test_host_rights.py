"""What a host may do, by its name and what the person has set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.protocol import HOST_RIGHTS
from qwen_dual.settings.host_keys import rights_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@pytest.mark.parametrize(
    ("name", "given", "rights"),
    [
        ("zed", {}, ["observe"]),
        ("zed", {"*": []}, []),
        ("attach", {"*": []}, HOST_RIGHTS),
        ("web.anna", {}, HOST_RIGHTS),
        ("web", {"*": []}, HOST_RIGHTS),
        ("web.anna", {"web": ["observe"]}, ["observe"]),
        ("web.anna", {"web": ["observe"], "web.anna": ["approve"]}, ["approve"]),
        ("web.anna", {"web.anna": []}, []),
        ("website", {}, ["observe"]),
        ("zed.2", {"zed": ["submit"]}, ["submit"]),
        (".web", {}, ["observe"]),
    ],
)
def test_the_nearest_entry_counts(
    name: str, given: Mapping[str, Sequence[str]], rights: Sequence[str]
) -> None:
    assert list(rights_of(name, given)) == list(rights)
