"""TouchDesigner's shared memory between two Windows processes, pixels and all."""

from __future__ import annotations

import pytest

from .machine import Peer, PeerError, WindowsMachine

pytestmark = pytest.mark.timeout(600)

PICTURE = "np.random.default_rng({seed}).integers(0, 255, ({height}, {width}, {channels}), np.uint8)"


def send(peer: Peer, width: int, height: int, channels: int, seed: int) -> int:
    """A picture that `seed` decides; its checksum."""
    peer(f"pixels = {PICTURE.format(seed=seed, width=width, height=height, channels=channels)}")
    peer("sink.send(Frame(pixels, 0, 0.0))")
    return peer("int(pixels[..., :3].astype(np.int64).ravel() @ np.arange(pixels[..., :3].size))")


def received(peer: Peer) -> tuple[list, int]:
    """Shape and checksum of the next picture."""
    peer("frame = source.read(1.0)")
    shape = peer("list(frame.pixels.shape)")
    return shape, peer("int(frame.pixels[..., :3].astype(np.int64).ravel() @ np.arange(frame.pixels[..., :3].size))")


@pytest.fixture
def other(windows: WindowsMachine):
    with windows.peer() as peer:
        yield peer


def test_pictures_of_all_sizes_arrive_whole(ours: Peer, other: Peer):
    ours("sink = open_sink('touch:show', 64, 48, 30)")
    sent = send(ours, 64, 48, 3, seed=0)
    other("source = open_source('touch:show', 64, 48, 200)")
    assert other("source.describe()") == "TouchDesigner's shared memory 'show', 64x48"
    assert received(other) == ([48, 64, 4], sent)
    for seed, (width, height, channels) in enumerate(((64, 48, 4), (640, 360, 3), (31, 17, 4), (64, 48, 3))):
        sent = send(ours, width, height, channels, seed)
        assert received(other) == ([height, width, 4], sent)
    ours("sink.close()")
    with pytest.raises(PeerError, match="no shared memory of TouchDesigner's of the name 'show'"):
        other("source.read(1.0)")


def test_a_killed_sender_is_missed_and_followed_when_it_is_back(windows: WindowsMachine, ours: Peer, other: Peer):
    with windows.peer() as killed:
        killed("sink = open_sink('touch:show', 64, 48, 30)")
        other("source = open_source('touch:show', 64, 48, 200)")
        sent = send(killed, 64, 48, 4, seed=1)
        assert received(other) == ([48, 64, 4], sent)
        killed.kill()
    other.wait_for("registry._objects.open_memory('TouchSHMshow') is None", "Windows to free the memory")
    with pytest.raises(PeerError, match="no shared memory"):
        other("source.read(1.0)")
    ours("sink = open_sink('touch:show', 128, 96, 30)")
    sent = send(ours, 128, 96, 4, seed=2)
    assert received(other) == ([96, 128, 4], sent)
    ours("sink.close()")
