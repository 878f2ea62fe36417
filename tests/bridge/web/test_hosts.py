"""Names and addresses of this machine and of others."""

import pytest

from bridge.web import hosts
from bridge.web.hosts import is_loopback, network_addresses, reachable_address, url_of


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_by_every_name(name: str):
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["", "desk", "192.168.1.7", "::ffff:192.168.1.7", "0.0.0.0", "127.0.0.1.evil.example"])
def test_what_is_another_machine_or_none(name: str):
    assert not is_loopback(name)


def test_a_server_on_every_address_is_called_by_one_of_the_network(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hosts, "network_addresses", lambda: ["10.0.0.9", "192.168.1.7"])
    monkeypatch.setattr(hosts, "_address_to_the_rest", lambda: "192.168.1.7")
    assert reachable_address("0.0.0.0") == "192.168.1.7"
    monkeypatch.setattr(hosts, "_address_to_the_rest", lambda: None)
    assert reachable_address("0.0.0.0") == "10.0.0.9"
    assert reachable_address("192.168.1.8") == "192.168.1.8"


def test_this_machines_addresses_are_not_its_loopback():
    assert not [address for address in network_addresses() if is_loopback(address)]


def test_an_address_of_ipv6_stands_in_brackets():
    assert (url_of("::1", 80), url_of("10.0.0.1", 80)) == ("http://[::1]:80/", "http://10.0.0.1:80/")
