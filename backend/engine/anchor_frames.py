"""Extension: which picture a chunk begins with, which it ends with, and when the show returns to one."""

from __future__ import annotations

from torch import Tensor

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..imaging.stills import PictureError
from .still_tensors import StillTensors

FRAMES_PER_LATENT = 4
Faults = list[tuple[str, str]]


class AnchorFrames:
    """`/vace/first` and `/vace/last` act on one chunk, each time they are set anew; the anchor when it is asked for."""

    def __init__(self, pictures: StillTensors) -> None:
        self._pictures = pictures
        self.reset()

    def reset(self) -> None:
        """As if nothing had been shown or set yet."""
        self._taken = {"first": "", "last": ""}
        self._since = 0  # chunks begun since the show began, or was last anchored
        self._output: Tensor | None = None

    def shown(self, frame: Tensor) -> None:
        """The output's last frame [3, H, W] in [-1, 1], as far as it has come."""
        self._output = frame

    def for_chunk(
        self, settings: Settings, asked: bool, seen: Tensor, faults: Faults
    ) -> tuple[Tensor | None, Tensor | None]:
        """Pictures [3, H, W] that the next chunk begins and ends with; to `faults` is added what can't be had.

        asked: the anchor was asked for now. seen: the chunk's input [3, F, H, W].
        """
        first, last = self._set("first", settings.first, faults), self._set("last", settings.last, faults)
        due = asked or 0 < settings.anchor_every <= self._since
        if first is None and due:
            first = self._anchor(settings, seen, faults)
        self._since = 1 if due or first is not None else self._since + 1
        if first is not None and last is not None and seen.shape[1] <= FRAMES_PER_LATENT:
            faults.append(
                (address_of("last"), f"a chunk of {seen.shape[1]} frames can't both begin and end with a picture; "
                 "it begins with one, so set the last one again for another chunk")
            )  # fmt: skip
            last = None
        return first, last

    def _set(self, field: str, path: str, faults: Faults) -> Tensor | None:
        """The picture that was set anew, if one was."""
        fresh, self._taken[field] = path != self._taken[field], path
        return self._load(field, path, faults) if path and fresh else None

    def _anchor(self, settings: Settings, seen: Tensor, faults: Faults) -> Tensor | None:
        match settings.anchor_from:
            case "input":
                return seen[:, 0]
            case "output":
                return self._output  # before anything was shown there is nothing to return to, nor any need
            case _ if settings.first:
                return self._load("first", settings.first, faults)
        faults.append((address_of("anchor"), "there is no picture to return to; set /vace/first, or /vace/anchor/from"))
        return None

    def _load(self, field: str, path: str, faults: Faults) -> Tensor | None:
        try:
            return self._pictures.load(path)
        except PictureError as error:
            faults.append((address_of(field), str(error)))
            return None
