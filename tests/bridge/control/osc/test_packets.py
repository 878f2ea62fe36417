"""OSC packets, whole and damaged. The bytes are as the OSC 1.0 specification lays them out."""

from __future__ import annotations

import contextlib
import logging
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.control.osc.packets import BUNDLE, MAX_ARGUMENTS, MAX_NESTING, DamagedPacket, Message, parse

SCALE = b"/vace/scale\0,f\0\0\x3f\0\0\0"
NOW = b"\0\0\0\0\0\0\0\1"


def _bundle(*elements: bytes) -> bytes:
    return BUNDLE + NOW + b"".join(struct.pack(">i", len(element)) + element for element in elements)


def _nested(depth: int) -> bytes:
    packet = SCALE
    for _ in range(depth):
        packet = _bundle(packet)
    return packet


def test_a_message_is_its_address_and_arguments():
    assert parse(SCALE) == [Message("/vace/scale", (0.5,))]
    assert parse(b"/vace/reset\0") == [Message("/vace/reset", ())]
    assert parse(b"/p\0\0,sTFNi\0\0caf\xc3\xa9\0\0\0\0\0\0\7") == [Message("/p", ("café", True, False, None, 7))]


@settings(deadline=None)
@given(st.sampled_from(["f", "i"]), st.binary(min_size=4, max_size=4), st.text("abc/\u00e9*", max_size=9))
def test_a_message_with_one_number_is_read_as_the_parser_reads_it(kind: str, number: bytes, name: str):
    address = f"/{name}".encode()
    packet = address + bytes(4 - len(address) % 4) + f",{kind}".encode() + bytes(2) + number
    read = OscMessage(packet)
    assert repr(parse(packet)) == repr([Message(read.address, tuple(read.params))])  # as nan is not equal to nan


@pytest.mark.parametrize(
    ("packet", "arguments"),
    [
        (b"/a\0\0,f\0\0,f\0\0\x3f\0\0\0", list(struct.unpack(">f", b",f\0\0"))),
        (b"/a\0\0,s\0\0,f\0\0\x3f\0\0\0", [",f"]),
        (b"/a\0\0,b\0\0\0\0\0\10,f\0\0\x3f\0\0\0", [b",f\0\0\x3f\0\0\0"]),
        (b"/a\0\0,if\0\0\0\0\7\x3f\0\0\0", [7, 0.5]),
    ],
)
def test_what_only_looks_like_one_number_at_its_end_is_read_in_full(packet: bytes, arguments: list):
    assert parse(packet) == [Message("/a", tuple(arguments))]


def test_a_bundle_is_its_messages_in_their_order():
    first, second = build_msg("/a", 1).dgram, build_msg("/b", 2).dgram
    expected = [Message("/a", (1,)), Message("/b", (2,)), Message("/a", (1,))]
    assert parse(_bundle(first, _bundle(second), first)) == expected
    assert parse(_bundle()) == []


def test_a_bundle_for_the_future_is_read_at_once_and_not_put_behind():
    tomorrow = OscBundleBuilder(time.time() + 86_400)  # type: ignore[arg-type]
    tomorrow.add_content(build_msg("/late", 1))
    now = OscBundleBuilder(IMMEDIATELY)
    now.add_content(tomorrow.build())
    now.add_content(build_msg("/now", 1))
    assert [message.address for message in parse(now.build().dgram)] == ["/late", "/now"]


def test_an_array_is_its_values_and_what_no_control_takes_is_nil():
    assert parse(build_msg("/p", [["a.png", "b.png"]]).dgram) == [Message("/p", ("a.png", "b.png"))]
    assert parse(build_msg("/p", [(0, 144, 60, 127), "x"]).dgram) == [Message("/p", (None, "x"))]
    assert parse(b"/p\0\0,[[[]]]\0\0\0\0") == [Message("/p", (None,))]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"/",
        b"vace/scale\0\0,f\0\0\x3f\0\0\0",
        b"/p\0\0,s\0\0\xff\xfe\0\0",
        b"/p\0\0,i\0\0",
        b"/p\0\0,b\0\0\x7f\xff\xff\xff",
        b"/p\0\0,]\0\0",
        b"/p\0\0x\0\0\0",
        BUNDLE,
        _bundle(SCALE)[:-1],
        _bundle(SCALE) + b"\0",
        _bundle(b""),
        BUNDLE + NOW + struct.pack(">i", -4) + SCALE,
        BUNDLE + NOW + struct.pack(">i", -2147483648),
        _bundle(SCALE, b"\0\0\0\0"),
        b"/p\0\0," + b"T" * (MAX_ARGUMENTS + 1) + bytes(2),
        b"/{p,q}\0\0," + b"x" * 1_000_000,
        _nested(MAX_NESTING + 1),
        _nested(2000),
    ],
)
def test_a_damaged_packet_is_refused_whole(packet: bytes):
    with pytest.raises(DamagedPacket):
        parse(packet)


def test_so_many_arguments_are_read_and_no_more():
    assert len(parse(b"/p\0\0," + b"T" * MAX_ARGUMENTS + bytes(3))[0].arguments) == MAX_ARGUMENTS


def test_bundles_may_be_nested_as_deep_as_anybody_does():
    assert parse(_nested(MAX_NESTING)) == [Message("/vace/scale", (0.5,))]


def test_a_type_that_the_parser_does_not_know_is_no_flood_of_warnings(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        assert parse(b"/vace/reset\0,I\0\0") == [Message("/vace/reset", ())]
    assert not caplog.records


TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
)  # a NUL ends an OSC string
MESSAGES = st.builds(
    lambda name, arguments: build_msg("/" + name, arguments or "").dgram,
    st.text("abc/*", max_size=8),
    st.lists(st.one_of(st.integers(-(2**31), 2**31 - 1), TEXTS, st.booleans()), max_size=4),
)
BUNDLES = st.lists(MESSAGES, max_size=3).map(lambda parts: _bundle(*parts))
PACKETS = st.one_of(MESSAGES, BUNDLES, BUNDLES.map(_bundle))


@settings(max_examples=200, deadline=None)
@given(PACKETS, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4), st.integers(0, 400))
def test_damage_anywhere_is_told_by_one_exception(packet: bytes, changes: list[tuple[int, int]], length: int):
    damaged = bytearray(packet)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    with contextlib.suppress(DamagedPacket):
        parse(bytes(damaged[:length]))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda tail: BUNDLE + NOW + tail)))
def test_noise_is_told_by_one_exception(noise: bytes):
    with contextlib.suppress(DamagedPacket):
        parse(noise)
