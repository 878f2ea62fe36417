"""Clips of every kind, made small: what is meant by them, and which are refused."""

from __future__ import annotations

import io
import os
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from bridge.errors import BridgeError
from bridge.video import clip as clip_module
from bridge.video.address import open_sink, open_source
from bridge.video.clip import Clip
from bridge.video.colour import FrameReader
from bridge.video.frames import Frame
from tests.bridge.video.test_file import picture, write

HEIGHT, WIDTH, FPS = 48, 64, 25
PICTURE = picture(0)
ONE = 1 << 16
FINE = {"crf": "4", "b": "9M"}
MATRICES = {  # a, b, c, d: (x, y) goes to (a x + c y, b x + d y)
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): lambda p: p[:, ::-1],
    (1, 0, 0, -1): lambda p: p[::-1],
    (-1, 0, 0, -1): lambda p: p[::-1, ::-1],
    (0, 1, 1, 0): lambda p: p.swapaxes(0, 1),
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (0, -1, 1, 0): lambda p: np.rot90(p, 1),
    (0, -1, -1, 0): lambda p: np.rot90(p, 1)[:, ::-1],
    (0, 0, 0, 0): lambda p: p,
}


def difference(left: np.ndarray, right: np.ndarray) -> float:
    assert left.shape == right.shape
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


