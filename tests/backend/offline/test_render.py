import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from backend.cli import main
from backend.offline.render import Rendering, RenderOptions, first_settings, render_file, side_frames
from bridge.errors import BridgeError
from bridge.video.clip import Clip
from bridge.video.file import FileSink
from bridge.video.frames import Frame
from tests.backend import fake_model
from tests.bridge.video.test_cases import CASES, needs_cases
from tests.bridge.video.test_clip import FINE, encode, with_sound

HEIGHT, WIDTH, RATE = 32, 48, 24.0
KEYS = {"frames", "seconds", "fps", "width", "height", "device", "pipeline", "mode", "chunk_ms", "first_frame_s"}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """24 frames, dark to bright, larger than the stream."""
    path = tmp_path / "in.mp4"
    with FileSink(str(path), 96, 64, RATE) as sink:
        for number in range(24):
            sink.send(Frame(np.full((64, 96, 3), 10 * number, np.uint8), number, number / RATE))
    return path


def options(clip: Path, target: Path, **others: Any) -> RenderOptions:
    return RenderOptions(clip, target, height=HEIGHT, width=WIDTH, load="tests.backend.fake_model:load", **others)


def render(clip: Path, name: str = "out.mp4", frames: int | None = None, audio: bool = False, **values: object):
    """(figures, pictures read back)."""
    target = clip.with_name(name)
    by_address = {"/vace/" + address.replace("_", "/"): value for address, value in values.items()}
    figures = render_file(options(clip, target, frames=frames, audio=audio, values=by_address), io.StringIO())
    return figures, [frame.pixels for frame in Clip(target).decode()]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[np.ndarray]]:
    """The pictures of each rendering before they are encoded, in turn: the encoder rounds by itself, at times."""
    renderings: list[list[np.ndarray]] = []

    class Kept(FileSink):
        def __init__(self, path: str, *size: float) -> None:
            super().__init__(path, *size)  # type: ignore[arg-type]
            self._kept: list[np.ndarray] = []
            renderings.append(self._kept)

        def send(self, frame: Frame) -> None:
            self._kept.append(frame.pixels.copy())
            super().send(frame)

    monkeypatch.setattr("backend.offline.render.FileSink", Kept)
    return renderings


def test_a_clip_keeps_its_frames_rate_and_order(clip):
    figures, pictures = render(clip, control="gray")
    assert (figures["frames"], len(pictures)) == (24, 24)
    assert Clip(clip.with_name("out.mp4")).rate == RATE
    brightness = [float(picture.mean()) for picture in pictures]
    assert np.allclose(brightness, [10 * number for number in range(24)], atol=6)
    assert pictures[0].shape == (HEIGHT, WIDTH, 3)


def test_the_figures_are_all_there(clip):
    figures, _ = render(clip)
    assert set(figures) == KEYS
    assert set(figures["chunk_ms"]) == {"median", "p90", "max"}
    assert (figures["mode"], figures["pipeline"], figures["device"]) == ("control", "pocket", "cpu")


def test_the_same_again_is_the_same_and_another_seed_is_not(clip, sent):
    for name, seed in (("1.mp4", 1), ("2.mp4", 1), ("3.mp4", 2)):
        render(clip, name, control="none", seed=seed)
    assert all(np.array_equal(a, b) for a, b in zip(sent[0], sent[1], strict=True))
    assert not np.array_equal(sent[0][5], sent[2][5])


@pytest.mark.parametrize("frames", [1, 9, 10, 21])
def test_any_number_of_frames_can_be_rendered(clip, frames):
    figures, pictures = render(clip, frames=frames)
    assert (figures["frames"], len(pictures)) == (frames, frames)


def test_a_mask_keeps_the_input_on_its_side(clip):
    _, pictures = render(clip, prompt="red", mask_source="left", mask_feather=0)
    left, right = pictures[12][:, :16], pictures[12][:, 32:]
    assert left[..., 0].mean() > 200
    assert left[..., 1].mean() < 50
    assert abs(float(right.mean()) - 120) < 8


