"""What the front process and the engine process say to each other, through one pipe. Frames go through shared memory.

The engine asks, the front answers: once a chunk the engine sends Next and gets ChunkRequest, so a chunk has one set of
settings and values never queue up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..controls.settings import Settings
from .options import ModelOptions
from .timeline import Span


@dataclass(frozen=True)
class EngineStart:
    """What the start of the program fixes."""

    load: str
    """Where the model comes from: "module:function", called with the ModelOptions."""
    model: ModelOptions
    height: int
    width: int
    fps: float
    """No more than this many frames are made per second."""
    rings: RingNames
    verbose: bool = False
    log: Path | None = None
    """The file that the show logs into."""
    restarted_for_picture: bool = False
    """Whether the life before ended because its picture was not a number: to start again is no help then."""
    given_up: int = 0
    """Rungs of the memory ladder that the life before had given up, and that go on being given up."""


@dataclass(frozen=True)
class RingNames:
    """Names of rings in shared memory: frames in, the chunks' frames out, and their control videos and masks."""

    source: str
    chunks: str
    control: str
    mask: str


@dataclass(frozen=True)
class Loading:
    """Engine to front: what it does while the model is loaded, where that takes long."""

    what: str


@dataclass(frozen=True)
class RunsOn:
    """What a stream runs on. attention: the names of its kernels. graphs: whether its network calls are recorded as
    graphs, as "on" or "off, as only NVIDIA GPUs have them". recorded: how many are replayed by now. precision: the
    number format that its blocks multiply in, as "bfloat16"."""

    attention: str = ""
    graphs: str = ""
    recorded: int = 0
    precision: str = ""


@dataclass(frozen=True)
class Ready:
    """Engine to front: the model is loaded."""

    device: str
    seconds: float
    runs_on: RunsOn


Stage = Literal["annotate", "encode", "denoise", "decode"]
"""What is done to make a chunk, in this order."""

Phase = Literal["loading", "waiting", "chunk", "settle", "held"]
"""What the engine does: loads its model, waits for input or for its turn, makes a chunk, or refreshes its memory after
one. "held": it waits before it tries again, as its last chunks failed."""


@dataclass(frozen=True)
class Beat:
    """Engine to front, several times a second and apart from the work: it is alive, and what it does.

    since: when it began that, on the clock of all processes; of "settle", when the chunk began.
    """

    phase: Phase
    since: float


@dataclass(frozen=True)
class ChunkReport:
    """How a chunk was made; times are seconds."""

    index: int
    frames: int
    mode: str
    fill: float
    """From the moment of the chunk's first frame until the chunk was begun."""
    generate: float
    """From then until its first finished frames were handed out."""
    settle: float
    """What came after them: its other frames, what is made for the eye, and the clean pass."""
    period: float
    """From the previous chunk's first frames handed out to this one's; 0.0 for the first."""
    stages: dict[Stage, float]
    """What the stages of making it took, of "annotate", "encode", "denoise" and "decode"; the last one ends with the
    first frames."""
    runs_on: RunsOn = field(default_factory=RunsOn)


@dataclass(frozen=True)
class Next:
    """Engine to front: send the settings of the next chunk. Also the sign of life.

    span: the moments of the input that the chunk will cover; None if there is nothing to make one of yet, or it is not
    time. held: whether that is because the last chunks failed.
    """

    report: ChunkReport | None
    span: Span | None
    held: bool = False


@dataclass(frozen=True)
class Fault:
    """Engine to front: something is wrong, the show goes on. `address` is the control to blame, if one is."""

    address: str | None
    reason: str


@dataclass(frozen=True)
class Refused:
    """Engine to front: a control can't be had as `value`, so that it is to say again what is `used`. The reason comes
    as a Fault."""

    address: str
    value: str
    used: str


@dataclass(frozen=True)
class Notice:
    """Engine to front: something that whoever steers should know, and that is no fault."""

    text: str


@dataclass(frozen=True)
class Degraded:
    """Engine to front: what is given up from now on so that the show goes on; "" for nothing any more."""

    what: str


@dataclass(frozen=True)
class Failed:
    """Engine to front: the model can't be loaded. At the first start that is final, as with a wrong checkpoint."""

    reason: str


@dataclass(frozen=True)
class RingsLost:
    """Engine to front: a ring that it was started with is not there; it ends."""

    reason: str


@dataclass(frozen=True)
class StartAgain:
    """Engine to front: a fresh start may help, so it ends. reason: of what, as the front tells it.

    for_picture: because the picture was not a number. given_up: rungs of the memory ladder that the next one gives up.
    """

    reason: str
    for_picture: bool = False
    given_up: int = 0


@dataclass(frozen=True)
class ChunkRequest:
    """Front to engine: the settings of the next chunk, and whether to forget everything first.

    anchor: whether it begins with the anchor. mask_ring, control_ring: the rings with the frames of the mask source
    and of the control source, where those are frame addresses.
    """

    settings: Settings
    reset: bool
    anchor: bool
    mask_ring: str | None
    control_ring: str | None


@dataclass(frozen=True)
class Stop:
    """Front to engine: end."""
