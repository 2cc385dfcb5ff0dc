"""The browser's fixtures, and a server that many tests try from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.browser import browser, desk, phone, visitor
from tests.web.support import Server, Visitor, served

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["browser", "desk", "phone", "visitor"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser are marked: they are a run of their own, and have longer on a busy machine."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that leave it as it was; the others have one of their own."""
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def owner(server: Server) -> Visitor:
    """Who started it."""
    return server.enter(name="Ada")


@pytest.fixture(scope="module")
def key(owner: Visitor) -> str:
    """A session of these tests."""
    return owner.start_session()
