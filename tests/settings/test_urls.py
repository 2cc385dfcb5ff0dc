"""What counts as the address of a service or of a proxy."""

from __future__ import annotations

import pytest

from qwen_dual.settings.rules import PROXY, URL, WrongValue

HOSTS = ("h", "h:8080/v1?a=b#c", "u:p@h", "[::1]:1", "höst", "h/%20")


@pytest.mark.parametrize("host", HOSTS)
def test_a_scheme_in_any_letters_and_a_host_are_a_url(host: str) -> None:
    for scheme in ("http", "https", "HTTP", "Https"):
        assert URL.accepts(f"{scheme}://{host}")
        assert PROXY.accepts(f"{scheme}://{host}")
    for scheme in ("socks5", "socks5h", "SOCKS5"):
        assert PROXY.accepts(f"{scheme}://{host}")
        assert not URL.accepts(f"{scheme}://{host}")


@pytest.mark.parametrize(
    "given",
    [
        *("", "h", "http", "http:", "http:/h", "http://", "http:///v1", "http://?a", "http://#a"),
        *(
            "ftp://h",
            "xhttp://h",
            " http://h",
            "http://h ",
            "http://h /v1",
            "http://\th",
            "http://h\n",
        ),
        *("http://h\u00a0v1", "http://h\u2028", "http\u017f://h", "httpſ://h"),
    ],
)
def test_anything_else_is_none(given: str) -> None:
    for rule in (URL, PROXY):
        with pytest.raises(WrongValue):
            rule.check(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("h/v1", "begins with http:// or https://"),
        ("http://", "names a host"),
        ("https:///v1", "names a host"),
        ("http://lo cal/v1", "without blanks"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(given: str, expected: str) -> None:
    with pytest.raises(WrongValue, match=expected):
        URL.check(given)
