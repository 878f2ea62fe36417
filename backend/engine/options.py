"""Which model a show runs on, and how it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from vace_core.annotators.options import AnnotatorOptions
from vace_core.checkpoints.options import LoadOptions
from vace_core.config import Pipeline, pipeline_named


@dataclass(frozen=True)
class ModelOptions:
    """What the start of the program fixes about the model.

    models: folders of weights besides the usual ones. positions, steps: in place of what the pipeline was trained with
    ("" = as trained). video_steps: of a chunk that starts from a video, "full" or those "below" its noise ("" = the
    pipeline's). sparse: frames of MemFlow's sink and bank that each head attends to, 0 = all. stream_batch: see
    `config.Pipeline`.
    Raises ValueError for what cannot go together.
    """

    pipeline: str = "pocket"
    device: str = "auto"
    models: tuple[Path, ...] = ()
    weights: LoadOptions = field(default_factory=LoadOptions)
    positions: str = ""
    steps: str = ""
    video_steps: str = ""
    sparse: int = 0
    stream_batch: bool = False
    annotators: AnnotatorOptions = field(default_factory=AnnotatorOptions)

    def preset(self) -> Pipeline:
        """The pipeline's row, with what was chosen in its place."""
        preset = pipeline_named(self.pipeline)
        if self.positions:
            preset = replace(preset, positions=self.positions)
        if self.steps:
            preset = replace(preset, warp=self.steps == "warped")
        if self.video_steps:
            preset = replace(preset, full_video_steps=self.video_steps == "full")
        if self.sparse:
            if preset.bank is None:
                raise ValueError(f"--sparse-memory is for pipelines with a memory bank (memflow), not {preset.name}")
            preset = replace(preset, bank=replace(preset.bank, sparse=self.sparse))
        if self.stream_batch:
            preset = replace(preset, stream_batch=True)
        return preset
