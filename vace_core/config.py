"""What the weights are (Architecture) and how a pipeline runs them (Pipeline).

Both are frozen: a checkpoint fixes the first, the start of the program fixes the second. What a show changes from
chunk to chunk is neither, and lives in `vace_core.controls.Controls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

LEAST_NOISE = 0.05
"""Of a chunk that starts from a video; with less there would be nothing to do."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of a Wan2.1 diffusion transformer with (or, `vace_layers=()`, without) VACE context blocks.

    Raises ValueError when sizes cannot belong together, with both numbers.
    """

    dim: int
    ffn_dim: int
    heads: int
    layers: int
    vace_layers: tuple[int, ...] = ()
    """Main blocks that receive a hint, in order; hint n comes from context block n."""
    latent_channels: int = 16
    context_channels: int = 96
    """Inactive latent 16, reactive latent 16, packed mask 64 (paper section 6)."""
    text_dim: int = 4096
    text_length: int = 512
    frequency_dim: int = 256
    patch: tuple[int, int, int] = (1, 2, 2)
    eps: float = 1e-6

    def __post_init__(self) -> None:
        if self.dim % self.heads or (self.dim // self.heads) % 2:
            raise ValueError(f"dim {self.dim} over {self.heads} heads must give an even whole head size")
        outside = [layer for layer in self.vace_layers if not 0 <= layer < self.layers]
        if outside:
            raise ValueError(f"vace_layers {outside} are outside the {self.layers} main blocks")
        if self.vace_layers and self.vace_layers[0] != 0:
            raise ValueError(f"the first context block must feed main block 0, got vace_layers {self.vace_layers}")

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads

    def sharing_trouble(self, devices: int) -> str:
        """Why so many devices cannot share the heads of attention equally, in words; "" where they can."""
        if self.heads % devices == 0:
            return ""
        possible = " or ".join(str(n) for n in range(2, self.heads + 1) if self.heads % n == 0)
        return f"{self.heads} heads of attention cannot be shared equally by {devices} devices; use {possible}"

    def tokens(self, latent_height: int, latent_width: int) -> int:
        """Tokens per latent frame."""
        return (latent_height // self.patch[1]) * (latent_width // self.patch[2])


@dataclass(frozen=True)
class Bank:
    """MemFlow's memory bank: the first latent frame of every `interval`th chunk, at most `frames` of them.

    sparse: each head attends to so many frames of sink and bank, the most wanted; 0 = to all.
    every_chunk: record in every chunk, counting every `interval`th (the order of the published single-prompt loop).
    recommit: bank the last recorded frame again in each chunk, as the published code does, so that it crowds out
    others; ours banks it once.
    """

    frames: int = 3
    interval: int = 3
    sparse: int = 0
    every_chunk: bool = False
    recommit: bool = False


@dataclass(frozen=True)
class Pipeline:
    """One of the base pipelines: an architecture, its memory rule and its schedule.

    Raises ValueError when a rule cannot hold, with its numbers.
    """

    name: str
    architecture: Architecture
    chunk: int = 3
    """Latent frames."""
    first_chunk: int = 0
    """Latent frames of a stream's first chunk; 0 = as every other."""
    window: int = 12
    """Latent frames remembered, both the sink and the chunk being made included."""
    sink: int = 3
    positions: str = "absolute"
    """ "absolute": a frame keeps the index it was made at, as LongLive was trained. "window": counted from the oldest
    frame still remembered."""
    trained_positions: int = 1024
    """Where positions are absolute: how many there were in training. A stream that would pass their end counts on from
    just behind its sink and bank instead."""
    sink_decay: float | None = None
    """Reward Forcing: what of the sink stays when a chunk leaves the window and is folded into it."""
    bank: Bank | None = None
    """MemFlow: frames remembered beyond the window."""
    rebuild: int = 0
    """Krea Realtime: latent frames that the memory is made anew from before each chunk; 0 = it goes on."""
    past_weight: float = 1.0
    """Krea Realtime: what attention to the past is multiplied by, its first frame excepted."""
    recache: bool = False
    """Whether a prompt change rewrites the remembered frames under the new prompt (LongLive, MemFlow)."""
    stream_batch: bool = False
    """StreamDiffusion V2: several steps of several chunks as one batch, each step with a memory of its own and no clean
    pass; a chunk comes out as many chunks later as there are steps, less one."""
    steps: tuple[int, ...] = (1000, 750, 500, 250)
    """Nominal timesteps from noise to picture."""
    first_steps: tuple[int, ...] = ()
    """Those of a stream's first chunk, which has nothing before it to go by; empty = `steps`."""
    video_steps: tuple[int, ...] = ()
    """Nominal timesteps when a chunk starts from a video; those below its noise are run. Empty = `steps`."""
    full_video_steps: bool = False
    """Whether they are all run instead, moved together so that they begin at its noise."""
    shift: float = 5.0
    warp: bool = True
    """Whether nominal timesteps go through the schedule's table, as the authors of most pipelines trained."""
    understated_noise: float = 0.0
    """StreamDiffusion V2: how much less noise the model is told of than a source was given, 0..1."""
    raw_source: bool = False
    """StreamDiffusion V2: a source's latents take part as Wan's encoder gives them, not normalised."""
    weights: str = "generator"
    """Which are taken of a checkpoint that holds several: "generator", or "generator_ema", their average over training,
    where that is what its authors run."""
    height: int = 368
    width: int = 640
    fps: float = 24.0

    def __post_init__(self) -> None:
        if self.window < self.sink + self.chunk:
            raise ValueError(
                f"{self.name}: a window of {self.window} latent frames cannot hold a sink of {self.sink} "
                f"and a chunk of {self.chunk}"
            )
        if self.positions not in ("absolute", "window"):
            raise ValueError(f"{self.name}: positions must be absolute or window, got {self.positions!r}")
        remembered = self.window + (self.bank.frames if self.bank else 0)
        if self.positions == "absolute" and self.trained_positions < remembered:
            raise ValueError(
                f"{self.name}: {self.trained_positions} trained positions cannot hold the {remembered} latent frames "
                "that are remembered"
            )
        if self.sink_decay is not None and not (
            self.positions == "window" and self.sink == self.chunk and not (self.window - self.sink) % self.chunk
        ):
            raise ValueError(
                f"{self.name}: frames can be folded into a sink of a chunk's {self.chunk} frames, in a window of whole "
                f"chunks counted by position, not into {self.sink} of {self.window} ({self.positions})"
            )
        if self.weights not in ("generator", "generator_ema"):
            raise ValueError(f"{self.name}: weights must be generator or generator_ema, got {self.weights!r}")
        if self.stream_batch and self.first_steps:
            raise ValueError(
                f"{self.name}: a stream batch has a row for each of its steps, so that its first chunk cannot have "
                f"others ({', '.join(map(str, self.first_steps))})"
            )
        if self.stream_batch and (self.bank or self.rebuild or self.sink_decay is not None or self.recache):
            raise ValueError(f"{self.name}: a stream batch goes with a plain window (streamdiffusion-v2)")
        if (self.bank or self.rebuild) and self.positions != "absolute":
            raise ValueError(f"{self.name}: a bank or a rebuilt memory goes with absolute positions")
        if self.rebuild and (self.sink or self.window != self.rebuild + self.chunk):
            raise ValueError(
                f"{self.name}: a memory rebuilt from {self.rebuild} latent frames has no sink and a window of "
                f"{self.rebuild + self.chunk}, got a sink of {self.sink} and a window of {self.window}"
            )

    def chunk_frames(self, chunk: int) -> int:
        """Latent frames of the stream's chunk of that number."""
        return self.chunk if chunk or not self.first_chunk else self.first_chunk

    def chunk_steps(self, chunk: int) -> tuple[int, ...]:
        """Nominal timesteps of the stream's chunk of that number, from noise."""
        return self.steps if chunk or not self.first_steps else self.first_steps