def test_a_picture_as_mask_is_the_same_as_the_shape_it_shows(clip):
    mask = np.zeros((64, 96, 3), np.uint8)
    mask[:, :48] = 255
    cv2.imwrite(str(clip.with_name("mask.png")), mask)
    _, by_name = render(clip, "1.mp4", prompt="red", mask_source="left")
    _, by_file = render(clip, "2.mp4", prompt="red", mask_source=str(clip.with_name("mask.png")))
    assert np.array_equal(by_name[12], by_file[12])


def test_a_drawn_shape_is_the_mask_of_every_frame(clip, sent):
    render(clip, "1.mp4", prompt="red", mask_source="left")
    render(clip, "2.mp4", prompt="red", mask_source="rect", mask_rect=(0.0, 0.0, 0.5, 1.0))
    assert all(np.array_equal(a, b) for a, b in zip(sent[0], sent[1], strict=True))


def test_a_mask_that_cannot_be_had_is_told_and_the_clip_is_rendered_with_what_is_set_for_that(clip, caplog):
    figures, _ = render(clip, prompt="red", mask_source="person", mask_missing="all")
    assert figures["frames"] == 24
    assert caplog.messages == ["there is nothing here that finds person; everything is restyled"]


@pytest.mark.parametrize(("source", "told"), [("persn", "did you mean person"), ("shm:mask", "is live")])
def test_a_mask_source_that_a_rendering_can_have_is_none_of_these(clip, source, told):
    with pytest.raises(ValueError, match=told):
        render(clip, mask_source=source)


def test_a_mask_video_is_followed_and_held_at_its_end(clip):
    pictures = side_frames(f"file:{clip}", "mask", HEIGHT, WIDTH, RATE)
    brightness = [float(next(pictures).mean()) for _ in range(40)]
    assert brightness[0] < 20 < 200 < brightness[23]
    assert brightness[39] == brightness[23]


def test_first_acts_on_the_first_chunk_and_last_on_the_last_one(clip, monkeypatch):
    picture = clip.with_name("anchor.png")
    cv2.imwrite(str(picture), np.full((64, 96, 3), 128, np.uint8))
    seen: list[tuple[bool, bool]] = []
    step = fake_model.FakeStream.paint

    def spy(self, controls):
        seen.append((controls.first is not None, controls.last is not None))
        return step(self, controls)

    monkeypatch.setattr(fake_model.FakeStream, "paint", spy)
    render(clip, first=str(picture), last=str(picture))
    assert seen == [(True, False), (False, False), (False, True)]


def test_references_are_shown_to_every_chunk(clip, monkeypatch):
    picture = clip.with_name("look.png")
    cv2.imwrite(str(picture), np.full((64, 96, 3), 255, np.uint8))
    seen = []
    step = fake_model.FakeStream.paint
    monkeypatch.setattr(fake_model.FakeStream, "paint", lambda self, c: (seen.append(c.references), step(self, c))[1])
    render(clip, reference=[str(picture)])
    assert [len(references) for references in seen] == [1, 1, 1]
    assert seen[0][0].picture is seen[2][0].picture, "loaded once"
    assert seen[0][0].picture.shape == (3, HEIGHT, WIDTH)
    assert seen[0][0].picture.min() == 1.0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"reference": ["/nowhere/look.png"]}, "look.png"),
        ({"mask_source": "/nowhere/mask.mp4"}, "mask.mp4"),
        ({"mask_source": "/nowhere/mask.png"}, "mask.png"),
        ({"mask_source": "camera:0"}, "camera:0"),
    ],
)
def test_what_is_not_there_is_named(clip, values, told):
    with pytest.raises((ValueError, BridgeError), match=told):
        render(clip, **values)


