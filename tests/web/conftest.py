"""The browser's fixtures, for every test of the web front end."""

from __future__ import annotations

import pytest

from tests.web.browser import browser, desk, phone, visitor

__all__ = ["browser", "desk", "phone", "visitor"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser are marked: they are a run of their own, and have longer on a busy machine."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(180))