WAN_1_3B = Architecture(dim=1536, ffn_dim=8960, heads=12, layers=30, vace_layers=tuple(range(0, 30, 2)))
WAN_14B = Architecture(dim=5120, ffn_dim=13824, heads=40, layers=40, vace_layers=tuple(range(0, 40, 5)))

POCKET = Architecture(
    dim=192,
    ffn_dim=640,
    heads=6,
    layers=8,
    vace_layers=(0, 2, 4, 6),
    text_dim=96,
    text_length=24,
    frequency_dim=64,
)

LONGLIVE = Pipeline("longlive", WAN_1_3B, recache=True)

STREAMDIFFUSION_V2 = Pipeline(
    "streamdiffusion-v2",
    WAN_1_3B,
    chunk=1,
    first_chunk=2,
    window=6,
    steps=(1000, 750, 500, 250, 0),
    video_steps=(700, 500),
    shift=8.0,
    warp=False,
    understated_noise=0.1,
    raw_source=True,
)

SELF_FORCING = Pipeline("self-forcing", WAN_1_3B, window=21, sink=0, positions="window", weights="generator_ema")
"""Trained on whole clips of 21 latent frames, each of which attends to all before it: a stream attends to its last 21,
counted as in such a clip."""
FRAMEWISE = replace(SELF_FORCING, name="causal-forcing-framewise", chunk=1)
"""One latent frame a chunk: the shortest wait for a source's frames."""