@pytest.mark.parametrize("way", ["name", "home", "link", "hard link", "mask", "control", "reference", "last"])
def test_nothing_that_is_read_is_written_over(clip, way, monkeypatch):
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    monkeypatch.setenv("HOME", str(clip.parent))
    monkeypatch.setenv("USERPROFILE", str(clip.parent))
    name = other.name
    values: dict[str, Any] = {}
    if way == "name":
        name = clip.name
    elif way == "home":
        clip, name = Path("~") / clip.name, clip.name
        monkeypatch.chdir(other.parent)
    elif "link" in way:
        name = "again.mp4"
        again = clip.with_name(name)
        if way == "link":
            again.symlink_to(clip)
        else:
            again.hardlink_to(clip)
    else:
        fields = {"mask": "mask_source", "control": "control_source", "reference": "reference", "last": "last"}
        values[fields[way]] = [str(other)] if way == "reference" else str(other)
    before = other.read_bytes()
    with pytest.raises(BridgeError, match="over itself"):
        render(clip, name, **values)
    assert {path.read_bytes() for path in other.parent.iterdir()} == {before}


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    assert main.main(["render", str(tmp_path / "missing.mp4"), str(tmp_path / "out.mp4")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "missing.mp4" in printed.err


def test_the_command_prints_one_json_object(clip, capsys, monkeypatch):
    monkeypatch.setattr("backend.offline.render.load_model", lambda load, choice: fake_model.load(choice))
    arguments = ["render", str(clip), str(clip.with_name("out.mp4")), "--json", "--width", "47", "--height", "32"]
    assert main.main([*arguments, "--control", "scribble", "--prompt", "blue", "--frames", "9"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["frames"], figures["width"]) == (9, 48)


def test_settings_of_a_rendering_are_the_defaults_and_what_was_given():
    settings = first_settings({"/vace/scale": 0.5})
    assert (settings.scale, settings.control) == (0.5, "depth")
    assert Rendering.__doc__


def test_a_second_file_is_followed_as_it_is_or_annotated(clip):
    still = clip.with_name("still.png")
    cv2.imwrite(str(still), np.full((64, 96, 3), 60, np.uint8))
    _, raw = render(clip, "1.mp4", prompt="as it is", control="raw", control_source=str(still))
    _, annotated = render(clip, "2.mp4", prompt="as it is", control="depth", control_source=str(still))
    assert [float(pictures[20].mean()) for pictures in (raw, annotated)] == pytest.approx([60, 195], abs=2)
    with pytest.raises(ValueError, match="the control 'camera:0' is live; a rendering takes a file"):
        render(clip, control_source="camera:0")


def test_a_canvas_keeps_the_input_in_its_place(clip):
    _, pictures = render(clip, prompt="red", control="none", canvas_w=0.5, mask_feather=0)
    assert abs(float(pictures[12][:, 4:20].mean()) - 120) < 8
    assert pictures[12][:, 28:, 0].mean() > 200


UNKNOWN = [{"prompt": "zeppelin"}, {"prompt_blend": ("zeppelin", 1)}, {"prompt_b": "zeppelin"}]


@pytest.mark.parametrize("values", UNKNOWN)
def test_words_that_are_not_known_are_said_and_end_nothing(clip, monkeypatch, caplog, values):
    def unread(prompt: str) -> tuple[str, ...]:
        return ("zeppelin",) if prompt == "zeppelin" else ()

    load = fake_model.load
    monkeypatch.setattr(fake_model, "load", lambda choice: replace(load(choice), unread=unread))
    figures, _ = render(clip, **values)
    assert figures["frames"] == 24
    assert caplog.text.count("zeppelin") == 1


def timed(path: Path, shades: list[int], times: list[float]) -> Path:
    """A clip whose frames come at these times, each of one shade."""
    frames = [np.full((64, 96, 3), shade, np.uint8) for shade in shades]
    return encode(path, frames, "libvpx", times=times, options=FINE, rate=30)


def levels(pictures: list[np.ndarray]) -> list[float]:
    return [float(picture.mean()) for picture in pictures]


def test_a_clip_that_stands_upright_is_rendered_so_unless_a_size_or_a_way_to_fit_is_given(tmp_path, sent):
    path = tmp_path / "upright.mp4"
    with FileSink(str(path), 64, 96, RATE) as sink:
        for number in range(3):
            sink.send(Frame(np.full((96, 64, 3), 200, np.uint8), number, number / RATE))
    wanted = replace(options(path, tmp_path / "out.mp4"), height=None, width=None)
    figures = render_file(wanted, io.StringIO())
    assert (figures["width"], figures["height"]) == (128, 192)
    figures = render_file(replace(wanted, fit="contain"), io.StringIO())
    assert (figures["width"], figures["height"]) == (192, 128)
    assert render_file(replace(wanted, height=HEIGHT, width=WIDTH), io.StringIO())["height"] == HEIGHT


def test_frames_of_a_changing_rate_are_rendered_at_their_times(tmp_path, sent):
    times = [number / 30 for number in range(30)] + [1 + number / 5 for number in range(5)]
    clip = timed(tmp_path / "vfr.webm", [5 * number for number in range(35)], times)
    figures, _ = render(clip, prompt="as it is", control="raw")
    assert figures["frames"] == 60
    expected = [5 * number for number in range(30)] + [5 * (30 + number // 6) for number in range(30)]
    assert levels(sent[0]) == pytest.approx(expected, abs=4)


def test_of_frames_faster_than_the_rate_the_last_one_is_rendered(tmp_path, sent):
    clip = timed(tmp_path / "fast.webm", [2 * number for number in range(100)], [number / 500 for number in range(100)])
    figures, _ = render(clip, prompt="as it is", control="raw")
    assert figures["frames"] == 49
    assert levels(sent[0])[24] == pytest.approx(100, abs=6)


def test_a_mask_and_a_control_go_by_time_whatever_their_rates(clip, sent):
    """The clip is a second at 24; they turn white half-way, one at 8 frames a second and one at 60."""
    slow = timed(clip.with_name("slow.webm"), [0] * 4 + [255] * 4, [number / 8 for number in range(8)])
    fast = timed(clip.with_name("fast.webm"), [0] * 30 + [200] * 30, [number / 60 for number in range(60)])
    render(clip, "1.mp4", prompt="red", mask_source=str(slow), mask_feather=0)
    render(clip, "2.mp4", prompt="as it is", control="raw", control_source=str(fast))
    red = [picture[..., 0].mean() - picture[..., 1].mean() > 100 for picture in sent[0]]
    assert red == [False] * 12 + [True] * 12
    assert levels(sent[1]) == pytest.approx([0] * 12 + [200] * 12, abs=6)


@needs_cases
def test_the_clips_of_the_cases_are_rendered_as_long_as_they_are(tmp_path):
    for name, seconds in (("vfr.mp4", 2.0), ("mr_screen.webm", 1.97), ("odd5994.mkv", 1.0), ("coverfirst.mkv", 1.0)):
        render_file(options(CASES / name, tmp_path / "out.mp4"), io.StringIO())
        out = Clip(tmp_path / "out.mp4")
        assert len(list(out.decode())) / out.rate == pytest.approx(seconds, abs=0.04)


@needs_cases
def test_the_mask_of_the_cases_is_white_from_two_seconds_on(tmp_path, sent):
    values = {"/vace/mask/source": str(CASES / "mask15.mp4"), "/vace/prompt": "blue", "/vace/mask/feather": 0.0}
    render_file(options(CASES / "red30.mp4", tmp_path / "out.mp4", values=values), io.StringIO())
    blue = [bool(picture[..., 2].mean() > 150) for picture in sent[0]]
    assert blue == [False] * 60 + [True] * 60


@needs_cases
@pytest.mark.parametrize("invert", [False, True])
def test_the_alpha_of_a_clip_and_of_a_picture_of_the_cases_is_the_mask(tmp_path, sent, invert):
    clip = CASES / "alpha9.webm"
    for source in ("alpha", str(CASES / "maskalpha_white.png")):
        values = {
            "/vace/mask/source": source,
            "/vace/prompt": "blue",
            "/vace/mask/feather": 0.0,
            "/vace/mask/invert": invert,
        }
        render_file(options(clip, tmp_path / "out.mp4", values=values), io.StringIO())
        is_blue = (sent[-1][5][..., 2] > 200) & (sent[-1][5][..., 0] < 60)
        halves = is_blue[:, :22].mean() > 0.9, is_blue[:, 26:].mean() > 0.9
        assert halves == ((False, True) if invert else (True, False))


def test_a_clip_with_sound_says_once_that_it_is_left_out(tmp_path, caplog):
    clip = with_sound(tmp_path / "loud.mp4")
    render(clip)
    assert caplog.text.count("--audio keeps it") == 1
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert not out.streams.audio


@pytest.mark.parametrize(
    ("name", "codec", "kept"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.mkv", "libmp3lame", "mp3"),
        ("a.mkv", "pcm_s16le", "aac"),
        ("a.mkv", "libopus", "aac"),
        ("a.mov", "alac", "alac"),
        ("a.ts", "aac", "aac"),
    ],
)
def test_sound_is_kept_in_step(tmp_path, name, codec, kept, caplog):
    render(with_sound(tmp_path / name, codec), audio=True)
    assert "--audio" not in caplog.text
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert out.streams.audio[0].codec_context.codec.canonical_name == kept
        least = 1000 if kept == "alac" else 0.1
        loud = [(frame.time, np.abs(frame.to_ndarray()).max() > least) for frame in out.decode(audio=0)]
    assert next(time for time, is_loud in loud if is_loud) == pytest.approx(1.0, abs=0.1)
    assert loud[-1][0] == pytest.approx(2.0, abs=0.12)
    assert len(list(Clip(tmp_path / "out.mp4").decode())) == 50


def test_sound_ends_with_the_frames(tmp_path):
    render(with_sound(tmp_path / "a.mp4"), frames=30, audio=True)
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert [frame.time for frame in out.decode(audio=0)][-1] == pytest.approx(1.2, abs=0.06)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_sound_that_is_not_there_cannot_be_kept(clip):
    with pytest.raises(BridgeError, match="has no sound"):
        render(clip, audio=True)
    assert not clip.with_name("out.mp4").exists()


def test_a_rendering_that_fails_leaves_what_was_there(clip, monkeypatch):
    target = clip.with_name("out.mp4")
    target.write_bytes(b"the old one")
    step, calls = fake_model.FakeStream.paint, []

    def fail(self, controls):
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("the model broke")
        return step(self, controls)

    monkeypatch.setattr(fake_model.FakeStream, "paint", fail)
    with pytest.raises(ValueError, match="the model broke"):
        render(clip)
    assert target.read_bytes() == b"the old one"
    assert sorted(path.name for path in clip.parent.iterdir()) == ["in.mp4", "out.mp4"]


SLOW = """
import sys, time
from backend.cli import main
from backend.offline import render
from tests.backend import fake_model
render.load_model = lambda load, choice: fake_model.load(choice)
step = fake_model.FakeStream.paint
def slow(self, controls):
    print("step", flush=True)
    time.sleep(0.2)
    return step(self, controls)
fake_model.FakeStream.paint = slow
sys.exit(main.main(["render", *sys.argv[1:]]))
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process without asking")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_a_rendering_that_is_ended_leaves_the_old_file_and_its_leavings_are_swept(clip, name):
    target = clip.with_name("out.mp4")
    target.write_bytes(b"the old one")
    command = [sys.executable, "-c", SLOW, str(clip), str(target), "--height", "32", "--width", "48"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for _ in range(2):
            assert running.stdout.readline() == "step\n"
        running.send_signal(getattr(signal, name))
        _, told = running.communicate(timeout=60)
    assert target.read_bytes() == b"the old one"
    left = [path.name for path in clip.parent.iterdir() if path.name not in ("in.mp4", "out.mp4")]
    if name == "SIGKILL":
        assert len(left) == 1
        assert left[0].startswith(".vace-unfinished-")
    else:
        assert running.returncode == 1
        assert "was not written" in told
        assert left == []
    render(clip)
    assert sorted(path.name for path in clip.parent.iterdir()) == ["in.mp4", "out.mp4"]
    assert Clip(target).frames == 24
