"""File to file, through the same engine pieces as a show, in this process: the same input gives the same output."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from bridge.control.mailbox import Mailbox
from bridge.files import refuse_own_input
from bridge.video.clip import Clip
from bridge.video.file import FileSink, video_target
from bridge.video.frames import Frame
from bridge.video.sound import add_sound, check_sound

from ..controls.settings import Settings
from ..controls.table import TABLE
from ..engine.options import ModelOptions
from ..engine.process import load_model
from ..imaging.fitting import fit_picture, stream_size
from ..imaging.stills import is_still, read_still
from ..runtime.metrics import Window
from .unfinished import unfinished

if TYPE_CHECKING:
    from ..engine.chunk_pipeline import ChunkPipeline

log = logging.getLogger(__name__)

MENDED = ("/vace/prompt", "/vace/prompt/blend", "/vace/prompt/b", "/vace/reference/mode", "/vace/mask/source")
"""Whose faults end no rendering: what is left of the prompt is followed, references are shown another way, and what a
mask looks for may be out of the picture for a while."""


@dataclass(frozen=True)
class RenderOptions:
    """What to render from where to where. values: of controls, by address. None leaves a choice to the pipeline.
    fit: how inputs of another shape are fitted, one of `fitting.FITS`.

    audio: whether the clip's sound is kept.
    """

    source: Path
    target: Path
    model: ModelOptions = field(default_factory=ModelOptions)
    height: int | None = None
    width: int | None = None
    fit: str = "cover"
    frames: int | None = None
    audio: bool = False
    values: dict[str, object] = field(default_factory=dict)
    load: str = "backend.engine.load:load"

    def inputs(self, settings: Settings) -> tuple[str | Path, ...]:
        """Everything that is read: paths and frame addresses, "" among them."""
        return (
            self.source,
            settings.mask_source.address,
            settings.control_source,
            *settings.reference,
            settings.first,
            settings.last,
            *self.model.weights.loras,
            *(path for path, _ in self.model.weights.merged),
        )


def render_file(options: RenderOptions, progress: TextIO = sys.stderr) -> dict[str, Any]:
    """Render and return the figures of `render --json`. Raises BridgeError or ValueError, in one line."""
    preset = options.model.preset()
    settings = first_settings(options.values)
    refuse_own_input(options.target, options.inputs(settings))
    target = video_target(options.target)
    clip = Clip(options.source)
    height, width = stream_size(options.height, options.width, preset, clip.size[::-1], options.fit)
    if options.audio:
        check_sound(clip.path)
    elif clip.has_sound:
        log.warning("%s has sound, which is left out; --audio keeps it", clip.path)
    began = time.monotonic()
    from ..engine.chunk_pipeline import ChunkPipeline  # brings torch, for which a mistake above need not wait

    model = load_model(options.load, options.model)
    pipeline = ChunkPipeline(model, height, width)
    pipeline.warm_up(log.info)
    rendering = Rendering(pipeline, settings, began)
    frames = islice(steady_frames(clip, height, width, clip.rate, options.fit), options.frames)
    mask, control = settings.mask_source.address, settings.control_source
    mask_frames = side_frames(mask, "mask", height, width, clip.rate, options.fit) if mask else None
    control_frames = side_frames(control, "control", height, width, clip.rate, options.fit) if control else None
    with closing(model), unfinished(target) as path:
        with (
            FileSink(str(path), width, height, clip.rate) as sink,
            Progress(progress, total_frames(clip, options)) as bar,
        ):
            for number, frame in enumerate(rendering.frames(frames, mask_frames, control_frames)):
                sink.send(Frame(frame, number, number / clip.rate))
                bar.step(rendering.done, time.monotonic() - began)
        if not rendering.done:
            raise ValueError(f"{options.source} holds no frame; give it a clip")
        if options.audio:
            with unfinished(path) as whole:
                add_sound(path, clip.path, whole)
    return rendering.figures() | {
        "width": width,
        "height": height,
        "device": model.device,
        "pipeline": options.model.pipeline,
    }


class Rendering:
    """A clip on its way through a chunk pipeline, and the figures of it."""

    def __init__(self, pipeline: ChunkPipeline, settings: Settings, began: float) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._began = began
        self._chunk_ms = Window()
        self._mode = ""
        self._first_frame = 0.0
        self.done = 0
        """Frames handed out so far."""

    def frames(
        self,
        source_frames: Iterator[np.ndarray],
        mask_frames: Iterator[np.ndarray] | None = None,
        control_frames: Iterator[np.ndarray] | None = None,
    ) -> Iterator[np.ndarray]:
        """RGB uint8 `[H, W, 3]`, one for each of the source's. The last chunk is filled up with the last one, and cut.

        mask_frames, control_frames: of the mask source and the control source, where those are files.
        Where chunks come out later than they are put in, the source's last frame pushes the last ones out.
        """
        following, taken, batch = next(source_frames, None), 0, []
        while following is not None or self.done < taken:
            wanted = self._pipeline.frames_wanted
            batch = batch[-1:] if following is None else [following, *islice(source_frames, wanted - 1)]
            real = 0 if following is None else len(batch)
            following, taken = next(source_frames, None), taken + real
            batch += [batch[-1]] * (wanted - len(batch))
            mask, control = (
                None if side is None else list(islice(side, wanted)) for side in (mask_frames, control_frames)
            )
            for frame in self._chunk(batch, mask, control, real, is_last=following is None):
                self.done += 1
                yield frame

    def figures(self) -> dict[str, Any]:
        seconds, chunk_ms = time.monotonic() - self._began, self._chunk_ms.summary()
        return {
            "frames": self.done,
            "seconds": round(seconds, 3),
            "fps": round(self.done / seconds, 2),
            "mode": self._mode,
            "chunk_ms": {
                "median": round(chunk_ms.median, 2),
                "p90": round(chunk_ms.p90, 2),
                "max": round(chunk_ms.largest, 2),
            },
            "first_frame_s": round(self._first_frame, 3),
        }

    def _chunk(
        self,
        batch: list[np.ndarray],
        mask_frames: list[np.ndarray] | None,
        control_frames: list[np.ndarray] | None,
        real: int,
        is_last: bool,
    ) -> np.ndarray:
        """The frames that come out, without those that only filled a chunk up; `real` of the batch are not."""
        started = time.monotonic()
        settings = self._settings if is_last else replace(self._settings, last="")  # the clip ends with it
        chunk = self._pipeline.make(batch, mask_frames, settings, tag=real, control_frames=control_frames)
        for address, reason in chunk.faults:
            if address not in MENDED:
                raise ValueError(reason)
            log.warning("%s", reason)
        if not self._mode:
            self._mode = chunk.mode
            self._first_frame = time.monotonic() - self._began
        self._pipeline.settle()
        self._chunk_ms.add(1000 * (time.monotonic() - started))
        return chunk.frames[: chunk.tag]


class Progress:
    """A line in the terminal: frames done, and the rate. total: None if not known."""

    def __init__(self, stream: TextIO, total: int | None) -> None:
        self._stream = stream
        self._total = total

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream.isatty():
            self._stream.write("\n")

    def step(self, done: int, seconds: float) -> None:
        if self._stream.isatty():
            of = f" of {self._total}" if self._total and self._total >= done else ""
            self._stream.write(f"\r{done}{of} frames, {done / seconds:.1f} a second")
            self._stream.flush()


def first_settings(values: Mapping[str, object]) -> Settings:
    """The defaults of the table with `values` (by address) set. ControlError for one that its control refuses."""
    accepted = {address: TABLE[address].accept(value).value for address, value in values.items()}
    return Settings.from_values(Mailbox(TABLE).snapshot() | accepted)


def total_frames(clip: Clip, options: RenderOptions) -> int | None:
    """How many frames will be rendered, as far as the clip says."""
    claimed = round(clip.seconds * clip.rate)
    return min(options.frames or claimed, claimed) if claimed else options.frames


def steady_frames(clip: Clip, height: int, width: int, fps: float, fit: str = "cover") -> Iterator[np.ndarray]:
    """A clip's frames at a steady rate: for each moment the one that is shown then, the last of several."""
    due, shown = 0, None
    for frame in clip.decode():
        place = round(frame.time * fps)
        if shown is not None:
            yield from repeat(shown, place - due)
        due, shown = max(due, place), fit_picture(frame.pixels, height, width, fit)
    if shown is not None:
        yield from repeat(shown, max(round(clip.end * fps) - due, 1))


def side_frames(
    address: str, kind: str, height: int, width: int, fps: float, fit: str = "cover"
) -> Iterator[np.ndarray]:
    """Endless frames of a file beside the clip, each at its time; a video that is over shows its last one.

    kind: what they are, for the message of the ValueError for an address that is live.
    """
    if not address.startswith("file:"):
        raise ValueError(f"the {kind} {address!r} is live; a rendering takes a file")
    path = address.removeprefix("file:")
    if is_still(path):
        return repeat(fit_picture(read_still(path, alpha=True), height, width, fit))
    return _held(steady_frames(Clip(path), height, width, fps, fit))


def _held(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    last = None
    for last in frames:
        yield last
    if last is not None:
        yield from repeat(last)