PIPELINES = {
    row.name: row
    for row in (
        LONGLIVE,
        replace(LONGLIVE, name="longlive-infinity", positions="window"),
        STREAMDIFFUSION_V2,
        replace(STREAMDIFFUSION_V2, name="streamdiffusion-v2-14b", architecture=WAN_14B, video_steps=(700,)),
        Pipeline("memflow", WAN_1_3B, recache=True, bank=Bank()),
        Pipeline("reward-forcing", WAN_1_3B, window=9, positions="window", sink_decay=0.999),
        Pipeline(
            "krea-realtime", WAN_14B, window=6, sink=0, rebuild=3, past_weight=0.3, steps=(1000, 750, 500, 250, 0)
        ),
        SELF_FORCING,
        replace(SELF_FORCING, name="causal-forcing", weights="generator"),
        FRAMEWISE,
        replace(FRAMEWISE, name="causal-forcing-2step", steps=(1000, 500), first_steps=FRAMEWISE.steps),
        replace(FRAMEWISE, name="causal-forcing-1step", steps=(1000,), first_steps=FRAMEWISE.steps),
        Pipeline("pocket", POCKET, window=6, sink=0, positions="window", steps=(1000, 350), height=128, width=192),
    )
}


def pipeline_named(name: str) -> Pipeline:
    """The preset of that name, ours or a plug-in's; ValueError naming the known ones otherwise."""
    row = PIPELINES.get(name) or _plugins().get(name)
    if row is None:
        raise ValueError(f"unknown pipeline {name!r}: choose one of {', '.join(pipeline_names())}")
    return row


def pipeline_names() -> list[str]:
    """All that `pipeline_named` takes, sorted."""
    return sorted({*PIPELINES, *_plugins()})


def _plugins() -> Mapping[str, Pipeline]:
    """Rows of other packages, by the names that they are chosen by."""
    from .plugins import PIPELINES as GROUP
    from .plugins import plugins

    return plugins(GROUP, _accept)


def _accept(name: str, row: object) -> Pipeline:
    """A plug-in's row. It runs on the weights of one of ours, which its own name says: a `replace` of that one."""
    if not isinstance(row, Pipeline):
        raise ValueError(f"it must be a vace_core.config.Pipeline, got {type(row).__name__}")
    if name in PIPELINES:
        raise ValueError("a pipeline of ours has that name")
    if row.name not in PIPELINES:
        raise ValueError(f"its row's name says whose weights it runs on ({', '.join(PIPELINES)}), got {row.name!r}")
    return row
