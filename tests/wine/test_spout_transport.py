"""Our source and sink with the genuine SpoutGL: the whole life but for the pixels, which are in `test_spout_pixels`.

Direct3D under Wine has no shared textures, so a sender's handle is 0 and a receiver never gets a picture.
"""

from __future__ import annotations

import pytest

from .machine import Peer, PeerError, WindowsMachine

pytestmark = pytest.mark.timeout(600)


def send(peer: Peer, width: int = 64, height: int = 48, channels: int = 3) -> None:
    peer(f"sink.send(Frame(np.zeros(({height}, {width}, {channels}), np.uint8), 0, 0.0))")


def entry(peer: Peer, name: str) -> list | None:
    return peer(f"(lambda info: info and [info.width, info.height])(registry.info({name!r}))")


def test_a_sink_is_seen_by_the_genuine_library_through_its_whole_life(ours: Peer, theirs: Peer):
    theirs("receiver = SpoutGL.SpoutReceiver()")
    ours("count_frames(True)")
    ours("sink = open_sink('spout:show', 64, 48, 30)")
    assert theirs("receiver.getSenderList()") == []
    for width, height, channels in ((64, 48, 3), (64, 48, 4), (320, 240, 3), (32, 16, 4)):
        send(ours, width, height, channels)
        assert theirs("receiver.getSenderList()") == ["show"]
        info = "(lambda info: [info.width, info.height])(receiver.getSenderInfo('show'))"
        assert theirs(info) == [width, height]
    assert ours("registry.counter('show').read()") == 4
    ours("sink.close()")
    assert theirs("receiver.getSenderList()") == []


def test_a_sink_that_sends_nothing_leaves_nothing(ours: Peer):
    ours("sink = open_sink('spout:', 64, 48, 30)")
    assert ours("sink.name") == "VACE Live"
    ours("sink.close()")
    assert ours("registry.listed()") == []


def test_a_sink_under_a_name_of_a_genuine_sender_says_what_it_is_called(ours: Peer, theirs: Peer):
    theirs("sender = SpoutGL.SpoutSender(); sender.setSenderName('show')")
    assert theirs("sender.createOpenGL()")
    assert theirs("sender.sendImage(np.zeros((48, 64, 4), np.uint8), 64, 48, enums.GL_RGBA, False, 0)")
    ours("sink = open_sink('spout:show', 64, 48, 30)")
    send(ours)
    assert ours("sink.name") == "show_1"
    assert ours("registry.senders()") == ["show", "show_1"]
    theirs("sender.releaseSender(); sender.closeOpenGL()")
    ours("sink.close()")


def test_a_sink_that_was_killed_comes_back_under_its_name(windows: WindowsMachine, ours: Peer, theirs: Peer):
    theirs("receiver = SpoutGL.SpoutReceiver()")
    ours("holder = registry.announce('holder', 8, 8, 28)")
    with windows.peer() as killed:
        killed("sink = open_sink('spout:show', 64, 48, 30)")
        send(killed)
        assert theirs("receiver.getSenderList()") == ["holder", "show"]
        killed.kill()
    ours.wait_for("registry.info('show') is None", "Windows to forget what the killed process had")
    ours("sink = open_sink('spout:show', 64, 48, 30)")
    send(ours)
    assert ours("sink.name") == "show"
    assert theirs("receiver.getSenderList()") == ["holder", "show"]
    ours("sink.close()")
    ours("holder.close()")


def test_a_source_that_is_not_there_is_told_with_those_that_are(ours: Peer, theirs: Peer):
    with pytest.raises(PeerError, match="there is no Spout sender 'TD'; nobody is sending"):
        ours("open_source('spout:TD', 64, 48, 30)")
    theirs("other = registry.announce('other', 8, 8, 28)")
    with pytest.raises(PeerError, match="there is no Spout sender 'TD'; there is spout:other"):
        ours("open_source('spout:TD', 64, 48, 30)")
    theirs("other.close()")


def test_a_source_whose_picture_cannot_be_had_says_so_and_one_that_goes_is_told(ours: Peer, theirs: Peer):
    """What every receiver meets whose GPU is another one; here, Wine's."""
    theirs("sender = SpoutGL.SpoutSender(); sender.setSenderName('TD')")
    assert theirs("sender.createOpenGL()")
    assert theirs("sender.sendImage(np.zeros((48, 64, 4), np.uint8), 64, 48, enums.GL_RGBA, False, 0)")
    ours("source = open_source('spout:', 64, 48, 30)")
    assert ours("source.describe()") == "Spout sender 'TD', 64x48"
    with pytest.raises(PeerError, match="spout:TD is there, but its picture can't be read"):
        ours("while True: source.read(0.25)")
    theirs("sender.releaseSender(); sender.closeOpenGL()")
    with pytest.raises(PeerError, match="no active Spout sender; nobody is sending"):
        ours("source.read(0.25)")
    ours("source.close()")
    theirs("sender = registry.announce('back', 64, 48, 28)")
    assert ours("open_source('spout:', 64, 48, 30).describe()") == "Spout sender 'back', 64x48"
    theirs("sender.close()")
