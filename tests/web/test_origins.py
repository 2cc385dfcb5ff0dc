"""Which names and origins are the server's own, and what a command line makes of them."""

from __future__ import annotations

import pytest

from qwen_dual.web.origins import LOOPBACK, Origins, Refused, is_loopback, read_origin, written

LOCAL = Origins(scheme="http", port=8421, names=frozenset(LOOPBACK))
NAMED = Origins(scheme="https", port=443, names=frozenset({"laptop.example.ts.net"}))
EVERYWHERE = Origins(
    scheme="https", port=8421, names=frozenset({"laptop", "laptop.local"}), addresses=True
)
PROXIED = Origins(
    scheme="http", port=8421, names=frozenset(LOOPBACK), proxy="https://qwen.example.org"
)
UNNAMED = Origins(scheme="http", port=8421, names=frozenset(LOOPBACK), proxy="")


@pytest.mark.parametrize(
    ("origins", "host", "own"),
    [
        (LOCAL, "127.0.0.1:8421", "http://127.0.0.1:8421"),
        (LOCAL, "LocalHost:8421", "http://localhost:8421"),
        (LOCAL, "[::1]:8421", "http://[::1]:8421"),
        (LOCAL, "127.0.0.1", None),
        (LOCAL, "127.0.0.1:80", None),
        (LOCAL, "127.0.0.2:8421", None),
        (LOCAL, "evil.example:8421", None),
        (LOCAL, "localhost.evil.example:8421", None),
        (LOCAL, "127.0.0.1.evil.example:8421", None),
        (LOCAL, "localhost:8421 ", None),
        (LOCAL, "localhost:8421, localhost:8421", None),
        (LOCAL, "a@localhost:8421", None),
        (LOCAL, "localhost:84210", None),
        (LOCAL, "localhost:", None),
        (LOCAL, "", None),
        (NAMED, "laptop.example.ts.net", "https://laptop.example.ts.net"),
        (NAMED, "laptop.example.ts.net:443", "https://laptop.example.ts.net"),
        (NAMED, "localhost", None),
        (EVERYWHERE, "192.168.1.7:8421", "https://192.168.1.7:8421"),
        (EVERYWHERE, "[fe80::1]:8421", "https://[fe80::1]:8421"),
        (EVERYWHERE, "laptop.local:8421", "https://laptop.local:8421"),
        (EVERYWHERE, "evil.example:8421", None),
        (EVERYWHERE, "1.evil.example:8421", None),
        (PROXIED, "qwen.example.org", "https://qwen.example.org"),
        (PROXIED, "qwen.example.org:443", "https://qwen.example.org"),
        (PROXIED, "127.0.0.1:8421", "http://127.0.0.1:8421"),
        (PROXIED, "evil.example", None),
        (UNNAMED, "qwen.example.org", "https://qwen.example.org"),
        (UNNAMED, "qwen.example.org:8443", "https://qwen.example.org:8443"),
        (UNNAMED, "127.0.0.1:8421", "http://127.0.0.1:8421"),
        (UNNAMED, "10.0.0.1", None),
    ],
)
def test_a_host_is_ours_or_not(origins: Origins, host: str, own: str | None) -> None:
    assert origins.of(host) == own


def test_behind_a_proxy_without_a_name_a_page_that_was_made_to_lead_here_is_refused() -> None:
    """DNS rebinding: the page came by http from a name that leads here now."""
    headers = {"host": "evil.example:8421", "origin": "http://evil.example:8421"}
    with pytest.raises(Refused, match="another page's origin"):
        UNNAMED.check("POST", headers, page=False)
    UNNAMED.check("POST", {"host": "a.example", "origin": "https://a.example"}, page=False)


def test_what_a_browser_leaves_out_of_a_reading_request_is_not_asked_for() -> None:
    host = {"host": "localhost:8421"}
    assert LOCAL.check("GET", host, page=False) == "http://localhost:8421"
    for method in ("POST", "DELETE", "PUT", "OPTIONS", ""):
        with pytest.raises(Refused, match="no Origin"):
            LOCAL.check(method, host, page=False)


def test_the_same_machine_by_another_name_is_another_page() -> None:
    headers = {"host": "localhost:8421", "origin": "http://127.0.0.1:8421"}
    with pytest.raises(Refused):
        LOCAL.check("POST", headers, page=False)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_the_page_itself_may_be_linked_to_but_nothing_else(site: str) -> None:
    headers = {"host": "localhost:8421", "sec-fetch-site": site}
    LOCAL.check("GET", headers, page=True)
    with pytest.raises(Refused):
        LOCAL.check("GET", headers, page=False)


def test_a_refusal_says_what_to_set() -> None:
    with pytest.raises(Refused, match="--behind-proxy ORIGIN says"):
        LOCAL.check("GET", {"host": "qwen.example.org"}, page=True)
    with pytest.raises(Refused, match="has to pass on Host"):
        PROXIED.check("GET", {"host": "upstream"}, page=True)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Qwen.example.org", "https://qwen.example.org"),
        ("https://qwen.example.org/", "https://qwen.example.org"),
        ("https://qwen.example.org:443", "https://qwen.example.org"),
        (" https://[2001:db8::1]:8443 ", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str, origin: str) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://qwen.example.org", "no origin of https"),
        ("qwen.example.org", "no origin of https"),
        ("https://qwen.example.org/path", "more than an origin"),
        ("https://a@qwen.example.org", "more than an origin"),
        ("https://", "names no host"),
        ("https://a b", "names no host"),
    ],
)
def test_what_is_no_origin_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_origin(text)


def test_addresses_of_this_machine_alone_are_told_from_others() -> None:
    assert is_loopback(["127.0.0.1", "::1", "127.8.8.8"])
    assert not is_loopback(["127.0.0.1", "192.168.1.7"])
    assert not is_loopback(["0.0.0.0"])
    assert not is_loopback(["fe80::1%eth0"])
    assert (written("::1"), written("LapTop"), written("[::1]")) == ("[::1]", "laptop", "[::1]")
