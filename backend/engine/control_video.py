"""What a chunk follows: annotations of the input, the input itself, or the frames of a control source of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vace_core.annotators.annotator import Annotator
from vace_core.autoencoder.pieces import in_fours

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..imaging.canvas import Canvas
from ..imaging.fitting import covering
from ..runtime.changes import ChangeDetector
from .frame_upload import FrameUpload

Faults = list[tuple[str, str]]
"""(address, reason) of settings that could not be followed."""


class ControlVideo:
    """Makes one stream's control videos.

    An annotator that is turned to begins afresh. Where there is none for the control that is wanted, the control that
    was followed before still is.
    """

    def __init__(self, annotators: Mapping[str, Annotator], upload: FrameUpload) -> None:
        self._annotators = annotators
        self._upload = upload
        self._kind = "none"
        self._wanted = ChangeDetector[str]("none")
        self._followed = ChangeDetector[tuple[str, str]](("none", ""))  # the control, and the source that it is made of
        self._ahead: list[tuple[Tensor, Tensor]] = []  # frames of the coming chunk, and the control of them

    @property
    def kind(self) -> str:
        """The control that is followed; it is not the one that was wanted where nothing here makes that."""
        return self._kind

    def update(
        self,
        source_frames: Sequence[np.ndarray],
        control_frames: Sequence[np.ndarray] | None,
        settings: Settings,
        faults: Faults,
    ) -> Tensor | None:
        """The control video `[1, 3, F, H, W]` in [-1, 1] of the next chunk; None for nothing to follow.

        What is made of the input lies where the input does in the canvas, with nothing to follow outside; a control
        source of its own is of the whole picture. control_frames: as many of those, None before its first one has come.
        """
        self._choose(settings.control, faults)
        turned = self._followed.update((self._kind, settings.control_source))
        frames = (control_frames or ()) if settings.control_source else source_frames
        if self._kind == "none" or not frames:
            return None
        video = self._upload(frames)
        if self._kind != "raw":
            if turned:
                self._ahead.clear()
                self._annotators[self._kind].reset()
            video = torch.cat([self._annotated(self._upload(four)) for four in in_fours(frames)], dim=2)
        self._ahead.clear()
        return video if settings.control_source else place_control(video, settings.canvas)

    def prepare(self, four: Sequence[np.ndarray], settings: Settings) -> None:
        """Annotate the next four frames of a chunk of which others are still to come, as `update` would.

        settings: those of the chunk before. Nothing is done where that did not follow what they ask for, or followed a
        source of its own.
        """
        if self._kind == "none" or settings.control != self._kind or settings.control_source:
            return
        video = self._upload(four)
        if self._kind != "raw":
            self._ahead.append((video, self._annotated(video)))

    def reset(self) -> None:
        """As if nothing had been followed yet."""
        self._ahead.clear()
        self._kind = "none"
        self._wanted.reset()
        self._followed.reset()

    def _annotated(self, video: Tensor) -> Tensor:
        """The control of four frames, or of a first chunk's; what was made ahead is used, and not made again."""
        for known, control in self._ahead:
            if known is video:
                return control
        return self._annotators[self._kind](video)

    def _choose(self, wanted: str, faults: Faults) -> None:
        """Follow another control from now on, if there is one of that name; else say so once."""
        if not self._wanted.update(wanted):
            return
        if reason := self._unavailable(wanted):
            faults.append((address_of("control"), reason))
        else:
            self._kind = wanted

    def _unavailable(self, kind: str) -> str:
        """Why there is no such control video; "" if there is one."""
        if kind in ("none", "raw"):
            return ""
        try:
            self._annotators[kind]
        except KeyError:
            there = ", ".join((*self._annotators, "raw", "none"))
            return f"nothing here makes a {kind} control; choose one of {there}"
        except ValueError as error:  # something that it needs is missing, which it names
            return str(error)
        return ""


def place_control(control: Tensor, canvas: Canvas) -> Tensor:
    """A control video `[1, 3, F, H, W]` where the source lies in the canvas, and grey, which is nothing, outside."""
    height, width = control.shape[3:]
    box = canvas.box(height, width)
    rows, columns = box.inside(height, width)
    if canvas.fills(height, width) and (box.height, box.width) == (height, width):
        return control
    cut = control[0][..., *covering(height, width, box.height, box.width)].transpose(0, 1)
    small = functional.interpolate(cut, size=(box.height, box.width), mode="area").transpose(0, 1)
    placed = torch.zeros_like(control)
    placed[0][..., rows, columns] = small[
        ..., rows.start - box.top : rows.stop - box.top, columns.start - box.left : columns.stop - box.left
    ]
    return placed
