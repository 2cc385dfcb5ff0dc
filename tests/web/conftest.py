"""The browser's fixtures, for every test of the web front end."""

from tests.web.browser import browser, desk, phone, visitor

__all__ = ["browser", "desk", "phone", "visitor"]
