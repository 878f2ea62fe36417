"""From a frame in to its picture out: where the time goes, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from ..engine.messages import ChunkReport, Stage
from ..runtime.metrics import Window

RECENT_CHUNKS = 16
"""Of so many chunks a stage's time is the median."""


@dataclass(frozen=True)
class StagesMs:
    """Milliseconds of a chunk's stages; 0.0 before the first chunk.

    fill: its first frame waits for the others. annotate to decode: its stages until its first frames are finished.
    hand_out: what lies between them, and until those are handed out.
    """

    fill: float = 0.0
    annotate: float = 0.0
    encode: float = 0.0
    denoise: float = 0.0
    decode: float = 0.0
    hand_out: float = 0.0

    @property
    def generate(self) -> float:
        """From the chunk's settings to its first frames, handed out."""
        return self.annotate + self.encode + self.denoise + self.decode + self.hand_out


class StageWindows:
    """The stages of the last chunks."""

    def __init__(self) -> None:
        self._fill, self._hand_out = Window(RECENT_CHUNKS), Window(RECENT_CHUNKS)
        self._stages: dict[Stage, Window] = {stage: Window(RECENT_CHUNKS) for stage in get_args(Stage)}

    def add(self, report: ChunkReport) -> None:
        """Take in one more chunk; one that has finished no frames, as at the start of a stream batch, says nothing."""
        if not report.frames:
            return
        self._fill.add(1000 * report.fill)
        for stage, window in self._stages.items():
            window.add(1000 * report.stages.get(stage, 0.0))
        self._hand_out.add(1000 * (report.generate - sum(report.stages.values())))

    def medians(self) -> StagesMs:
        """What each takes."""
        stages = {stage: window.summary().median for stage, window in self._stages.items()}
        return StagesMs(fill=self._fill.summary().median, hand_out=self._hand_out.summary().median, **stages)


@dataclass(frozen=True)
class LatencyMs:
    """The milliseconds of a latency, one part after the other; together they are `whole`."""

    whole: float
    stages: StagesMs
    wait: float
    """Finished, until it is the frame's turn."""
    tick: float
    """From then until the tick that shows it."""

    @classmethod
    def of(cls, whole: float, stages: StagesMs, tick: float) -> LatencyMs:
        """`whole`, measured at the output, parted; what no other part accounts for is waiting."""
        return cls(whole, stages, max(0.0, whole - stages.fill - stages.generate - tick), tick)
