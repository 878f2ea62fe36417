"""Every frame of a clip reaches the stream once and in its place, in every mode and every two of them.

A clip whose frames tell their numbers goes through the chunk maker into a stream that notes what it gets: control,
source, mask and video of each chunk must be those of its frames, from the first of the first chunk on.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from backend.controls.declaration import address_of
from backend.engine.chunk_result import ChunkResult
from backend.offline.render import Rendering, RenderOptions, render_file
from bridge.video.clip import Clip
from bridge.video.file import FileSink
from bridge.video.frames import Frame

from ..marker import HEIGHT, PLACES, WIDTH, Noting, clip, maker, numbers, picture, settings

SIZES = [(9, 12), (5, 4)]
"""Frames of the first and of every later chunk: as most pipelines have them, and as StreamDiffusion V2 has."""
FRAMES = 9 + 3 * 12
CANVAS = {"canvas_x": 0.25, "canvas_y": 0.25, "canvas_w": 0.5, "canvas_h": 0.5}
WHOLE = (slice(0, HEIGHT), slice(0, WIDTH))
INSIDE = (slice(HEIGHT // 4, HEIGHT * 3 // 4), slice(WIDTH // 4, WIDTH * 3 // 4))
MODES: dict[str, dict[str, object]] = {
    "control": {"control": "depth"},
    "control video": {"control": "raw"},
    "inpainting": {"mask_source": "luma", "mask_composite": False},
    "outpainting": {**CANVAS, "mask_composite": False},
    "first": {"first": "a.png"},
    "last": {"last": "b.png"},
    "first again and again": {"first": "a.png", "anchor_every": 2},
    "output again and again": {"anchor_from": "output", "anchor_every": 1},
    "one reference": {"reference": ("a.png",)},
    "two references": {"reference": ("a.png", "b.png")},
    "video to video": {"noise": 0.5},
}
MIXES = [(name,) for name in MODES] + list(combinations(MODES, 2))


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures to refer to, in the folder that paths begin from."""
    monkeypatch.chdir(tmp_path)
    for name, gray in (("a.png", 60), ("b.png", 200)):
        cv2.imwrite(name, np.full((HEIGHT, WIDTH, 3), gray, np.uint8))


def chunks(sizes: tuple[int, int], wanted: dict[str, object]) -> tuple[Noting, list[ChunkResult]]:
    """What the stream was asked, and what was made of the clip."""
    made, stream = maker(sizes)
    left, results = clip(FRAMES), []
    while len(left) >= made.frames_wanted:
        count = made.frames_wanted
        part, left = left[:count], left[count:]
        results.append(made.make(part, None, settings(**wanted)))
        assert results[-1].faults == ()
    return stream, results


def spans(sizes: tuple[int, int]) -> Iterator[range]:
    at, size = 0, sizes[0]
    while at + size <= FRAMES:
        yield range(at, at + size)
        at, size = at + size, sizes[1]


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("mix", MIXES, ids=" and ".join)
def test_every_frame_reaches_its_chunk_in_every_mix(mix: tuple[str, ...], sizes: tuple[int, int]) -> None:
    wanted = {name: value for mode in mix for name, value in MODES[mode].items()}
    inside = INSIDE if "canvas_x" in wanted else WHOLE
    stream, results = chunks(sizes, wanted)
    assert len(results) == len(list(spans(sizes)))
    for controls, result, span in zip(stream.seen, results, spans(sizes), strict=True):
        expected = [number % PLACES for number in span]
        assert len(result.frames) == len(span)
        for name, video in (("control", controls.control), ("source", controls.source), ("video", controls.video)):
            if video is not None:
                assert numbers(video, inside) == expected, name
        if "mask_source" in wanted:
            assert controls.mask is not None
            assert numbers(controls.mask, inside) == expected, "mask"
        assert (controls.control is not None) == ("control" in wanted)
        assert (controls.mask is not None) == bool({"mask_source", "canvas_x"} & set(wanted))
        assert (controls.video is not None) == ("noise" in wanted)
        assert len(controls.references) == len(wanted.get("reference", ()))  # type: ignore[arg-type]
        if result.control is not None:
            assert numbers(video_of(result.control), inside) == expected, "the control that is shown"
        if controls.source is not None:
            assert numbers(video_of(result.frames), inside) == expected, "what comes out"


