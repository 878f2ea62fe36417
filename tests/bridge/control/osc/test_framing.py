"""Packets in a stream of bytes, both ways."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc import slip

from bridge.control.osc.framing import MAX_PACKET, DamagedStream, LengthFraming, SlipFraming, framing_of

PACKETS = [b"/vace/scale\0,f\0\0\x3f\0\0\0", b"#bundle\0\0\0\0\0\0\0\0\1", b"/\xc0\xdb\xdc\xdd"]


def test_the_layouts_are_those_of_the_standards():
    assert LengthFraming().wrap(b"/a\0\0") == b"\0\0\0\4/a\0\0"
    assert SlipFraming().wrap(b"/\xc0\xdb\xdc") == b"\xc0/\xdb\xdc\xdb\xdd\xdc\xc0"


@pytest.mark.parametrize(
    ("first", "kind"),
    [(b"\0\0\0\x14", LengthFraming), (b"\xc0/", SlipFraming), (b"/a", SlipFraming), (b"#b", SlipFraming)],
)
def test_a_stream_tells_by_its_first_byte_which_it_is(first: bytes, kind: type):
    assert isinstance(framing_of(first[0]), kind)


@pytest.mark.parametrize("first", [b"GET /", b"\x16\x03\x01", b"\xff"])
def test_what_is_no_osc_is_known_at_once(first: bytes):
    with pytest.raises(DamagedStream, match="neither OSC"):
        framing_of(first[0])


@settings(deadline=None)
@given(st.sampled_from([LengthFraming, SlipFraming]), st.lists(st.binary(min_size=1, max_size=40)), st.data())
def test_packets_come_out_whole_however_the_stream_is_cut(kind: type, packets: list[bytes], data: st.DataObject):
    stream = b"".join(kind().wrap(packet) for packet in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framing, received = kind(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)]):
        received += framing.feed(stream[start:end])
    assert received == packets


def test_slip_without_an_end_in_front_is_read_too():
    assert SlipFraming().feed(b"/a\0\0\xc0/b\0\0\xc0\xc0") == [b"/a\0\0", b"/b\0\0"]


def test_an_empty_packet_is_handed_on_and_left_to_the_parser():
    assert LengthFraming().feed(bytes(4) + b"\0\0\0\4/a\0\0") == [b"", b"/a\0\0"]


def test_a_length_that_is_too_large_is_not_waited_for():
    with pytest.raises(DamagedStream, match=str(MAX_PACKET)):
        LengthFraming().feed(struct.pack(">I", MAX_PACKET + 1))


def test_slip_that_never_ends_is_not_kept():
    framing = SlipFraming()
    framing.feed(b"/" + bytes(MAX_PACKET - 1))
    with pytest.raises(DamagedStream, match="without an end"):
        framing.feed(b"x")


@pytest.mark.parametrize("damaged", [b"/a\xdbx\xc0", b"/a\xdb\xc0"])
def test_an_unknown_escape_is_damage(damaged: bytes):
    with pytest.raises(DamagedStream, match="escape"):
        SlipFraming().feed(damaged)


@given(st.binary(min_size=1, max_size=200))
def test_noise_is_packets_or_one_exception(noise: bytes):
    with contextlib.suppress(DamagedStream):
        framing_of(noise[0]).feed(noise)


@given(st.binary(min_size=1))
def test_python_oscs_slip_undoes_ours(packet: bytes):
    assert slip.decode(SlipFraming().wrap(packet)) == packet
