"""Spout's source and sink, with stand-ins for Windows and SpoutGL that have the defects of the real one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.address import open_sink, open_source
from bridge.video.frames import Frame
from bridge.video.spout import reading, transport
from bridge.video.spout.registry import SpoutRegistry
from bridge.video.spout.transport import SpoutSink, SpoutSource

from ..fake_windows import Machine, Process
from .fake_spoutgl import HALF_FLOATS, FakeSpoutGL

SIZE = (24, 16, 1000.0)  # width, height, rate
ANY = 60.0  # seconds; only a failing test waits that long


def picture(width: int = 24, height: int = 16, channels: int = 4, shade: int = 0) -> np.ndarray:
    """Red at the top left, green at the top right, blue below, half transparent, and a shade of its own."""
    pixels = np.zeros((height, width, channels), np.uint8)
    pixels[: height // 2, : width // 2, 0] = 255
    pixels[: height // 2, width // 2 :, 1] = 255
    pixels[height // 2 :, :, 2] = 255
    pixels[0, 0] = shade
    if channels == 4:
        pixels[..., 3] = 128
    return pixels


def frame(pixels: np.ndarray) -> Frame:
    return Frame(pixels, 0, 0.0)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def host(machine: Machine) -> Process:
    return machine.process(r"C:\TD\TouchDesigner.exe")


@pytest.fixture
def ours(machine: Machine) -> FakeSpoutGL:
    return FakeSpoutGL(machine.process())


def source(library: FakeSpoutGL, name: str = "TD") -> SpoutSource:
    return SpoutSource(name, *SIZE, objects=library.process, library=library)


def sink(library: FakeSpoutGL, name: str = "out") -> SpoutSink:
    return SpoutSink(name, *SIZE, objects=library.process, library=library)


class Sender:
    """A host's sender with a texture of any format."""

    def __init__(self, process: Process, name: str = "TD", pixels: np.ndarray | None = None, order: int = 28) -> None:
        self.process, self.order, self.handle = process, order, 100
        pixels = picture() if pixels is None else pixels
        process.machine.textures[self.handle] = pixels
        self.entry = SpoutRegistry(process).announce(name, pixels.shape[1], pixels.shape[0], order, self.handle)

    def show(self, pixels: np.ndarray) -> None:
        textures = self.process.machine.textures
        if textures[self.handle].shape != pixels.shape:
            self.handle += 1
            textures[self.handle] = pixels
            self.entry.update(pixels.shape[1], pixels.shape[0], self.order, self.handle)
        textures[self.handle] = pixels
        self.entry.count_frame()


def test_a_frame_comes_as_it_was_sent_top_row_first_with_its_alpha(host: Process, ours: FakeSpoutGL):
    Sender(host)
    with source(ours) as frames:
        assert frames.describe() == "Spout sender 'TD', 24x16"
        seen = frames.read(ANY)
    assert seen is not None
    assert np.array_equal(seen.pixels, picture())
    assert ours.used[0].closed


@pytest.mark.parametrize("order", [87, 91, 0, 21])
def test_red_and_blue_are_told_apart_by_the_senders_format(host: Process, ours: FakeSpoutGL, order: int):
    Sender(host, pixels=picture()[..., [2, 1, 0, 3]], order=order)
    with source(ours) as frames:
        seen = frames.read(ANY)
    assert seen is not None
    assert np.array_equal(seen.pixels, picture())


def test_a_format_without_alpha_gives_rgb(host: Process, ours: FakeSpoutGL):
    Sender(host, pixels=picture()[..., [2, 1, 0, 3]], order=88)
    with source(ours) as frames:
        seen = frames.read(ANY)
    assert seen is not None
    assert np.array_equal(seen.pixels, picture()[..., :3])


def test_a_deeper_format_is_converted_by_the_gpu_or_refused(host: Process, ours: FakeSpoutGL):
    Sender(host, pixels=(picture() / 255).astype(np.float32), order=HALF_FLOATS)
    with source(ours) as frames:
        seen = frames.read(ANY)
    assert seen is not None
    assert np.array_equal(seen.pixels, picture())
    ours.interop = False
    with source(ours) as frames, pytest.raises(BridgeError, match=r"DXGI format 10.*8-bit fixed"):
        frames.read(ANY)


def test_each_counted_frame_is_given_once(host: Process, ours: FakeSpoutGL):
    sender = Sender(host)
    sender.show(picture())
    with source(ours) as frames:
        read_until(frames, lambda seen: seen[0, 0, 0] == 0)
        for shade in (1, 2, 3):
            sender.show(picture(shade=shade))
            read_until(frames, lambda seen, shade=shade: seen[0, 0, 0] == shade)
        assert frames.read(0.02) is None
        assert frames.read(0.02) is None
    assert ours.used[0].reads <= 6


