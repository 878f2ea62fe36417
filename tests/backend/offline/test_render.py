import io
import json
from dataclasses import replace
from pathlib import Path

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


def render(clip: Path, name: str = "out.mp4", frames: int | None = None, **values: object):
    """(figures, pictures read back)."""
    target = clip.with_name(name)
    options = RenderOptions(
        clip,
        target,
        height=HEIGHT,
        width=WIDTH,
        frames=frames,
        load="tests.backend.fake_model:load",
        values={"/vace/" + address.replace("_", "/"): value for address, value in values.items()},
    )
    figures = render_file(options, io.StringIO())
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
    step = fake_model.FakeStream.step

    def spy(self, controls):
        seen.append((controls.first is not None, controls.last is not None))
        return step(self, controls)

    monkeypatch.setattr(fake_model.FakeStream, "step", spy)
    render(clip, first=str(picture), last=str(picture))
    assert seen == [(True, False), (False, False), (False, True)]


def test_references_are_shown_to_every_chunk(clip, monkeypatch):
    picture = clip.with_name("look.png")
    cv2.imwrite(str(picture), np.full((64, 96, 3), 255, np.uint8))
    seen = []
    step = fake_model.FakeStream.step
    monkeypatch.setattr(fake_model.FakeStream, "step", lambda self, c: (seen.append(c.references), step(self, c))[1])
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
    name, values = other.name, {}
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
        values = {fields[way]: [str(other)] if way == "reference" else str(other)}
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


def test_words_that_are_not_known_are_said_and_end_nothing(clip, monkeypatch, caplog):
    load = fake_model.load
    monkeypatch.setattr(fake_model, "load", lambda choice: replace(load(choice), unread=lambda prompt: ("zeppelin",)))
    figures, _ = render(clip, prompt="zeppelin")
    assert figures["frames"] == 24
    assert caplog.text.count("zeppelin") == 1