def encode(
    path: Path,
    frames: list[np.ndarray],
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    times: list[float] | None = None,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    rate: int = FPS,
    tags: dict[str, int] | None = None,
    **conversion: Any,
) -> Path:
    """A clip of these frames. times: in seconds. conversion: of the frames to `pix_fmt`."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if "a" in pix_fmt and codec.startswith("libvpx"):
            stream.metadata["alpha_mode"] = "1"
        for number, pixels in enumerate(frames):
            kind = "rgba" if pixels.shape[2] == 4 else "rgb24" if pixels.dtype == np.uint8 else "rgb48le"
            frame = av.VideoFrame.from_ndarray(pixels, format=kind).reformat(format=pix_fmt, **conversion)
            frame.time_base = Fraction(1, 1000)
            frame.pts = round(1000 * (number / FPS if times is None else times[number]))
            for name, value in (tags or {}).items():
                setattr(frame, name, value)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("matrix", MATRICES)
def test_each_of_the_eight_ways_of_a_display_matrix(tmp_path: Path, matrix: tuple[int, int, int, int]):
    path = write(tmp_path / "clip.mp4")
    data = bytearray(path.read_bytes())
    place = data.rindex(b"tkhd") + 4 + 40
    a, b, c, d = (ONE * value for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    expected = MATRICES[matrix](PICTURE)
    shown = Clip(path)
    assert shown.size == (expected.shape[1], expected.shape[0])
    assert difference(next(shown.decode()).pixels, expected) < 4


@pytest.mark.parametrize(("codec", "name"), [("libvpx", "vp8.webm"), ("libvpx-vp9", "vp9.webm"), ("libvpx", "vp8.mkv")])
def test_the_alpha_of_vp8_and_vp9_is_kept(tmp_path: Path, codec: str, name: str):
    cut = np.dstack([PICTURE, np.repeat([255, 0], WIDTH // 2).astype(np.uint8)[None].repeat(HEIGHT, 0)])
    clip = Clip(
        encode(tmp_path / name, [cut] * 5, codec, "yuva420p", options={"auto-alt-ref": "0", "crf": "4", "b": "9M"})
    )
    frames = list(clip.decode())
    assert len(frames) == 5
    assert frames[4].pixels.shape == (HEIGHT, WIDTH, 4)
    assert frames[4].pixels[:, : WIDTH // 2 - 4, 3].min() > 245
    assert frames[4].pixels[:, WIDTH // 2 + 4 :, 3].max() < 10
    assert frames[4].time == pytest.approx(4 / FPS, abs=0.002)


def test_vp8_without_alpha_has_none(tmp_path: Path):
    clip = Clip(encode(tmp_path / "plain.webm", [PICTURE] * 3, "libvpx", options=FINE))
    assert next(clip.decode()).pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("aspect", "size"), [((2, 1), (128, 48)), ((1, 2), (64, 96)), ((16, 15), (68, 48)), ((640, 639), (64, 48))]
)
def test_pixels_are_made_square(tmp_path: Path, aspect: tuple[int, int], size: tuple[int, int]):
    clip = Clip(encode(tmp_path / "wide.mp4", [PICTURE] * 3, aspect=Fraction(*aspect)))
    assert clip.size == size
    assert next(clip.decode()).pixels.shape == (size[1], size[0], 3)


def test_a_shape_that_is_turned_is_made_square_before(tmp_path: Path):
    path = encode(tmp_path / "phone.mp4", [PICTURE] * 3, aspect=Fraction(2, 1))
    data = bytearray(path.read_bytes())
    place = data.rindex(b"tkhd") + 4 + 40
    data[place : place + 36] = struct.pack(">9i", 0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    assert Clip(path).size == (48, 128)


@pytest.mark.parametrize(("size", "matrix"), [((576, 1024), "ITU601"), ((720, 1280), "ITU709"), ((480, 720), "ITU601")])
def test_colours_that_a_file_says_nothing_of_are_those_of_its_size(tmp_path: Path, size: tuple[int, int], matrix: str):
    green = np.tile(np.array([0, 192, 0], np.uint8), (*size, 1))
    path = encode(tmp_path / "untagged.mp4", [green] * 2, dst_colorspace=matrix)
    assert next(Clip(path).decode()).pixels[size[0] // 2, size[1] // 2].tolist() == pytest.approx([0, 192, 0], abs=4)


def test_the_colours_of_bt2020_are_read_as_such(tmp_path: Path):
    green = np.tile(np.array([0, 192, 0], np.uint8), (HEIGHT, WIDTH, 1))
    tags = {"colorspace": 9}
    path = encode(tmp_path / "wide.mp4", [green] * 2, pix_fmt="yuv420p10le", tags=tags, dst_colorspace=9)
    assert next(Clip(path).decode()).pixels[9, 9].tolist() == pytest.approx([0, 192, 0], abs=4)


def grey(code: float, transfer: int, path: Path) -> int:
    """What a grey of HDR is on a screen. code: its signal, 0..1."""
    level = np.full((HEIGHT, WIDTH, 3), round(65535 * code), np.uint16)
    tags = {"colorspace": 9, "color_trc": transfer, "color_primaries": 9}
    encode(path, [level] * 2, pix_fmt="yuv420p10le", tags=tags, dst_colorspace=9, options={"crf": "4"})
    red, green, blue = next(Clip(path).decode()).pixels[20, 20].tolist()
    assert max(red, green, blue) - min(red, green, blue) <= 2
    return green


def test_hdr_is_made_for_a_screen(tmp_path: Path):
    pq = [grey(code, 16, tmp_path / "pq.mp4") for code in (0.0, 0.1, 0.3, 0.44, 0.58, 0.75, 1.0)]
    hlg = [grey(code, 18, tmp_path / "hlg.mp4") for code in (0.0, 0.1, 0.4, 0.5, 0.75, 1.0)]
    for levels in (pq, hlg):
        assert levels[0] <= 2
        assert levels == sorted(levels)
        assert levels[-1] >= 250
        assert len(set(levels[:-1])) == len(levels) - 1
    assert pq[4] == pytest.approx(235, abs=4), "reference white, 203 nits"
    assert hlg[4] == pytest.approx(235, abs=4)


def test_red_of_hdr_is_red(tmp_path: Path):
    red = np.tile(np.array([0.58, 0.0, 0.0]) * 65535, (HEIGHT, WIDTH, 1)).astype(np.uint16)
    tags = {"colorspace": 9, "color_trc": 16, "color_primaries": 9}
    path = encode(tmp_path / "red.mp4", [red] * 2, pix_fmt="yuv444p10le", tags=tags, dst_colorspace=9)
    pixels = next(Clip(path).decode()).pixels[20, 20].tolist()
    assert pixels[0] > 230
    assert max(pixels[1:]) < 25


def test_a_rate_that_cannot_be_is_measured(tmp_path: Path):
    times = np.round(np.arange(60) / 30, 3).tolist()
    clip = Clip(encode(tmp_path / "browser.webm", [PICTURE] * 60, "libvpx", times=times))
    assert clip.rate == pytest.approx(30, abs=0.5)


@pytest.mark.parametrize(("step", "rate"), [(0.001, 240), (4.0, 1)])
def test_rates_are_bounded_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, step: float, rate: float):
    times = [step * number for number in range(12)]
    clip = Clip(encode(tmp_path / "odd.mkv", [PICTURE] * 12, times=times))
    assert clip.rate == rate
    assert f"{rate} are played" in caplog.text
    assert [frame.time for frame in clip.decode()] == pytest.approx(times, abs=1e-3)


def test_frames_come_at_their_times_and_the_last_is_held_as_long(tmp_path: Path):
    times = [number / 30 for number in range(30)] + [1 + number / 5 for number in range(5)]
    clip = Clip(encode(tmp_path / "vfr.mkv", [PICTURE] * 35, times=times))
    assert [frame.time for frame in clip.decode()] == pytest.approx(times, abs=0.002)
    assert clip.end == pytest.approx(2.0, abs=0.01)


def test_a_clip_begins_again_when_its_last_frame_has_been_shown(tmp_path: Path):
    path = encode(tmp_path / "slow.webm", [PICTURE] * 3, "libvpx", times=[0.0, 0.05, 0.25])
    with open_source(f"file:{path}", WIDTH, HEIGHT, FPS) as source:
        moments = [frame.time for frame in (source.read(1.0) for _ in range(4)) if frame]
    assert np.diff(moments) == pytest.approx([0.05, 0.2, 0.2], abs=0.002)


def test_times_never_go_back_or_stand_still_for_ever():
    times = clip_module._Times(0.04)
    given = [5.0, 5.04, 5.08, None, 5.16, 1e9, 1e9 + 0.04, 3.0, 3.04, 3.08, 3.12]
    shown = [times.next(time) for time in given]
    assert shown[:5] == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16])
    assert shown[5:7] == pytest.approx([60.16, 60.20], abs=1e-6)
    assert shown[7:9] == pytest.approx([60.20, 60.20], abs=1e-6), "two that come late are shown at once"
    assert shown[9:] == pytest.approx([60.24, 60.28], abs=1e-6), "more are another recording"


def test_recordings_that_were_joined_are_one(tmp_path: Path):
    one = encode(tmp_path / "one.ts", [PICTURE] * 50)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    times = [frame.time for frame in Clip(joined).decode()]
    assert len(times) >= 97
    assert times == sorted(times)
    assert times[-1] == pytest.approx(4, abs=0.3)


def test_the_default_stream_is_the_film_and_a_cover_is_none(tmp_path: Path):
    path = tmp_path / "cover.mkv"
    with av.open(str(path), "w") as container:
        cover: Any = container.add_stream("mjpeg", rate=FPS)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = Disposition(0)
        film: Any = container.add_stream("libx264", rate=FPS)
        film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        film.disposition = Disposition.default
        container.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(cover.encode(None))
        for _ in range(5):
            container.mux(film.encode(av.VideoFrame.from_ndarray(PICTURE, format="rgb24")))
        container.mux(film.encode(None))
    clip = Clip(path)
    assert (clip.size, len(list(clip.decode()))) == ((WIDTH, HEIGHT), 5)


def test_a_song_with_a_cover_is_no_clip(tmp_path: Path):
    jpeg = io.BytesIO()
    Image.new("RGB", (32, 32)).save(jpeg, "JPEG")
    song = io.BytesIO()
    with av.open(song, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1152), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = b"\0image/jpeg\0\3\0" + jpeg.getvalue()
    apic = b"APIC" + struct.pack(">IH", len(content), 0) + content
    size = len(apic)
    head = b"ID3\3\0\0" + bytes((size >> shift) & 127 for shift in (21, 14, 7, 0))
    path = tmp_path / "song.mp3"
    sound = song.getvalue()
    path.write_bytes(head + apic + sound[sound.find(b"\xff\xfb") :])
    with pytest.raises(BridgeError, match="holds no video"):
        Clip(path)


@pytest.mark.skipif(os.name != "posix", reason="a colon can't be in a name on Windows")
@pytest.mark.parametrize("name", ["12:30.mp4", "take:2.mp4", "http:clip.mp4", "concat:a.mp4", "50%d.mp4", "a?b*c.mp4"])
def test_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)
    with open_sink(f"file:{name}", WIDTH, HEIGHT, FPS) as sink:
        for number in range(3):
            sink.send(Frame(PICTURE, number, number / FPS))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    for path in (name, str(tmp_path / name)):
        with open_source(f"file:{path}", WIDTH, HEIGHT, FPS) as source:
            assert source.read(1.0) is not None


def test_what_opens_other_files_or_addresses_is_refused(tmp_path: Path):
    clip = write(tmp_path / "clip.mp4")
    texts = {
        "address.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "local.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{clip}\n#EXT-X-ENDLIST\n",
        "list.mp4": f"ffconcat version 1.0\nfile '{clip.name}'\n",
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(BridgeError, match="cannot be read as video"):
            Clip(tmp_path / name)


def claimed_png(path: Path, width: int, height: int) -> Path:
    """A file of some hundred bytes that claims so many pixels."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = part(b"IHDR", header), part(b"IDAT", zlib.compress(bytes(1000))), part(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_frame_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path):
    for side in (8200, 12_000, 30_000):
        with pytest.raises(BridgeError, match=r"large\.png has .* pixels; .*make it smaller"):
            Clip(claimed_png(tmp_path / "large.png", side, side))
    Image.new("1", (4096, 2160)).save(tmp_path / "less.png")
    assert Clip(tmp_path / "less.png").size == (4096, 2160)


