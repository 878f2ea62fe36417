"""Video files: read as they are meant, written whole."""

from __future__ import annotations

import logging
import math
import os
import subprocess
import sys
import wave
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.address import open_sink, open_source
from bridge.video.clip import Clip
from bridge.video.file import FileSink
from bridge.video.frames import Frame

HEIGHT, WIDTH, FPS = 48, 64, 25
COLOURS = np.array([[235, 235, 16], [16, 235, 235], [235, 16, 16], [16, 16, 235]], np.uint8)
QUARTER_TURN = (0, 1, 0, -1, 0, 0, 0, 0, 1)
"""The matrix that a phone held upright writes: show it turned clockwise."""


def picture(number: int) -> np.ndarray:
    """Four columns of colour above a grey that says which frame it is, uint8 [H, W, 3]."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[: HEIGHT // 2] = np.repeat(COLOURS, WIDTH // 4, axis=0)
    pixels[HEIGHT // 2 :] = 16 + number * 8 % 224
    return pixels


def write(path: Path, frames: int = 10) -> Path:
    with FileSink(str(path), WIDTH, HEIGHT, FPS) as sink:
        for number in range(frames):
            sink.send(Frame(picture(number), number, number / FPS))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clips") / "clip.mp4")


def difference(left: np.ndarray, right: np.ndarray) -> float:
    """Mean, so that edges, whose colour is stored at half size, count little."""
    assert left.shape == right.shape
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


@pytest.mark.parametrize("frames", [1, 2, FPS, 3 * FPS + 1])
def test_what_is_written_is_read_back(tmp_path: Path, frames: int):
    clip = Clip(write(tmp_path / "out.mp4", frames))
    assert (clip.size, clip.rate, clip.frames) == ((WIDTH, HEIGHT), FPS, frames)
    read = list(clip.decode())
    assert [frame.number for frame in read] == list(range(frames))
    assert [frame.time for frame in read] == pytest.approx([number / FPS for number in range(frames)])
    assert max(difference(frame.pixels, picture(frame.number)) for frame in read) < 4


def test_a_file_says_how_it_is_to_be_played(clip: Path):
    with av.open(str(clip)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert (codec.colorspace, codec.color_range) == (6, 1)


@pytest.mark.parametrize(("name", "number"), [("bt709", 1), ("smpte170m", 6)])
@pytest.mark.parametrize("levels", ["MPEG", "JPEG"])
def test_colours_are_read_as_the_file_says_they_are_meant(tmp_path: Path, name: str, number: int, levels: str):
    path = tmp_path / f"{name}.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.colorspace = number
        stream.codec_context.color_range = {"MPEG": 1, "JPEG": 2}[levels]
        frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24").reformat(
            format="yuv420p", dst_colorspace={1: "ITU709", 6: "ITU601"}[number], dst_color_range=levels
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert difference(next(Clip(path).decode()).pixels, picture(0)) < 4


def test_a_clip_from_a_phone_stands_upright(clip: Path, tmp_path: Path):
    turned = tmp_path / "phone.mp4"
    data = bytearray(clip.read_bytes())
    matrix = data.rindex(b"tkhd") + 4 + 40
    for place, value in enumerate(QUARTER_TURN):
        one = 1 << 30 if place % 3 == 2 else 1 << 16
        data[matrix + 4 * place : matrix + 4 * place + 4] = (value * one).to_bytes(4, "big", signed=True)
    turned.write_bytes(data)
    shown = Clip(turned)
    assert shown.size == (HEIGHT, WIDTH)
    assert difference(next(shown.decode()).pixels, np.rot90(picture(0), -1)) < 4


def test_transparency_is_kept(tmp_path: Path):
    pixels = np.dstack([picture(0), np.tile(np.arange(WIDTH, dtype=np.uint8) * 4, (HEIGHT, 1))])
    path = tmp_path / "still.png"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgba"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba")))
    np.testing.assert_array_equal(next(Clip(path).decode()).pixels, pixels)


def test_a_source_plays_a_file_at_its_own_rate_again_and_again(clip: Path):
    with open_source(f"file:{clip}", 32, 32, 60) as source:
        assert "clip.mp4, 64x48 at 25 frames a second" in source.describe()
        frames = [source.read(1.0) for _ in range(13)]
    assert [frame.number for frame in frames if frame] == list(range(13))
    moments = [frame.time for frame in frames if frame]
    assert np.diff(moments) == pytest.approx([1 / FPS] * 12)
    assert difference(frames[10].pixels, picture(0)) < 4  # type: ignore[union-attr]


def test_a_source_does_not_wait_longer_than_it_is_told(clip: Path):
    with open_source(f"file:{clip}", 32, 32, 60) as source:
        assert source.read(0) is not None
        assert source.read(0) is None
        assert source.read(1.0).number == 1  # type: ignore[union-attr]


def test_frames_of_any_size_and_kind_are_written(tmp_path: Path):
    path = tmp_path / "out.mp4"
    with open_sink(f"file:{path}", WIDTH, HEIGHT, 29.97) as sink:
        for number, shape in enumerate([(HEIGHT, WIDTH, 3), (HEIGHT, WIDTH, 4), (2 * HEIGHT, WIDTH, 3)]):
            sink.send(Frame(np.full(shape, 128, np.uint8), number, number / 29.97))
    clip = Clip(path)
    assert (clip.frames, clip.size) == (3, (WIDTH, HEIGHT))
    assert math.isclose(clip.rate, 29.97, rel_tol=1e-4)


def test_a_file_that_was_open_when_the_program_was_killed_can_be_played(tmp_path: Path):
    path = tmp_path / "killed.mp4"
    script = (
        "import os, numpy as np; from bridge.video.file import FileSink; from bridge.video.frames import Frame\n"
        f"sink = FileSink({str(path)!r}, 64, 48, 5)\n"
        "noise = np.random.default_rng(0)\n"
        "for n in range(100): sink.send(Frame(noise.integers(0, 255, (48, 64, 3), np.uint8), n, n / 5))\n"
        "os.kill(os.getpid(), 9) if os.name == 'posix' else os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode != 0
    assert len(list(Clip(path).decode())) > 30


def test_a_file_that_no_frame_was_sent_to_is_not_left_behind(tmp_path: Path):
    path = tmp_path / "none.mp4"
    FileSink(str(path), WIDTH, HEIGHT, FPS).close()
    assert not path.exists()


def test_damaged_places_are_left_out_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = write(tmp_path / "scratched.mp4", 4 * FPS)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0)]
    for place, size in packets[FPS : 2 * FPS]:
        assert place is not None
        data[place : place + size] = bytes(size)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING, "bridge"):
        clip = Clip(path)
        frames = list(clip.decode())
        list(clip.decode())
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert 2 * FPS < len(frames) < 4 * FPS
    assert difference(frames[-1].pixels, picture(4 * FPS - 1)) < 4
    assert frames[-1].time == pytest.approx((4 * FPS - 1) / FPS)
    assert "scratched.mp4 is damaged" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file can't be moved")
def test_a_file_that_goes_away_while_it_is_played_is_told(tmp_path: Path):
    path = write(tmp_path / "moved.mp4", 2)
    with open_source(f"file:{path}", WIDTH, HEIGHT, FPS) as source:
        source.read(1.0)
        path.rename(tmp_path / "elsewhere.mp4")
        with pytest.raises(BridgeError, match="there is no file"):
            list(map(source.read, [1.0] * 3))


def test_what_is_not_a_clip_is_told_in_one_line(tmp_path: Path):
    text = tmp_path / "notes.mp4"
    text.write_text("no video " * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    for path, words in ((tmp_path / "none.mp4", "there is no file"), (tmp_path, "is a folder"), (text, "convert")):
        with pytest.raises(BridgeError, match=words) as refusal:
            open_source(f"file:{path}", WIDTH, HEIGHT, FPS)
        assert str(path) in str(refusal.value)
        assert "\n" not in str(refusal.value)
    with pytest.raises(BridgeError, match="convert"):
        Clip(empty)
    sound = tmp_path / "sound.wav"
    with wave.open(str(sound), "wb") as written:
        written.setparams((1, 2, 8000, 0, "NONE", ""))
        written.writeframes(bytes(1600))
    with pytest.raises(BridgeError, match="holds no video"):
        Clip(sound)
    with pytest.raises(BridgeError, match="file:PATH"):
        open_source("file:", WIDTH, HEIGHT, FPS)


def test_where_nothing_can_be_written_is_told_before_the_first_frame(tmp_path: Path):
    for path, words in ((tmp_path / "no" / "out.mp4", "check its folder"), (tmp_path / "out.gif", r"\.mp4")):
        with pytest.raises(BridgeError, match=words):
            open_sink(f"file:{path}", WIDTH, HEIGHT, FPS)
    with pytest.raises(BridgeError, match="even size, got 63x48"):
        open_sink(f"file:{tmp_path / 'out.mp4'}", 63, HEIGHT, FPS)


def test_frames_can_be_taken_one_by_one_without_reading_the_rest(clip: Path):
    assert [frame.number for frame in islice(Clip(clip).decode(), 2)] == [0, 1]


def shades(path: Path) -> list[int]:
    return [round(float(frame.pixels.mean()) / 10) for frame in Clip(path).decode()]


def test_a_file_keeps_time_whatever_the_rate_that_frames_come_at(tmp_path: Path):
    for name, fps in (("fast.mp4", 60), ("slow.mp4", 12.5)):
        with FileSink(str(tmp_path / name), WIDTH, HEIGHT, FPS) as sink:
            for number in range(round(2 * fps)):
                shade = 10 + round(100 * number / fps)
                sink.send(Frame(np.full((HEIGHT, WIDTH, 3), shade, np.uint8), number, number / fps))
        read = shades(tmp_path / name)
        assert abs(len(read) - 2 * FPS) <= 1
        assert read == sorted(read)
        assert read[FPS] == pytest.approx(11, abs=1)


def test_a_gap_holds_the_frame_before_it_and_an_endless_one_is_cut(tmp_path: Path):
    path = tmp_path / "gap.mp4"
    with FileSink(str(path), WIDTH, HEIGHT, FPS) as sink:
        for number, time in enumerate((100.0, 101.0, 101.0, 5000.0)):
            sink.send(Frame(np.full((HEIGHT, WIDTH, 3), 50 * (number + 1), np.uint8), number, time))
    read = shades(path)
    assert read[:24] == [5] * 24
    assert read[25] == 10, "the second of two frames of one moment is left out"
    assert len(read) == 25 + 1 + 10 * FPS + 1
    assert read[-1] == 20
