"""Our registry and the genuine Spout.dll, in two Windows processes: each sees what the other one does."""

from __future__ import annotations

import pytest

from .machine import Peer, WindowsMachine

pytestmark = pytest.mark.timeout(600)

BGRA = 87


def send(peer: Peer, name: str, width: int = 64, height: int = 32, counts: bool = True) -> None:
    """A genuine sender, with its first frame."""
    peer(f"count_frames({counts})")
    peer("sender = SpoutGL.SpoutSender()")
    assert peer("sender.createOpenGL()")
    peer(f"sender.setSenderName({name!r})")
    show(peer, width, height)


def show(peer: Peer, width: int = 64, height: int = 32) -> None:
    peer(f"pixels = np.full(({height}, {width}, 4), 200, np.uint8)")
    assert peer(f"sender.sendImage(pixels, {width}, {height}, enums.GL_RGBA, False, 0)")


def end(peer: Peer) -> None:
    peer("sender.releaseSender()")
    peer("sender.closeOpenGL()")


def entry(peer: Peer, name: str) -> list:
    """Width, height and format."""
    return peer(f"(lambda info: info and [info.width, info.height, info.format])(registry.info({name!r}))")


def test_a_genuine_sender_is_seen_with_name_size_format_and_program(ours: Peer, theirs: Peer):
    assert ours("registry.senders()") == []
    send(theirs, "genuine")
    assert ours("registry.senders()") == ["genuine"]
    assert ours("registry.active()") == "genuine"
    assert entry(ours, "genuine") == [64, 32, BGRA]
    assert ours("registry.info('genuine').host").lower().endswith("\\python\\python.exe")
    assert ours("registry.info('genuine').host == windows_objects('spout').program")
    show(theirs, 320, 240)
    assert entry(ours, "genuine") == [320, 240, BGRA]
    end(theirs)
    assert ours("registry.senders()") == []
    assert entry(ours, "genuine") is None


def test_frames_of_a_genuine_sender_are_counted_where_spouts_settings_say_so(ours: Peer, theirs: Peer):
    send(theirs, "genuine")
    ours("counter = registry.counter('genuine')")
    first = ours("counter.read()")
    for more in range(1, 6):
        show(theirs)
        assert ours("counter.read()") == first + more
    assert theirs("sender.getFrame()") == first + 5
    ours("counter.close()")
    end(theirs)
    send(theirs, "genuine", counts=False)
    assert ours("registry.counter('genuine')") is None
    end(theirs)


def test_a_sender_of_ours_is_seen_by_the_genuine_library(ours: Peer, theirs: Peer):
    theirs("receiver = SpoutGL.SpoutReceiver()")
    ours("sender = registry.announce('ours', 640, 360, 28)")
    assert theirs("receiver.getSenderList()") == ["ours"]
    assert theirs("receiver.getActiveSender()") == "ours"
    size = "(lambda info: [info.width, info.height])(receiver.getSenderInfo('ours'))"
    assert theirs(size) == [640, 360]
    ours("sender.update(1920, 1080, 28)")
    assert theirs(size) == [1920, 1080]
    ours("sender.close()")
    assert theirs("receiver.getSenderList()") == []
    assert theirs("receiver.getSenderInfo('ours')") is None
    ours("sender = registry.announce('ours', 8, 8, 28)")
    assert theirs(size) == [8, 8]
    ours("sender.close()")


def test_lists_with_senders_of_both_kinds_are_read_alike(ours: Peer, theirs: Peer):
    ours("senders = [registry.announce(name, 8, 8, 28) for name in ('b', 'a b c', 'Z', '9')]")
    send(theirs, "genuine")
    theirs("receiver = SpoutGL.SpoutReceiver()")
    expected = ["9", "Z", "a b c", "b", "genuine"]
    assert ours("registry.senders()") == theirs("receiver.getSenderList()") == expected
    theirs("receiver.setActiveSender('Z')")
    assert ours("registry.active()") == "Z"
    ours("registry.choose('9')")
    assert theirs("receiver.getActiveSender()") == "9"
    ours("[sender.close() for sender in senders]")
    assert ours("registry.senders()") == theirs("receiver.getSenderList()") == ["genuine"]
    assert ours("registry.active()") == theirs("receiver.getActiveSender()")
    end(theirs)


def test_names_collide_in_the_same_way(ours: Peer, theirs: Peer):
    ours("first = registry.announce('card', 8, 8, 28)")
    send(theirs, "card")
    assert ours("registry.senders()") == ["card", "card_1"]
    ours("third = registry.announce('card', 8, 8, 28)")
    assert ours("third.name") == "card_2"
    end(theirs)
    ours("first.close()")
    assert ours("registry.senders()") == ["card_2"]
    ours("third.close()")


@pytest.mark.parametrize("who", ["genuine", "ours"])
def test_a_killed_sender_leaves_a_name_that_is_seen_through_and_can_be_had_again(
    windows: WindowsMachine, ours: Peer, theirs: Peer, who: str
):
    ours("holder = registry.announce('holder', 8, 8, 28)")
    with windows.peer() as killed:
        if who == "genuine":
            killed("import SpoutGL; from SpoutGL import enums")
            send(killed, "show")
        else:
            killed("sender = registry.announce('show', 8, 8, 28)")
        assert ours("registry.senders()") == ["holder", "show"]
        killed.kill()
    ours.wait_for("registry.info('show') is None", "Windows to forget what the killed process had")
    assert ours("registry.listed()") == ["holder", "show"]
    assert ours("registry.senders()") == ["holder"]
    ours("registry.forget_the_dead()")
    assert ours("registry.listed()") == ["holder"]
    send(theirs, "show")
    assert ours("registry.senders()") == ["holder", "show"]
    end(theirs)
    ours("holder.close()")