def test_a_sender_that_does_not_count_is_read_at_the_asked_rate(host: Process, ours: FakeSpoutGL):
    Sender(host)
    with source(ours) as frames:
        assert [seen.number for seen in (frames.read(ANY) for _ in range(5)) if seen] == [0, 1, 2, 3, 4]


def test_a_counter_that_never_moves_is_not_believed(host: Process, ours: FakeSpoutGL):
    Sender(host)
    SpoutRegistry(host)._objects.create_semaphore("TD_Count_Semaphore", 1)  # as another receiver makes it
    with source(ours) as frames:
        assert all(frames.read(ANY) is not None for _ in range(5))


def test_a_black_and_transparent_picture_comes_after_all(host: Process, ours: FakeSpoutGL):
    Sender(host, pixels=np.zeros((16, 24, 4), np.uint8))
    with source(ours) as frames:
        seen = frames.read(ANY)
    assert seen is not None
    assert not seen.pixels.any()


def test_a_sender_that_changes_its_size_is_followed(host: Process, ours: FakeSpoutGL):
    sender = Sender(host)
    with source(ours) as frames:
        read_until(frames, lambda seen: seen.shape == (16, 24, 4))
        for width, height in ((64, 48), (8, 4)):
            sender.show(picture(width, height))
            seen = read_until(frames, lambda seen, size=(height, width, 4): seen.shape == size)
            assert np.array_equal(seen, picture(width, height))
            assert frames.describe() == f"Spout sender 'TD', {width}x{height}"


def test_a_sender_that_goes_is_told_with_those_that_are_there(host: Process, ours: FakeSpoutGL):
    sender = Sender(host)
    other = Sender(host, "other")
    with source(ours) as frames:
        frames.read(ANY)
        sender.entry.close()
        with pytest.raises(BridgeError, match="there is no Spout sender 'TD'; there is spout:other"):
            frames.read(ANY)
    other.entry.close()


def test_a_sender_that_was_killed_is_told_too(host: Process, ours: FakeSpoutGL):
    Sender(host)
    with source(ours) as frames:
        frames.read(ANY)
        host.kill()
        with pytest.raises(BridgeError, match="nobody is sending"):
            frames.read(ANY)


def test_a_sender_that_came_back_is_read_by_a_source_opened_again(machine: Machine, host: Process, ours: FakeSpoutGL):
    Sender(host)
    with source(ours) as frames:
        frames.read(ANY)
        host.kill()
    Sender(machine.process(), pixels=picture(8, 8))
    with source(ours) as frames:
        assert read_until(frames, lambda seen: seen.shape == (8, 8, 4)).any()


def test_a_picture_on_another_gpu_is_told(host: Process, ours: FakeSpoutGL, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "CONNECT_SECONDS", 0.01)
    Sender(host)
    host.machine.textures.clear()
    with source(ours) as frames, pytest.raises(BridgeError, match="on the same GPU"):
        frames.read(ANY)


def test_without_a_name_the_active_sender_is_followed_but_never_our_own(host: Process, ours: FakeSpoutGL):
    with sink(ours) as out:
        out.send(frame(picture()))
        with pytest.raises(BridgeError, match="no active Spout sender; nobody is sending"):
            source(ours, "")
        first = Sender(host, "first")
        first.handle = second_handle = 200
        host.machine.textures[200] = picture(8, 8)
        Sender(host, "second").entry.update(8, 8, 28, second_handle)
        SpoutRegistry(host).choose("first")
        with source(ours, "") as frames:
            read_until(frames, lambda seen: seen.shape == (16, 24, 4))
            SpoutRegistry(host).choose("second")
            read_until(frames, lambda seen: seen.shape == (8, 8, 4))


def test_a_source_may_be_opened_by_one_thread_and_read_by_another(host: Process, ours: FakeSpoutGL):
    Sender(host)
    frames = source(ours)
    seen: list[Frame | None] = []

    def read() -> None:
        with frames:
            seen.append(frames.read(ANY))

    reader = threading.Thread(target=read)
    reader.start()
    reader.join()
    assert seen[0] is not None
    assert ours.used[0].closed


@pytest.mark.parametrize("channels", [3, 4])
def test_what_a_sink_sends_arrives(host: Process, ours: FakeSpoutGL, channels: int):
    theirs = FakeSpoutGL(host)
    with sink(ours) as out:
        out.send(frame(picture(channels=channels)))
        with source(theirs, "out") as frames:
            seen = frames.read(ANY)
    assert seen is not None
    assert np.array_equal(seen.pixels[..., :channels], picture(channels=channels))
    assert channels == 4 or (seen.pixels[..., 3] == 255).all()


