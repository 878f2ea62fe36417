"""Extension: which frame a chunk begins with, which it ends with, and when the show returns to one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vace_core.constants import FRAMES_PER_LATENT

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..imaging.stills import PictureError
from ..runtime.changes import ChangeDetector
from .control_video import Faults
from .still_tensors import StillTensors
from .tensors import to_still


class AnchorFrames:
    """`/vace/first` and `/vace/last` act on one chunk, each time they are set anew; the anchor when it is asked for."""

    def __init__(self, stills: StillTensors, device: torch.device | str) -> None:
        self._stills, self._device = stills, device
        self._paths = {"first": ChangeDetector(""), "last": ChangeDetector("")}
        self.reset()

    def reset(self) -> None:
        """As if nothing had been shown or set yet."""
        for path in self._paths.values():
            path.reset()
        self._since = 0  # chunks begun since the show began, or was last anchored
        self._output: np.ndarray | None = None

    def note_output(self, frame: np.ndarray) -> None:
        """The last frame of the output so far, uint8 `[H, W, 3]`."""
        self._output = frame

    def for_chunk(
        self, settings: Settings, asked: bool, video: Tensor, faults: Faults
    ) -> tuple[Tensor | None, Tensor | None]:
        """The frames `[3, H, W]` that the next chunk begins and ends with; to `faults` is added what can't be had.

        asked: the anchor was asked for now. video: the chunk's input `[3, F, H, W]`.
        """
        first, last = self._newly_set("first", settings.first, faults), self._newly_set("last", settings.last, faults)
        due = asked or 0 < settings.anchor_every <= self._since
        if first is None and due:
            first = self._anchor(settings, video, faults)
        self._since = 1 if due or first is not None else self._since + 1
        if first is not None and last is not None and video.shape[1] <= FRAMES_PER_LATENT:
            faults.append(
                (address_of("last"), f"a chunk of {video.shape[1]} frames can't both begin and end with a picture; "
                 "it begins with one, so set the last one again for another chunk")
            )  # fmt: skip
            last = None
        return first, last

    def _newly_set(self, field: str, path: str, faults: Faults) -> Tensor | None:
        """The picture that was set anew, if one was."""
        return self._load(field, path, faults) if self._paths[field].update(path) and path else None

    def _anchor(self, settings: Settings, video: Tensor, faults: Faults) -> Tensor | None:
        match settings.anchor_from:
            case "input":
                return video[:, 0]
            case "output":  # before anything was shown there is nothing to return to, nor any need
                return None if self._output is None else to_still(self._output, self._device)
            case _ if settings.first:
                return self._load("first", settings.first, faults)
        faults.append((address_of("anchor"), "there is no picture to return to; set /vace/first, or /vace/anchor/from"))
        return None

    def _load(self, field: str, path: str, faults: Faults) -> Tensor | None:
        try:
            return self._stills.load(path)
        except PictureError as error:
            faults.append((address_of(field), str(error)))
            return None
