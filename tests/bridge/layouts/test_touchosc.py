"""The TouchOSC layout, as py2tosc (by others) reads it back from the file, and as bare XML."""

from __future__ import annotations

import contextlib
import itertools
import socket
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Iterator
from pathlib import Path

import py2tosc
import pytest
from py2tosc.messages import LocalMessage, OscMessage
from pythonosc.udp_client import SimpleUDPClient

from bridge.control.mailbox import Mailbox
from bridge.control.osc.server import OscServer
from bridge.control.parameters import Control, ControlTable
from bridge.layouts.touchosc import HEIGHT, WIDTH, layout
from tests.bridge.control.every_type import EVERY_TYPE

MANY = ControlTable(
    [Control(f"/vace/bank/{number}", "float", 0.5, "One of many.", low=0.0, high=1.0) for number in range(50)]
    + [Control("/vace/look", "choice", "l3", "Too many for buttons.", choices=tuple(f"l{i}" for i in range(40)))]
    + [Control("/vace/cue", "choice", "c0", "Once.", choices=tuple(f"c{i}" for i in range(40)), event=True)]
)
TABLES = pytest.mark.parametrize("table", [EVERY_TYPE, MANY], ids=["every type", "many"])


def saved(table: ControlTable, directory: Path) -> py2tosc.Document:
    """The layout, written and read again."""
    path = directory / "made.tosc"
    layout(table).save(path)
    return py2tosc.load(path)


def messages(document: py2tosc.Document) -> Iterator[tuple[str, py2tosc.Control, OscMessage]]:
    for node in document.walk():
        for message in node.messages:
            if isinstance(message, OscMessage):
                assert all(str(part.type) == "CONSTANT" for part in message.path)
                yield "".join(str(part.value) for part in message.path), node, message


@TABLES
def test_py2tosc_finds_nothing_to_say_about_it(table: ControlTable, tmp_path: Path):
    assert saved(table, tmp_path).validate() == []


@TABLES
def test_it_is_a_zlib_stream_of_xml_that_anyone_can_read(table: ControlTable, tmp_path: Path):
    path = tmp_path / "made.tosc"
    layout(table).save(path)
    root = ElementTree.fromstring(zlib.decompress(path.read_bytes()))
    ids = [node.get("ID") for node in root.iter("node")]
    assert root.tag == "lexml"
    assert len(set(ids)) == len(ids) > len(table)


@TABLES
def test_the_same_table_gives_the_same_layout(table: ControlTable):
    assert layout(table).dumps() == layout(table).dumps()


@TABLES
def test_every_control_sends_or_shows_and_nothing_else_does(table: ControlTable, tmp_path: Path):
    addresses = {address for address, _, _ in messages(saved(table, tmp_path))}
    typed = {"/vace/prompt/say", "/vace/tempo/tick", "/vace/tempo/frame"}  # events, and there is nothing to type with
    assert addresses == {row.address for row in table} - typed


@TABLES
def test_every_value_that_it_sends_is_taken_as_it_is(table: ControlTable, tmp_path: Path):
    for address, _, message in messages(saved(table, tmp_path)):
        row = table[address]
        if not message.send:
            continue
        if not message.arguments:
            assert row.type == "strings"
        for argument in message.arguments:
            read = {"INTEGER": int, "FLOAT": float, "STRING": str}[str(argument.conversion)]
            sent = [argument.value]
            if str(argument.type) == "VALUE":
                sent = [argument.scale_min, argument.scale_max]
            for value in sent:
                assert row.accept(read(value)).report is None


@TABLES
def test_what_holds_a_value_shows_it_and_what_holds_none_waits_for_none(table: ControlTable, tmp_path: Path):
    found = list(messages(saved(table, tmp_path)))
    assert {address for address, _, message in found if message.receive} == {row.address for row in table if row.holds}
    assert not [address for address, _, message in found if message.feedback]


def test_a_faders_figure_is_its_own(tmp_path: Path):
    document = saved(EVERY_TYPE, tmp_path)
    (fader,) = document.find_all("/vace/scale")
    local = next(message for message in fader.messages if isinstance(message, LocalMessage))
    figure = next(node for node in document.walk() if node.id == local.dst_id)
    assert (figure.get("name"), local.scale_min, local.scale_max) == ("/vace/scale figure", 0.0, 2.0)


def test_a_number_that_a_32_bit_float_does_not_hold_is_sent_as_one(tmp_path: Path):
    """As an integer, the end of the range would come out beyond it, and wrap around."""
    sent = {a: m.arguments[0] for a, _, m in messages(saved(EVERY_TYPE, tmp_path)) if m.send and m.arguments}
    assert str(sent["/vace/seed"].conversion) == "FLOAT"
    assert str(sent["/vace/tempo/beats"].conversion) == "INTEGER"


@TABLES
def test_everything_is_within_its_parent_and_nothing_covers_another(table: ControlTable, tmp_path: Path):
    """But captions, which lie on their button and let touches through; pages lie behind each other."""
    for node in saved(table, tmp_path).walk():
        for child in node.children:
            x, y, width, height = child.frame
            assert min(x, y) >= 0
            assert width >= 40
            assert height >= 20
            assert x + width <= node.frame.w
            assert y + height <= node.frame.h
        if str(node.control_type) == "PAGER":
            continue
        solid = [child for child in node.children if not str(child.get("name")).endswith(" caption")]
        for one, other in itertools.combinations(solid, 2):
            assert apart(one.frame, other.frame), (one, other)
        for caption in (child for child in node.children if child not in solid):
            assert caption.get("interactive") is False
            assert caption.frame in [child.frame for child in solid]


def test_a_port_that_comes_as_a_float_is_where_feedback_goes():
    """As a number of Lua's is sent."""
    server = OscServer(EVERY_TYPE, Mailbox(EVERY_TYPE), "127.0.0.1", 0).start()
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as surface:
        surface.settimeout(10.0)
        surface.bind(("127.0.0.1", 0))
        client = SimpleUDPClient("127.0.0.1", server.port)
        client.send_message("/vace/subscribe", float(surface.getsockname()[1]))
        client.close()
        heard = {surface.recv(9000).split(b"\0")[0].decode() for row in EVERY_TYPE if row.holds}
    server.stop()
    assert heard == {row.address for row in EVERY_TYPE if row.holds}


def test_pages_have_a_tab_each_and_are_continued_when_full(tmp_path: Path):
    pager = saved(MANY, tmp_path).root.children[0]
    assert pager.frame == (0, 0, WIDTH, HEIGHT)
    play, *others = pager.children
    assert [page.get("tabLabel") for page in pager.children] == ["play", "show", "more", "more 2", "more 3"]
    assert all(page.frame.y == pager.get("tabbarSize") for page in pager.children)
    assert sum(len(page.children) for page in others) == len(MANY)
    assert play.children


def apart(one: py2tosc.Frame, other: py2tosc.Frame) -> bool:
    return (
        one.x + one.w <= other.x
        or other.x + other.w <= one.x
        or one.y + one.h <= other.y
        or other.y + other.h <= one.y
    )  # fmt: skip
