"""OSC packets, whole and damaged. The bytes are as the OSC 1.0 specification lays them out."""

from __future__ import annotations

import contextlib
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.control.osc.packets import (
    BUNDLE,
    MAX_ARGUMENTS,
    MAX_FAST,
    MAX_MESSAGES,
    MAX_NESTING,
    DamagedPacket,
    Message,
    _address_of_number,
    parse,
)
from bridge.control.osc.texts import LATIN_1, SHIFT_JIS

SCALE = b"/vace/scale\0,f\0\0\x3f\0\0\0"
NOW = b"\0\0\0\0\0\0\0\1"


def bundle(*elements: bytes) -> bytes:
    return BUNDLE + NOW + b"".join(struct.pack(">i", len(element)) + element for element in elements)


def _nested(depth: int) -> bytes:
    packet = SCALE
    for _ in range(depth):
        packet = bundle(packet)
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
    assert parse(bundle(first, bundle(second), first)) == expected
    assert parse(bundle()) == []


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
        b"/p",
        BUNDLE,
        bundle(SCALE)[:-1],
        bundle(SCALE) + b"\0",
        bundle(b""),
        BUNDLE + NOW + struct.pack(">i", -4) + SCALE,
        BUNDLE + NOW + struct.pack(">i", -2147483648),
        bundle(*[SCALE] * (MAX_MESSAGES + 1)),
        bundle(*[b"/p\0\0," + b"T" * 1000 + bytes(3)] * 17),
        _nested(MAX_NESTING + 1),
        _nested(2000),
    ],
)
def test_a_damaged_packet_is_refused_whole(packet: bytes):
    with pytest.raises(DamagedPacket):
        parse(packet)


@pytest.mark.parametrize(
    ("packet", "fault"),
    [
        (b"/p\0\0,i\0\0", "ends before"),
        (b"/p\0\0,s\0\0abcd", "ends before"),
        (b"/p\0\0,b\0\0\x7f\xff\xff\xff", "ends before its blob"),
        (b"/p\0\0,b\0\0\xff\xff\xff\xff", "ends before its blob"),
        (b"/p\0\0,]\0\0", "never opened"),
        (b"/p\0\0,[\0\0", "do not close"),
        (b"/p\0\0,xf\0\0\0\0\7\x3f\0\0\0", "type 'x'"),
        (b"/p\0\0x\0\0\0", "no type tags"),
        (b"/p\0\0\x3f\0\0\0", "no type tags"),
        (b"/p\0\0," + b"T" * (MAX_ARGUMENTS + 1) + bytes(2), "more than 1024"),
        (b"/{p,q}\0\0," + b"x" * 1_000_000, "more than 1024"),
    ],
)
def test_a_message_that_cannot_be_read_says_why_and_the_others_of_its_bundle_are_kept(packet: bytes, fault: str):
    [alone] = parse(packet)
    assert alone.arguments == ()
    assert fault in alone.fault
    packet += bytes(-len(packet) % 4)
    assert parse(bundle(SCALE, packet, SCALE))[::2] == [Message("/vace/scale", (0.5,))] * 2
    assert parse(bundle(SCALE, b"\0\0\0\0", SCALE))[::2] == [Message("/vace/scale", (0.5,))] * 2


