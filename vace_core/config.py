"""What the weights are (Architecture) and how a pipeline runs them (Pipeline).

Both are frozen: a checkpoint fixes the first, the start of the program fixes the second. What a show changes from
chunk to chunk is neither, and lives in `vace_core.stream.Controls`.
"""

from __future__ import annotations

from dataclasses import dataclass


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

    def tokens(self, latent_height: int, latent_width: int) -> int:
        """Tokens per latent frame."""
        return (latent_height // self.patch[1]) * (latent_width // self.patch[2])


@dataclass(frozen=True)
class Pipeline:
    """One of the base pipelines: an architecture, its memory rule and its schedule.

    `window` counts latent frames and includes both the sink and the chunk being made. `positions` is "absolute"
    (a frame keeps the index it was made at, as LongLive was trained) or "window" (counted from the oldest frame
    still remembered, so that no stream is too long). `steps` are nominal timesteps; `warp` sends them through the
    schedule's table, as the authors of LongLive, MemFlow and Reward Forcing trained.
    """

    name: str
    architecture: Architecture
    chunk: int = 3
    window: int = 12
    sink: int = 3
    positions: str = "absolute"
    steps: tuple[int, ...] = (1000, 750, 500, 250)
    shift: float = 5.0
    warp: bool = True
    recache: bool = False
    """Whether a prompt change rewrites the remembered frames under the new prompt (LongLive)."""
    clean_with_hints: bool = False
    """Whether the clean pass sees the context too; the published pipeline does not show it."""
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

PIPELINES = {
    row.name: row
    for row in (
        Pipeline("longlive", WAN_1_3B, recache=True),
        Pipeline("pocket", POCKET, window=6, sink=0, positions="window", height=128, width=192),
    )
}


def pipeline_named(name: str) -> Pipeline:
    """The preset of that name; ValueError naming the known ones otherwise."""
    if name not in PIPELINES:
        raise ValueError(f"unknown pipeline {name!r}: choose one of {', '.join(sorted(PIPELINES))}")
    return PIPELINES[name]