@pytest.mark.parametrize("view", [np.repeat(picture(), 2, axis=1)[:, ::2], picture()[..., :3]], ids=["RGBA", "RGB"])
def test_a_view_that_is_not_in_one_piece_is_sent_as_well(host: Process, ours: FakeSpoutGL, view: np.ndarray):
    with sink(ours) as out:
        out.send(frame(view))
        with source(FakeSpoutGL(host), "out") as frames:
            seen = frames.read(ANY)
    assert seen is not None
    assert np.array_equal(seen.pixels[..., : view.shape[2]], view)


def test_no_frame_makes_a_new_buffer(ours: FakeSpoutGL):
    with sink(ours) as out:
        out.send(frame(picture(channels=3)))
        buffer = out._buffer
        for shade in range(3):
            out.send(frame(picture(channels=3, shade=shade)))
            assert out._buffer is buffer


def test_frames_of_another_size_change_the_sender(host: Process, ours: FakeSpoutGL):
    with sink(ours) as out:
        for width, height in ((24, 16), (64, 48), (8, 4)):
            out.send(frame(picture(width, height, channels=3)))
            info = SpoutRegistry(host).info("out")
            assert info is not None
            assert (info.width, info.height) == (width, height)
    assert SpoutRegistry(host).senders() == []


def test_a_sink_without_a_name_has_one(host: Process, ours: FakeSpoutGL):
    with sink(ours, "") as out:
        out.send(frame(picture()))
        assert SpoutRegistry(host).senders() == ["VACE Live"]


def test_a_name_that_is_taken_is_read_back_and_told(host: Process, ours: FakeSpoutGL, caplog: pytest.LogCaptureFixture):
    Sender(host, "out")
    with sink(ours) as out:
        out.send(frame(picture()))
        assert out.name == "out_1"
    assert "the Spout name 'out' is taken; receive from 'out_1'" in caplog.text


def test_a_name_that_is_taken_between_question_and_answer_is_read_back_too(host: Process, ours: FakeSpoutGL):
    ours.before_taking_a_name = lambda: Sender(host, "out") and None
    with sink(ours) as out:
        out.send(frame(picture()))
        assert out.name == "out_1"


def test_a_sink_that_was_killed_comes_back_under_its_name(machine: Machine, host: Process):
    holder = SpoutRegistry(host).announce("keeps the list", 8, 8, 28)
    killed = FakeSpoutGL(machine.process())
    sink(killed).send(frame(picture()))
    killed.process.kill()
    assert SpoutRegistry(host).listed() == ["keeps the list", "out"]
    with sink(FakeSpoutGL(machine.process())) as out:
        out.send(frame(picture()))
        assert out.name == "out"
        assert SpoutRegistry(host).senders() == ["keeps the list", "out"]
    holder.close()


def test_a_spout_that_takes_no_frames_is_told_in_the_end_but_not_at_once(ours: FakeSpoutGL):
    with sink(ours) as out:
        ours.takes_frames = False
        for _ in range(transport.REFUSALS - 1):
            out.send(frame(picture()))
        with pytest.raises(BridgeError, match="Spout takes no frames"):
            out.send(frame(picture()))


def test_without_a_display_it_says_so(host: Process, ours: FakeSpoutGL):
    Sender(host)
    ours.has_display = False
    with pytest.raises(BridgeError, match="no OpenGL context"):
        sink(ours)
    with source(ours) as frames, pytest.raises(BridgeError, match="no OpenGL context"):
        frames.read(0)


def test_without_a_sender_those_that_are_there_are_listed(host: Process, ours: FakeSpoutGL):
    with pytest.raises(BridgeError, match="no Spout sender 'TD'; nobody is sending: switch on"):
        source(ours)
    Sender(host, "a")
    Sender(host, "b")
    with pytest.raises(BridgeError, match="there is spout:a, spout:b"):
        source(ours)


def test_a_missing_package_is_named_with_what_installs_it(machine: Machine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "SpoutGL", None)
    with pytest.raises(BridgeError, match=r"python start\.py pip install SpoutGL==0\.1\.1"):
        SpoutSource("TD", *SIZE, objects=machine.process())


@pytest.mark.parametrize("opener", [open_source, open_sink])
def test_on_another_system_the_address_says_what_to_take(opener: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(BridgeError, match="spout: exists on Windows only"):
        opener("spout:TD", *SIZE)


def read_until(frames: SpoutSource, wanted: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The first picture that is wanted, within a number of reads."""
    for _ in range(200):
        seen = frames.read(0.05)
        if seen is not None and wanted(seen.pixels):
            return seen.pixels
    raise AssertionError("it did not come")