def test_frames_that_become_too_large_are_left_out(tmp_path: Path):
    small, large = io.BytesIO(), io.BytesIO()
    Image.fromarray(PICTURE).save(small, "JPEG")
    Image.new("L", (9000, 9000)).save(large, "JPEG")
    path = tmp_path / "growing.mjpeg"
    path.write_bytes(small.getvalue() * 3 + large.getvalue() + small.getvalue() * 3)
    clip = Clip(path)
    assert clip.size == (WIDTH, HEIGHT)
    assert {frame.pixels.shape for frame in clip.decode()} == {(HEIGHT, WIDTH, 3)}


def test_pixels_that_claim_an_absurd_shape_are_refused():
    reader = FrameReader("thin.mp4", Fraction(60000, 1))
    with pytest.raises(BridgeError, match=r"thin\.mp4 has 3840000 x 48 pixels.* make it smaller"):
        reader.read(av.VideoFrame.from_ndarray(PICTURE, format="rgb24"))


def test_a_heic_and_a_webp_that_moves_are_refused_by_name(tmp_path: Path):
    heic = tmp_path / "phone.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    moving = tmp_path / "moving.webp"
    frames = [Image.new("RGB", (32, 32), (50 * number, 0, 0)) for number in range(4)]
    frames[0].save(moving, save_all=True, append_images=frames[1:], duration=100)
    for path, words in ((heic, "HEIC"), (moving, "animated WebP")):
        with pytest.raises(BridgeError, match=words):
            Clip(path)