@pytest.mark.parametrize(
    ("tag", "raw", "value"),
    [
        ("i", struct.pack(">i", -7), -7),
        ("f", struct.pack(">f", 0.25), 0.25),
        ("h", struct.pack(">q", 804822466654819), 804822466654819),
        ("d", struct.pack(">d", 0.1), 0.1),
        ("s", b"ice\0", "ice"),
        ("S", b"snow\0\0\0\0", "snow"),
        ("b", struct.pack(">i", 3) + b"xyz\0", b"xyz"),
        ("c", b"\0\0\0A", "A"),
        ("c", b"\xff\xff\xff\xff", None),
        ("c", b"\0\0\xd8\0", None),
        ("r", b"\xff\x80\0\xff", None),
        ("m", b"\0\x90\x3c\x7f", None),
        ("t", NOW, None),
        ("T", b"", True),
        ("F", b"", False),
        ("N", b"", None),
        ("I", b"", None),
    ],
)
def test_a_type_has_its_length_so_that_no_later_argument_is_misread(tag: str, raw: bytes, value: object):
    def read(tags: str, arguments: bytes) -> tuple:
        tagged = f",{tags}".encode()
        return parse(b"/p\0\0" + tagged + bytes(4 - len(tagged) % 4) + arguments)[0].arguments

    half = struct.pack(">f", 0.5)
    assert read(f"{tag}f", raw + half) == (value, 0.5)
    assert read(f"f{tag}f", half + raw + half) == (0.5, value, 0.5)
    assert read(f"[{tag}f]f", raw + half + half) == (value, 0.5, 0.5)
    assert read(f"[f[{tag}f]]f", half + raw + half + half) == (0.5, None, 0.5)


@pytest.mark.parametrize(
    ("raw", "text", "read_as"),
    [
        ("caf\u00e9".encode(), "caf\u00e9", ""),
        ("\u6c37\u306e\u57ce".encode(), "\u6c37\u306e\u57ce", ""),
        ("caf\u00e9".encode("latin-1"), "caf\u00e9", LATIN_1),
        ("\u00e9clair \u00e0 la cr\u00e8me".encode("latin-1"), "\u00e9clair \u00e0 la cr\u00e8me", LATIN_1),
        ("gr\u00f6\u00dfer, \u00e9\u00e8".encode("latin-1"), "gr\u00f6\u00dfer, \u00e9\u00e8", LATIN_1),
        ("it\u2019s \u201cnice\u201d".encode("cp1252"), "it\u2019s \u201cnice\u201d", LATIN_1),
        ("\u6c37\u306e\u57ce".encode("shift-jis"), "\u6c37\u306e\u57ce", SHIFT_JIS),
        ("\u6771\u4eac neon".encode("shift-jis"), "\u6771\u4eac neon", SHIFT_JIS),
        ("\u30cd\u30aa\u30f3".encode("shift-jis"), "\u30cd\u30aa\u30f3", SHIFT_JIS),
        (b"\xff\xfe", "\u00ff\u00fe", LATIN_1),
        (b"\x81 \x8d", "\x81 \x8d", LATIN_1),
    ],
)
def test_a_text_that_is_no_utf8_is_read_by_a_rule(raw: bytes, text: str, read_as: str):
    padded = raw + bytes(4 - len(raw) % 4)
    good, foreign = Message("/vace/scale", (0.5,)), Message("/p", (text, 7), read_as)
    message = b"/p\0\0,si\0" + padded + struct.pack(">i", 7)
    assert parse(message) == [foreign]
    assert parse(bundle(SCALE, message, SCALE)) == [good, foreign, good]


def test_what_is_remembered_of_messages_does_not_grow_with_them():
    packet = build_msg("/" + "a" * MAX_FAST, 1.0).dgram
    before = _address_of_number.cache_info().currsize
    assert parse(packet)[0].arguments == (1.0,)
    assert _address_of_number.cache_info().currsize == before


def test_so_many_arguments_are_read_and_no_more():
    assert len(parse(b"/p\0\0," + b"T" * MAX_ARGUMENTS + bytes(3))[0].arguments) == MAX_ARGUMENTS


def test_bundles_may_be_nested_as_deep_as_anybody_does():
    assert parse(_nested(MAX_NESTING)) == [Message("/vace/scale", (0.5,))]


TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
)  # a NUL ends an OSC string
MESSAGES = st.builds(
    lambda name, arguments: build_msg("/" + name, arguments or "").dgram,
    st.text("abc/*", max_size=8),
    st.lists(st.one_of(st.integers(-(2**31), 2**31 - 1), TEXTS, st.booleans()), max_size=4),
)
BUNDLES = st.lists(MESSAGES, max_size=3).map(lambda parts: bundle(*parts))
PACKETS = st.one_of(MESSAGES, BUNDLES, BUNDLES.map(bundle))


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
