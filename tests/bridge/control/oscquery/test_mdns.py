"""Announcements over real multicast, heard by zeroconf's own browser and by a bare socket."""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import struct
import sys
import threading

import psutil
import pytest
from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

from bridge.control.oscquery import mdns
from bridge.control.oscquery.mdns import MdnsService

WAIT_SECONDS = 20.0
GROUP, PORT = "224.0.0.251", 5353


class Ear(ServiceListener):
    """Hears what comes and goes on the loopback."""

    def __init__(self) -> None:
        self.come: queue.Queue[tuple[str, str]] = queue.Queue()
        self.gone: queue.Queue[str] = queue.Queue()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.come.put((type_, name))

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None: ...

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.gone.put(name)


@pytest.fixture(autouse=True)
def multicast() -> None:
    """Skips where the loopback carries no multicast, as in some containers."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as both:
        both.settimeout(2.0)
        both.bind(("", 0))
        loopback = socket.inet_aton("127.0.0.1")
        try:
            both.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + loopback)
            both.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
            both.sendto(b"?", (GROUP, both.getsockname()[1]))
            both.recv(9)
        except OSError as reason:
            pytest.skip(f"no multicast on the loopback: {reason}")


def test_a_show_on_the_loopback_is_found_there_and_taken_back():
    ear, zeroconf = Ear(), Zeroconf(["127.0.0.1"])
    kinds = ["_oscjson._tcp.local.", "_osc._udp.local."]
    browser = ServiceBrowser(zeroconf, kinds, ear)
    announced = MdnsService(
        "VACE test", {"_oscjson._tcp": ("127.0.0.1", 9101), "_osc._udp": ("127.0.0.1", 9100)}
    ).start()  # fmt: skip
    try:
        ports = {}
        while set(ports) != set(kinds):
            kind, name = ear.come.get(timeout=WAIT_SECONDS)
            if name.startswith("VACE test"):
                info = zeroconf.get_service_info(kind, name)
                assert info is not None
                assert info.parsed_addresses() == ["127.0.0.1"]
                ports[kind] = info.port
        assert ports == {"_oscjson._tcp.local.": 9101, "_osc._udp.local.": 9100}
        announced.stop()
        announced.stop()
        gone = {ear.gone.get(timeout=WAIT_SECONDS) for _ in kinds}
        assert gone == {f"VACE test.{kind}" for kind in kinds}
    finally:
        announced.stop()
        browser.cancel()
        zeroconf.close()


def networks() -> list[str]:
    """This machine's addresses on networks."""
    found = {one.address for many in psutil.net_if_addrs().values() for one in many if one.family == socket.AF_INET}
    return sorted(address for address in found if not address.startswith("127."))


@pytest.mark.skipif(sys.platform != "linux", reason="sockets are told apart by their interface in a way of Linux's")
def test_a_show_on_the_loopback_is_not_heard_of_on_the_network():
    if not networks():
        pytest.skip("this machine is on no network")
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Linux gives a socket what any other has joined for, unless it is told not to (IP_MULTICAST_ALL).
        listener.setsockopt(socket.IPPROTO_IP, 49, 0)
        listener.bind((GROUP, PORT))
        for address in networks():
            member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(address))
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        ear, zeroconf = Ear(), Zeroconf(["127.0.0.1"])
        browser = ServiceBrowser(zeroconf, ["_oscjson._tcp.local."], ear)
        announced = MdnsService("VACE secret", {"_oscjson._tcp": ("127.0.0.1", 9102)}).start()
        while not ear.come.get(timeout=WAIT_SECONDS)[1].startswith("VACE secret"):
            pass
        announced.stop()
        browser.cancel()
        zeroconf.close()
        # A last packet of ours, on the network, so that there is something to hear: it ends the listening.
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(networks()[0]))
            sender.sendto(b"the end", (GROUP, PORT))
        listener.settimeout(WAIT_SECONDS)
        heard = list(iter(lambda: listener.recv(9000), b"the end"))
    assert not [packet for packet in heard if b"secret" in packet]


def test_without_zeroconf_one_line_says_that_nothing_is_announced(monkeypatch: pytest.MonkeyPatch, caplog):
    monkeypatch.setattr(mdns, "find_spec", lambda name: None)
    with caplog.at_level(logging.INFO):
        MdnsService("VACE test", {"_oscjson._tcp": ("127.0.0.1", 9103)}).start().stop()
    assert [record.message for record in caplog.records] == [
        "OSCQuery is not announced, as zeroconf is missing (python start.py pip install zeroconf); type its address"
    ]


def test_a_machine_that_cannot_announce_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, caplog):
    def unreachable(interfaces: list[str]) -> Zeroconf:
        raise OSError("network is unreachable")

    monkeypatch.setattr("zeroconf.Zeroconf", unreachable)
    announced = MdnsService("VACE test", {"_oscjson._tcp": ("127.0.0.1", 9104)}).start()
    announced._thread.join(WAIT_SECONDS)
    announced.stop()
    assert [record.message for record in caplog.records] == [
        "OSCQuery is not announced (network is unreachable); type its address"
    ]


@pytest.mark.faults
def test_an_unforeseen_error_has_it_announced_again(monkeypatch: pytest.MonkeyPatch):
    faults, done = [RuntimeError("not foreseen")], threading.Event()

    def interfaces(_: list[str]) -> Zeroconf:
        if faults:
            raise faults.pop()
        done.set()
        raise OSError("enough")

    monkeypatch.setattr("zeroconf.Zeroconf", interfaces)
    announced = MdnsService("VACE test", {"_oscjson._tcp": ("127.0.0.1", 9105)}).start()
    assert done.wait(WAIT_SECONDS)
    announced.stop()
