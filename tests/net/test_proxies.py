"""Which proxy leads to a URL, and which variable is to blame for it."""

from __future__ import annotations

import pytest

from qwen_dual.net.proxies import SETTING, Proxy, is_excepted, is_loopback, proxy_for

SOCKS = "socks5://127.0.0.1:7891"


@pytest.mark.parametrize(
    ("url", "env", "expected"),
    [
        ("https://a.example/v1", {}, None),
        ("https://a.example/v1", {"HTTPS_PROXY": "http://p:1"}, ("http://p:1", "HTTPS_PROXY")),
        ("http://a.example/v1", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://a.example", {"ALL_PROXY": SOCKS}, (SOCKS, "ALL_PROXY")),
        (
            "https://a.example",
            {"ALL_PROXY": SOCKS, "HTTP_PROXY": "http://p:1"},
            (SOCKS, "ALL_PROXY"),
        ),
        (
            "http://a.example",
            {"ALL_PROXY": SOCKS, "HTTP_PROXY": "http://p:1"},
            ("http://p:1", "HTTP_PROXY"),
        ),
        (
            "https://a.example",
            {"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"},
            ("http://low:1", "https_proxy"),
        ),
        ("https://a.example", {"HTTPS_PROXY": "p:3128"}, ("http://p:3128", "HTTPS_PROXY")),
        ("https://a.example", {"all_proxy": "socks://p:1"}, ("socks5://p:1", "all_proxy")),
        ("https://a.example", {"HTTPS_PROXY": " "}, None),
        ("http://a.example", {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None),
        ("https://a.example", {"ALL_PROXY": SOCKS, "NO_PROXY": "example"}, None),
        ("https://a.example", {"ALL_PROXY": SOCKS, "no_proxy": "*"}, None),
        ("http://127.0.0.1:8000/v1", {"ALL_PROXY": SOCKS, "HTTP_PROXY": "http://p:1"}, None),
        ("http://[::1]:8000/v1", {"ALL_PROXY": SOCKS}, None),
        ("http://localhost:11434/v1", {"ALL_PROXY": SOCKS}, None),
        ("http://[bad", {"ALL_PROXY": SOCKS}, None),
    ],
)
def test_the_environment_names_the_proxy(
    url: str, env: dict[str, str], expected: tuple[str, str] | None
) -> None:
    found = proxy_for(url, None, env)
    assert (None if found is None else (found.url, found.source)) == expected


def test_the_settings_stand_above_the_environment_but_not_above_exceptions() -> None:
    env = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b.example"}
    assert proxy_for("https://a.example", "http://own:1", env) == Proxy("http://own:1", SETTING)
    assert proxy_for("https://b.example", "http://own:1", env) is None


@pytest.mark.parametrize(
    ("host", "port", "no_proxy"),
    [
        ("a.example", 443, "a.example"),
        ("A.Example.", None, "other, a.example"),
        ("x.a.example", None, "a.example"),
        ("x.a.example", None, ".a.example"),
        ("x.a.example", None, "*.a.example"),
        ("a.example", 8080, "a.example:8080"),
        ("::1", None, "[::1]"),
        ("::1", 80, "[::1]:80"),
        ("::1", None, "::1"),
        ("0:0:0:0:0:0:0:1", None, "[::1]"),
        ("fe80::1%eth0", None, "fe80::/10"),
        ("fe80::1", None, "[fe80::]/10"),
        ("10.1.2.3", None, "localhost 10.0.0.0/8"),
        ("10.1.2.3", None, "10.1.2.9/8"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("anything", None, "*"),
    ],
)
def test_exceptions_are_understood(host: str, port: int | None, no_proxy: str) -> None:
    assert is_excepted(host, port, no_proxy)


@pytest.mark.parametrize(
    ("host", "port", "no_proxy"),
    [
        ("a.example", None, ""),
        ("a.example", None, " , ,"),
        ("ba.example", None, "a.example"),
        ("a.example", 443, "a.example:8080"),
        ("a.example", None, "[::1],fe80::/10"),
        ("::2", None, "[::1]"),
        ("11.0.0.1", None, "10.0.0.0/8"),
        ("10.0.0.1", None, "10.0.0.0/99, nonsense/8, [, ]:, :, ., *."),
        ("10.0.0.1", None, "0.0.1"),
    ],
)
def test_nothing_else_is_an_exception(host: str, port: int | None, no_proxy: str) -> None:
    assert not is_excepted(host, port, no_proxy)


@pytest.mark.parametrize(
    "host", ["localhost", "x.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
)
def test_this_machine_has_many_names(host: str) -> None:
    assert is_loopback(host)


def test_a_password_is_not_shown() -> None:
    assert Proxy("http://me:hunter2@p:1", "ALL_PROXY").shown == "http://p:1"
