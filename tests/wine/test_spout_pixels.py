"""Pictures through the genuine Spout.dll, from one Windows process to another, compared byte by byte.

Wine does not share Direct3D textures, so these processes have a stand-in for that alone: `windows/shared_textures.py`.
What the library copies, in which order of colours and rows, when it opens a texture again: all that is its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from .machine import Peer, PeerError, WindowsMachine

pytestmark = pytest.mark.timeout(600)

SIZES = ((64, 48), (320, 240), (31, 17), (64, 48))
SHARING = """
from tests.wine.windows.shared_textures import SharedTextures
shared = SharedTextures()

def picture(width, height, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
"""
GENUINE_SENDER = """
import SpoutGL
from SpoutGL import enums
sender = SpoutGL.SpoutSender()
sender.setSenderName("TD")
assert sender.createOpenGL()

def show(width, height, seed, order="GL_RGBA"):
    assert sender.sendImage(picture(width, height, seed), width, height, getattr(enums, order), False, 0)
"""
GENUINE_RECEIVER = """
import SpoutGL
from SpoutGL import enums
receiver = SpoutGL.SpoutReceiver()
receiver.setReceiverName("show")
assert receiver.createOpenGL()
buffer = np.zeros((1, 1, 4), np.uint8)

def seen(expected):
    global buffer
    receiver.receiveImage(buffer, enums.GL_RGBA, False, 0)
    if receiver.isUpdated():
        buffer = np.zeros((receiver.getSenderHeight(), receiver.getSenderWidth(), 4), np.uint8)
    return np.array_equal(buffer, expected)
"""
OUR_SOURCE = """
source = open_source("spout:TD", 64, 48, 200)

def seen(expected):
    frame = source.read(0.25)
    return frame is not None and np.array_equal(frame.pixels, expected)
"""
OUR_SINK = """
sink = open_sink("spout:show", 64, 48, 30)

def show(width, height, seed, channels):
    sink.send(Frame(picture(width, height, seed)[..., :channels], 0, 0.0))
"""

SHOW = (
    "import sys; from tests.wine.windows.shared_textures import SharedTextures; shared = SharedTextures(); "
    "from tests.wine.windows.show import main; sys.exit(main(sys.argv[1:]))"
)

Start = Callable[..., Peer]


@pytest.fixture
def sharing(windows: WindowsMachine) -> Iterator[Start]:
    """Starts Windows processes that share textures, each with what else it is given."""
    peers: list[Peer] = []

    def start(*sources: str) -> Peer:
        peers.append(windows.peer(SHARING))
        for source in sources:
            peers[-1](source)
        return peers[-1]

    yield start
    for peer in peers:
        peer.__exit__()


def arrives(sender: Peer, sent: str, receiver: Peer, expected: str) -> None:
    """Send that again and again, as senders do, until the receiver sees what is expected; AssertionError if never."""
    end = time.monotonic() + 60.0
    while True:
        sender(sent)
        if receiver(f"seen({expected})"):
            return
        assert time.monotonic() < end, f"{sent} never arrives as {expected}"


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(("order", "as_rgba"), [("GL_RGBA", "[0, 1, 2, 3]"), ("GL_BGRA_EXT", "[2, 1, 0, 3]")])
def test_pictures_of_a_genuine_sender_arrive_whole_in_all_sizes(sharing: Start, counts: bool, order: str, as_rgba: str):
    sender = sharing(f"count_frames({counts})", GENUINE_SENDER, f"show(64, 48, 9, {order!r})")
    ours = sharing(OUR_SOURCE)
    for seed, (width, height) in enumerate(SIZES):
        expected = f"picture({width}, {height}, {seed})[..., {as_rgba}]"
        arrives(sender, f"show({width}, {height}, {seed}, {order!r})", ours, expected)
    assert ours("source.describe()") == "Spout sender 'TD', 64x48"


def test_one_picture_of_a_genuine_sender_that_does_not_count_is_enough(sharing: Start):
    sharing("count_frames(False)", GENUINE_SENDER, "show(64, 48, 1)")
    ours = sharing(OUR_SOURCE)
    ours.wait_for("seen(picture(64, 48, 1))", "the only picture")


def test_a_genuine_receiver_is_one_picture_behind_a_sender_that_counts(sharing: Start):
    sender = sharing("count_frames(True)", GENUINE_SENDER.replace('"TD"', '"show"'))
    receiver = sharing(GENUINE_RECEIVER)
    arrives(sender, "show(64, 48, 0)", receiver, "picture(64, 48, 0)")
    for seed in range(1, 4):
        sender(f"show(64, 48, {seed})")
        assert receiver(f"seen(picture(64, 48, {seed - 1}))")
        assert receiver(f"seen(picture(64, 48, {seed - 1}))")


@pytest.mark.parametrize("channels", [3, 4])
def test_pictures_of_ours_arrive_whole_at_a_genuine_receiver_in_all_sizes(sharing: Start, channels: int):
    ours = sharing("count_frames(True)", OUR_SINK, f"show(64, 48, 9, {channels})")
    receiver = sharing(GENUINE_RECEIVER)
    for seed, (width, height) in enumerate(SIZES):
        alpha = "" if channels == 4 else " | np.array([0, 0, 0, 255], np.uint8)"
        arrives(
            ours, f"show({width}, {height}, {seed}, {channels})", receiver, f"picture({width}, {height}, {seed}){alpha}"
        )
    ours("sink.close()")


@pytest.mark.parametrize(("pixel_format", "as_shown"), [(28, "[0, 1, 2, 3]"), (87, "[2, 1, 0, 3]"), (88, "[2, 1, 0]")])
def test_a_texture_of_another_program_is_read_by_its_format(sharing: Start, pixel_format: int, as_shown: str):
    """RGBA, BGRA and BGRX, made by Direct3D without Spout's library, as TouchDesigner and game engines may do."""
    other = sharing(f"handle = shared.handle_of_new(picture(60, 34, 5), {pixel_format})")
    other(f"entry = registry.announce('TD', 60, 34, {pixel_format}, handle)")
    ours = sharing(OUR_SOURCE)
    ours.wait_for(f"seen(picture(60, 34, 5)[..., {as_shown}])", "the texture's pixels")
    other("entry.close()")


def test_a_genuine_sender_that_was_killed_and_started_again_is_seen_again(sharing: Start):
    killed = sharing("count_frames(True)", GENUINE_SENDER)
    ours = sharing("count_frames(True)")
    killed("show(64, 48, 0)")
    ours(OUR_SOURCE)
    arrives(killed, "show(64, 48, 1)", ours, "picture(64, 48, 1)")
    killed.kill()
    ours.wait_for("registry.info('TD') is None", "Windows to forget what the killed process had")
    with pytest.raises(PeerError, match="there is no Spout sender 'TD'"):
        ours("source.read(0.25)")
    ours("source.close(); registry.forget_the_dead()")
    again = sharing(GENUINE_SENDER, "show(128, 96, 2)")
    ours(OUR_SOURCE)
    arrives(again, "show(128, 96, 2)", ours, "picture(128, 96, 2)")


def test_a_whole_show_hands_a_genuine_senders_picture_to_a_genuine_receiver(windows: WindowsMachine, sharing: Start):
    sharing("count_frames(False)", GENUINE_SENDER, "show(64, 48, 3)")
    size = ("--width", "64", "--height", "48", "--fps", "30")
    with windows.start(
        "-c", SHOW, "--source", "spout:TD", "--sink", "spout:show", "--osc", "off", "--bypass", *size
    ) as show:
        receiver = sharing(GENUINE_RECEIVER)
        receiver.wait_for("seen(picture(64, 48, 3) | np.array([0, 0, 0, 255], np.uint8))", "the picture", 120.0)
        code, printed = show.end()
    assert code == 0, printed
