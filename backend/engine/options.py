"""Which model a show runs on, and how it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vace_core.annotators.options import AnnotatorOptions
from vace_core.checkpoints.options import LoadOptions
from vace_core.config import Pipeline, pipeline_named


@dataclass(frozen=True)
class ModelOptions:
    """What the start of the program fixes about the model.

    devices: those that make each stream together, in place of `device`; empty = one alone.
    models: folders of weights besides the usual ones. positions, steps: in place of what the pipeline was trained with
    ("" = as trained). video_steps: of a chunk that starts from a video, "full" or those "below" its noise ("" = the
    pipeline's). sparse: frames of MemFlow's sink and bank that each head attends to, 0 = all. stream_batch: see
    `config.Pipeline`.
    Raises ValueError for what cannot go together.
    """

    pipeline: str = "pocket"
    device: str = "auto"
    devices: tuple[str, ...] = ()
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
        if trouble := self._devices_trouble(preset):
            raise ValueError(f"--devices {','.join(self.devices)}: {trouble}")
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

    def _devices_trouble(self, preset: Pipeline) -> str:
        """Why these cannot make a stream of that pipeline together, in words; "" where they can, or there are none."""
        if not self.devices:
            return ""
        if self.weights.graphs == "on":
            return "what several devices exchange is never recorded, so --graphs on cannot be; choose auto or off"
        if self.weights.compile == "on":
            return "what several devices share is never compiled, so --compile on cannot be; choose auto or off"
        return devices_trouble(self.devices) or preset.architecture.sharing_trouble(len(self.devices))


def devices_trouble(devices: Sequence[str]) -> str:
    """What is wrong with a list of devices as it is written, in words; "" for nothing."""
    kinds = {device.partition(":")[0] for device in devices}
    twice = [device for device in dict.fromkeys(devices) if devices.count(device) > 1 and device != "cpu"]
    if len(devices) < 2:
        return "it takes two or more, such as cuda:0,cuda:1; --device takes one"
    if len(kinds) > 1 or kinds - {"cpu", "cuda"}:
        return "it takes GPUs with their numbers, such as cuda:0,cuda:1, or cpu,cpu to try it out"
    if bare := [device for device in devices if device == "cuda"]:
        return f"{bare[0]} needs a number, such as cuda:0"
    return f"{twice[0]} is there twice; each device has one share" if twice else ""
