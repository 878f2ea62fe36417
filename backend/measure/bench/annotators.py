"""Rows of the annotators: what a frame costs, beside the same done frame by frame and without our short cuts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.annotator import ANNOTATORS, Annotator
from vace_core.annotators.depth import DepthNet, bundled_depth
from vace_core.annotators.pixels import video
from vace_core.annotators.pose import Pose
from vace_core.annotators.segmenters import SEGMENTERS
from vace_core.pocket.world.figures import person
from vace_core.pocket.world.pen import Pen

FRAMES, FIRST = 12, 9
"""Of a chunk, and of the first one of a stream."""

CLIP = Path(__file__).parents[2] / "clips" / "cup.mp4"


def annotator_rows(height: int, width: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Milliseconds a frame of each and of the default set as a whole.

    plain_ms: a frame at a time; for depth and what is like it without fused layers and in float32; for pose, joints
    looked for in every frame. In footage of the bundled clip; for pose and person, of a drawn person who walks.
    """
    clip, walk = _clip(height, width), _walk(height, width)
    whole = {"plain_ms": 0.0, "ours_ms": 0.0}
    for name in ANNOTATORS:
        row = _row(f"annotator, {name}", ANNOTATORS[name], _plain(name), walk if name == "pose" else clip, rounds)
        whole = {path: total + row[path] for path, total in whole.items()}
        yield row
    yield {
        "name": "annotators, the default set",
        **{path: round(total, 2) for path, total in whole.items()},
        "ratio": round(whole["plain_ms"] / whole["ours_ms"], 2),
    }
    for name, make in SEGMENTERS.items():
        yield _row(f"mask, {name}", make, make, walk if name == "person" else clip, rounds)


def _row(name: str, ours: Callable[[], Any], plain: Callable[[], Any], frames: Tensor, rounds: int) -> dict[str, Any]:
    batched, single = ours(), plain()

    def frame_by_frame() -> None:
        for n in range(FRAMES):
            single(frames[:, :, n : n + 1])

    paths: dict[str, Callable[[], object]] = {"plain": frame_by_frame, "ours": lambda: batched(frames)}
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    batched(frames[:, :, :FIRST])
    for _ in range(rounds + 1):
        for path, run in paths.items():
            began = time.perf_counter()
            run()
            times[path].append(time.perf_counter() - began)
    medians = {path: 1000 * statistics.median(values[1:]) / FRAMES for path, values in times.items()}
    return {
        "name": name,
        "plain_ms": round(medians["plain"], 2),
        "ours_ms": round(medians["ours"], 2),
        "ratio": round(medians["plain"] / medians["ours"], 2),
    }


def _plain(name: str) -> Callable[[], Annotator]:
    if name == "depth":
        return PlainDepth
    return Pose if name == "pose" else ANNOTATORS[name]


class PlainDepth:
    """The network as it was trained, and nothing more."""

    def __init__(self) -> None:
        self._net: DepthNet = bundled_depth().eval()

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        size = frames.shape[3:]
        small = torch.nn.functional.interpolate(frames[:, :, 0], (64, 96), mode="area")
        near = torch.nn.functional.interpolate(self._net(small), size, mode="bilinear") * 2 - 1
        return near[:, :, None].expand_as(frames)

    def reset(self) -> None:
        """Nothing to forget."""


def _clip(height: int, width: int) -> Tensor:
    """Frames [1, 3, FRAMES, H, W] in [-1, 1] of the bundled clip."""
    video, pictures = cv2.VideoCapture(str(CLIP)), []
    while len(pictures) < FRAMES:
        there, picture = video.read()
        if not there:
            raise OSError(f"{CLIP} cannot be read; restore it from the repository")
        pictures.append(cv2.resize(picture[..., ::-1], (width, height), interpolation=cv2.INTER_AREA))
    return _frames(pictures)


def _walk(height: int, width: int) -> Tensor:
    """The same of a drawn person."""
    pictures, one = [], np.random.default_rng(2).random(24).astype(np.float32)
    for n in range(FRAMES):
        pen = Pen(height, width, (0.1 + 0.01 * n, 0.97), 0.95)
        person(pen, n / 24, one)
        picture = np.full((height, width, 3), 215, np.uint8)
        picture[pen.mask > 127] = pen.detail[pen.mask > 127][:, None]
        pictures.append(picture)
    return _frames(pictures)


def _frames(pictures: list[np.ndarray]) -> Tensor:
    return video(np.stack(pictures))