def test_a_moving_gif_is_a_clip(tmp_path: Path):
    frames = [Image.new("RGB", (32, 32), (50 * number, 0, 0)) for number in range(4)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    clip = Clip(tmp_path / "moving.gif")
    assert (clip.rate, len(list(clip.decode())), clip.end) == (10, 4, pytest.approx(0.4))


def test_a_long_way_without_a_frame_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clip_module, "BARREN_PACKETS", 20)
    path = write(tmp_path / "scratched.mp4", 60)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for place, size in packets:
        assert place is not None
        data[place : place + size] = b"\xff" * size
    path.write_bytes(data)
    with pytest.raises(BridgeError, match="holds no picture"):
        Clip(path)


def test_a_source_says_that_sound_is_not_played(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = with_sound(tmp_path / "loud.mp4")
    assert Clip(path).has_sound
    with open_source(f"file:{path}", WIDTH, HEIGHT, FPS) as source:
        assert source.describe().endswith("; its sound is not played")
    with open_source(f"file:{write(tmp_path / 'mute.mp4')}", WIDTH, HEIGHT, FPS) as source:
        assert "sound" not in source.describe()


def with_sound(path: Path, codec: str = "aac", seconds: float = 2.0) -> Path:
    """A clip that goes from black to white, with a tone that begins in its middle."""
    with av.open(str(path), "w") as container:
        film: Any = container.add_stream("libx264", rate=FPS)
        film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound: Any = container.add_stream(codec, rate=48000)
        sound.codec_context.layout = "mono"
        count = round(seconds * FPS)
        for number in range(count):
            shade = np.full((HEIGHT, WIDTH, 3), 200 * number // count, np.uint8)
            container.mux(film.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(film.encode(None))
        wave = np.sin(np.arange(round(seconds * 48000)) / 48000 * 2 * np.pi * 440).astype(np.float32) * 0.5
        wave[: len(wave) // 2] = 0
        frame = av.AudioFrame.from_ndarray((wave[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path
