"""Detectors by the name of a class, where the user has their networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .boxes import Box
from .hub import from_repository, looking
from .pixels import pixels

RT_DETR = "PekingU/rtdetr_r18vd"
"""Apache-2.0, by its authors; 80 kinds of everyday things, people and animals (COCO)."""

YOLO = "yolo11n.pt"
SURE = 0.4
"""Boxes with a lower score are left out."""


class TransformersDetector:
    """A detector that transformers knows, by its hub name: RT-DETR and what is like it.

    Raises ValueError, with the fix, where it is not in `folders`.
    """

    def __init__(
        self, folders: Sequence[Path], device: torch.device | str = "cpu", repository: str = RT_DETR, sure: float = SURE
    ) -> None:
        from transformers import AutoImageProcessor, AutoModelForObjectDetection

        self._processor: Any = from_repository(AutoImageProcessor.from_pretrained, repository, folders)
        net = from_repository(AutoModelForObjectDetection.from_pretrained, repository, folders)
        self._names: dict[int, str] = {int(n): name for n, name in net.config.id2label.items()}
        self._net = looking(net).to(device)
        self._device, self._sure = torch.device(device), sure

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names.values())

    @torch.inference_mode()
    def detect(self, frames: Tensor) -> list[list[Box]]:
        """frames [1, 3, F, H, W] in [-1, 1] -> the boxes of each frame, the surest first."""
        pictures = list(pixels(frames))
        outputs = self._net(**self._processor(images=pictures, return_tensors="pt").to(self._device))
        sizes = [picture.shape[:2] for picture in pictures]
        found = self._processor.post_process_object_detection(outputs, threshold=self._sure, target_sizes=sizes)
        return [_boxes(one["boxes"], one["labels"], one["scores"], self._names) for one in found]

    def reset(self) -> None:
        """Nothing to forget."""


class Yolo:
    """Ultralytics YOLO, if the user installed it. It is under AGPL-3.0, so it is never installed by this program.

    The first file yolo*.pt in `folders` is taken; where there is none, the package brings yolo11n.pt. The package runs
    what such a file holds, so that it has to be from somebody whom one trusts.
    Raises ValueError, with the fix, where the package is missing or the file is damaged.
    """

    def __init__(self, folders: Sequence[Path], device: torch.device | str = "cpu", sure: float = SURE) -> None:
        try:
            from ultralytics import YOLO as Network  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ValueError(
                "the detector yolo needs Ultralytics' package: `python start.py pip install ultralytics`, which is "
                "under AGPL-3.0 (read what that asks of you); or choose --detector rt-detr"
            ) from error
        files = [path for folder in folders for path in sorted(folder.glob("yolo*.pt"))]
        chosen = str(files[0]) if files else YOLO
        try:
            self._net: Any = Network(chosen)
        except Exception as error:  # a damaged file makes the package raise anything
            raise ValueError(f"{chosen} cannot be read by Ultralytics' package ({error}); get it again") from error
        self._device, self._sure = str(device), sure

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._net.names.values())

    def detect(self, frames: Tensor) -> list[list[Box]]:
        """frames [1, 3, F, H, W] in [-1, 1] -> the boxes of each frame, the surest first."""
        pictures = [picture[..., ::-1].copy() for picture in pixels(frames)]  # it wants BGR
        found = self._net.predict(pictures, conf=self._sure, device=self._device, verbose=False)
        return [_boxes(one.boxes.xyxy, one.boxes.cls, one.boxes.conf, self._net.names) for one in found]

    def reset(self) -> None:
        """Nothing to forget."""


def _boxes(sides: Tensor, labels: Tensor, scores: Tensor, names: dict[int, str]) -> list[Box]:
    """sides [N, 4]: left, top, right, bottom in pixels; labels, scores [N]."""
    rows = zip(sides.tolist(), labels.tolist(), scores.tolist())
    boxes = [Box(*place, label=names[int(label)], score=score) for place, label, score in rows]
    return sorted(boxes, key=lambda box: -box.score)
