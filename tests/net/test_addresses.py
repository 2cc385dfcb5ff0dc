"""Which addresses are the open internet's."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from qwen_dual.net.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "168.63.129.16",
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "255.255.255.255",
        "64:ff9b:1::1",
        "64:ff9b:1:7f00:1::",
        "::7f00:1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "2001:0:7f00:1:0:0:80ff:fffe",  # Teredo: the client's address is there with its bits turned
        "2002:c0a8:101::1",
        "2001:db8::1",
        "2001:2::1",
        "2001:10::1",
        "3fff::1",
        "5f00::1",
        "100::1",
        "fec0::1",
        "4000::1",
    ],
)
def test_addresses_that_are_not_the_open_internets(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "2606:4700::1111",
    ],
)
def test_addresses_that_are(address: str) -> None:
    assert is_public(ip_address(address))
