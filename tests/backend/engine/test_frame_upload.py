"""Each frame goes to the device once a chunk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.frame_upload import FrameUpload
from backend.engine.options import ModelOptions
from tests.backend import fake_model
from tests.backend.marker import settings
from vace_core.annotators.depth import SteadyDepth

HEIGHT, WIDTH = 32, 48
NOISE = np.random.default_rng(0).integers(0, 256, (12, HEIGHT, WIDTH, 4), np.uint8)


class Arrivals(TorchDispatchMode):
    """Counts what comes from the host to the device "meta", which stands for a graphics card."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        made = operator(*args, **(kwargs or {}))
        given = [argument.device.type for argument in args if isinstance(argument, torch.Tensor)]
        self.count += isinstance(made, torch.Tensor) and made.device.type == "meta" and given == ["cpu"]
        return made


def frames(count: int) -> list[np.ndarray]:
    """Pictures with alpha, each an array of its own."""
    return [NOISE[n].copy() for n in range(count)]


def uploads(**wanted: object) -> list[int]:
    """How many frames each of three chunks takes to the device."""
    pipeline = ChunkPipeline(fake_model.load(ModelOptions(models=(Path(),))), HEIGHT, WIDTH)
    counted = []
    for _ in range(3):
        before = pipeline.uploads
        pipeline.make(frames(pipeline.frames_wanted), None, settings(**wanted))
        counted.append(pipeline.uploads - before)
    return counted


@pytest.mark.parametrize(
    "wanted", [{"control": "depth"}, {"control": "raw", "mask_source": "luma"}, {"control": "gray", "noise": 0.5}]
)
def test_a_frame_goes_to_the_device_once_a_chunk_whoever_looks_at_it(wanted: dict[str, object]):
    assert uploads(**wanted) == [9, 12, 12]


def test_only_where_the_canvas_makes_other_pictures_of_them_do_these_go_too():
    assert uploads(control="depth", canvas_w=0.5, canvas_h=0.5) == [18, 24, 24]


def test_frames_go_four_in_one_copy():
    upload, arrivals = FrameUpload("meta"), Arrivals()
    with arrivals:
        for _ in range(3):
            made = upload(frames(12))
            upload.forget()
    assert arrivals.count == 3 * 3
    assert made.shape == (1, 3, 12, HEIGHT, WIDTH)


def test_the_same_pictures_are_the_same_video_until_the_chunk_is_made():
    upload, pictures = FrameUpload("cpu"), frames(4)
    assert upload(pictures) is upload(list(pictures))
    assert upload(frames(4)) is not upload(pictures)
    before = upload(pictures)
    upload.forget()
    assert upload(pictures) is not before


def test_a_source_that_turns_from_rgba_to_rgb_in_the_middle_of_a_chunk_is_taken():
    mixed = [*frames(2), NOISE[2, ..., :3].copy()]
    assert torch.equal(FrameUpload("cpu")(mixed), FrameUpload("cpu")(frames(3)))


def test_memory_that_is_used_again_leaves_what_was_made_before_as_it_was():
    upload = FrameUpload("cpu")
    first = upload(frames(4))
    kept = first.clone()
    upload([np.zeros_like(NOISE[0])] * 4)
    assert torch.equal(first, kept)


def test_depth_is_held_steady_without_anything_from_the_host_once_it_has_begun():
    steady, arrivals = SteadyDepth(), Arrivals()
    steady.update(torch.zeros(1, 1, 8, 8, device="meta"))
    with arrivals:
        steady.update(torch.zeros(4, 1, 8, 8, device="meta"))
    assert arrivals.count == 0


def test_the_last_frame_comes_back_to_the_device_only_when_the_show_returns_to_it(monkeypatch: pytest.MonkeyPatch):
    taken: list[np.ndarray] = []
    real = FrameUpload._upload

    def noting(self: FrameUpload, pictures: list[np.ndarray]) -> torch.Tensor:
        taken.extend(pictures)
        return real(self, pictures)

    monkeypatch.setattr(FrameUpload, "_upload", noting)
    pipeline = ChunkPipeline(fake_model.load(ModelOptions(models=(Path(),))), HEIGHT, WIDTH)
    wanted = replace(settings(control="none"), anchor_from="output")
    for anchor in (False, False, True):
        given = frames(pipeline.frames_wanted)
        pipeline.make(given, None, wanted, anchor=anchor)
    assert len(taken) == 9 + 12 + 12 + 1