@pytest.mark.usefixtures("pictures")
def test_anchors_are_there_in_the_chunks_that_they_are_for_and_in_no_other() -> None:
    stream, results = chunks((9, 12), MODES["first again and again"] | MODES["last"])
    assert len(results) == 4
    assert [controls.first is not None for controls in stream.seen] == [True, False, True, False]
    assert [controls.last is not None for controls in stream.seen] == [True, False, False, False]


def video_of(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float()


def clip_file(path: Path, frames: int) -> Path:
    with FileSink(str(path), WIDTH, HEIGHT, 24.0) as sink:
        for number in range(frames):
            sink.send(Frame(picture(number), number, number / 24))
    return path


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("frames", [1, 8, 9, 10, 21, 22, 33])
def test_a_rendering_has_as_many_frames_as_its_clip_each_in_its_place(frames: int, sizes: tuple[int, int]) -> None:
    made, stream = maker(sizes)
    shown = list(Rendering(made, settings(control="depth"), 0.0).frames(iter(clip(frames))))
    assert numbers(video_of(np.stack(shown))) == list(range(frames))
    fed = [number for controls in stream.seen for number in numbers(controls.control)]  # type: ignore[arg-type]
    assert fed == [*range(frames), *[frames - 1] * (len(fed) - frames)], "the last chunk is filled up with the last"


def test_a_second_video_is_followed_frame_by_frame_with_the_first(tmp_path: Path) -> None:
    """Not by the input: the second clip runs three frames ahead of it."""
    second = (frame.pixels for frame in Clip(clip_file(tmp_path / "second.mp4", 40)).decode())
    for _ in range(3):
        next(second)
    made, stream = maker()
    wanted = settings(control="raw", control_source="second.mp4", **CANVAS)
    list(Rendering(made, wanted, 0.0).frames(iter(clip(33)), None, second))
    fed = [number for controls in stream.seen for number in numbers(crisp(controls.control))]  # type: ignore[arg-type]
    assert fed == list(range(3, 36)), "and it has the whole canvas, though the input has not"
    assert [n for controls in stream.seen for n in numbers(controls.source, INSIDE)] == list(range(33))  # type: ignore[arg-type]


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("mode", ["control", "outpainting", "two references"])
def test_the_bundled_model_renders_as_many_frames_as_there_are_and_keeps_each_in_its_place(
    tmp_path: Path, mode: str
) -> None:
    """Inside the canvas, or in the upper half, the clip is kept: its marker is still in every frame."""
    wanted = {**MODES[mode], "mask_composite": True, "mask_feather": 0.0}
    if mode != "outpainting":
        wanted["mask_source"] = "bottom"
    values = {address_of(name): value for name, value in wanted.items()}
    source, target = clip_file(tmp_path / "in.mp4", 23), tmp_path / "out.mp4"
    figures = render_file(RenderOptions(source, target, height=HEIGHT, width=WIDTH, values=values), io.StringIO())
    shown = np.stack([frame.pixels for frame in Clip(target).decode()])
    assert (figures["frames"], len(shown)) == (23, 23)
    if mode == "outpainting":
        assert numbers(crisp(video_of(shown)), INSIDE) == list(range(23))
    else:
        shown[:, HEIGHT // 2 :] = 0
        assert numbers(crisp(video_of(shown))) == list(range(23))


def crisp(video: Tensor) -> Tensor:
    """What has been through a video file, black and white again: pixels in [-1, 1] or 0 to 255."""
    return (video > (128 if video.max() > 1 else 0)).float()
