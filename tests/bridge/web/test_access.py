"""Who may steer."""

from __future__ import annotations

import pytest

from bridge.web.access import Access, network


def test_with_nobody_named_all_are_let_in_but_only_this_machine_may_do_everything():
    access = Access()
    assert access.admits("192.168.1.9")
    assert not access.named("192.168.1.9")
    assert all(access.named(host) for host in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"))


def test_those_who_are_named_may_do_everything_and_others_are_not_heard():
    access = Access([network("192.168.1.0/24"), network("fd00::/8")])
    for host in ("192.168.1.9", "::ffff:192.168.1.9", "fd00::7", "127.0.0.1"):
        assert access.admits(host)
        assert access.named(host)
    for host in ("192.168.2.9", "10.0.0.1", "fe80::1%3"):
        assert not access.admits(host)
        assert not access.named(host)


def test_one_machine_is_a_network_too():
    assert str(network("192.168.1.7")) == "192.168.1.7/32"
    assert str(network("192.168.1.7/24")) == "192.168.1.0/24"


@pytest.mark.parametrize("text", ["", "here", "192.168.1.300", "192.168.1.0/33", "192.168.1.*"])
def test_what_is_no_network_is_told_with_an_example(text: str):
    with pytest.raises(ValueError, match=r"names no network.*192\.168\.1\.0/24"):
        network(text)
