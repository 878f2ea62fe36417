"""Streams that tests run on one rank and on two: one for each thing that attention remembers or is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch
from torch import Tensor

from tests.vace_core.small import ARCHITECTURE, PIPELINE, SmallText, lora, tiny_autoencoder, transformer
from vace_core.conditioning import Reference
from vace_core.config import PIPELINES, Bank, Pipeline
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.model import Model
from vace_core.parallel import ALONE, Ranks
from vace_core.stream import Stream
from vace_core.text import TextEncoder

FOUR_HEADS = replace(ARCHITECTURE, heads=4)
SIZE = (32, 48)
UNEVEN = (48, 48)
"""9 tokens a frame, so that one rank has 4 and the other 5."""


def noise(seed: int, frames: int, size: tuple[int, int], channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((1, channels, frames, *size), generator=generator) * 2 - 1


def picture(seed: int, size: tuple[int, int]) -> Tensor:
    return noise(seed, 1, size)[0, :, 0]


def plain(stream: Stream, n: int) -> Controls:
    return Controls("gold", control=noise(n, stream.frames_wanted, _size(stream)))


def switched(stream: Stream, n: int) -> Controls:
    return replace(plain(stream, n), prompt="gold" if n < 2 else "ice" if n < 4 else (("ice", 0.5), ("gold", 0.5)))


def masked(stream: Stream, n: int) -> Controls:
    frames, size = stream.frames_wanted, _size(stream)
    mask = (noise(n + 50, frames, size, channels=1) > 0).float()
    return replace(plain(stream, n), source=noise(n + 90, frames, size), mask=mask, pin=n % 2 == 0)


def scaled(stream: Stream, n: int) -> Controls:
    return replace(
        plain(stream, n), scale=(1.0, 0.3, 0.0, 1.7, 0.8)[n % 5], layer_scale=(0.4, 1.2), hint_every=1 + n % 2
    )


def played(stream: Stream, n: int) -> Controls:
    return replace(plain(stream, n), loras=((0.0, 1.0, 0.4)[n % 3],))


def from_video(stream: Stream, n: int) -> Controls:
    return replace(plain(stream, n), video=noise(n + 30, stream.frames_wanted, _size(stream)), noise=0.7)


@dataclass(frozen=True)
class Referred:
    """References of unequal strength, of which the second comes later."""

    mode: str

    def __call__(self, stream: Stream, n: int) -> Controls:
        given = (Reference(_PICTURES[0], 0.6), Reference(_PICTURES[1]))
        return replace(plain(stream, n), references=given[: 1 + (n > 1)], reference_mode=self.mode)


_PICTURES = (picture(7, SIZE), picture(8, SIZE))


@dataclass(frozen=True)
class Show:
    """A pipeline and what is asked of each chunk."""

    pipeline: Pipeline
    controls: Callable[[Stream, int], Controls] = plain
    chunks: int = 5
    size: tuple[int, int] = SIZE
    rule: dict[str, Any] = field(default_factory=dict)
    with_lora: bool = False

    def model(self, ranks: Ranks) -> Model:
        network = transformer(architecture=FOUR_HEADS)
        network.share_among(ranks)
        loras = LiveLoras(network, [lora()]) if self.with_lora else None
        return Model(
            replace(self.pipeline, architecture=FOUR_HEADS, **self.rule),
            network,
            tiny_autoencoder(),
            cast(TextEncoder, SmallText()),
            torch.device("cpu"),
            torch.float32,
            loras,
        )

    def open(self, ranks: Ranks) -> Stream:
        return Stream(self.model(ranks), *self.size)

    def run(self, ranks: Ranks = ALONE) -> Tensor:
        """The latents of all chunks, one after the other in time."""
        return torch.cat(list(self.latents(self.open(ranks))), dim=2)

    def latents(self, stream: Stream, first: int = 0) -> Iterator[Tensor]:
        for n in range(first, first + self.chunks):
            chunk = stream.step(self.controls(stream, n))
            if chunk is not None:
                assert chunk.latents is not None
                yield chunk.latents.clone()


SHOWS = {
    "window": Show(PIPELINE),
    "frames that do not divide": Show(PIPELINE, size=UNEVEN),
    "sink, and positions counted anew": Show(PIPELINES["longlive"], chunks=7, rule={"trained_positions": 14}),
    "positions from the window": Show(PIPELINES["longlive-infinity"], chunks=6),
    "sink that follows": Show(PIPELINES["reward-forcing"], chunks=5),
    "bank": Show(PIPELINES["memflow"], switched, chunks=13),
    "bank, sparse": Show(PIPELINES["memflow"], chunks=8, rule={"bank": Bank(sparse=2)}),
    "rebuilt": Show(PIPELINES["krea-realtime"], switched),
    "stream batch": Show(PIPELINES["streamdiffusion-v2"], from_video, chunks=8, rule={"stream_batch": True}),
    "masks": Show(PIPELINE, masked),
    "context scale that moves": Show(PIPELINE, scaled, chunks=6),
    "prompt switch": Show(PIPELINES["longlive"], switched, chunks=6),
    "LoRA": Show(PIPELINE, played, with_lora=True),
    "video to video": Show(PIPELINE, from_video),
    "reference, paper": Show(PIPELINE, Referred("paper"), chunks=4),
    "reference, slot": Show(PIPELINE, Referred("slot"), chunks=4),
    "reference, joint": Show(PIPELINE, Referred("joint"), chunks=4),
}


def _size(stream: Stream) -> tuple[int, int]:
    return stream.height, stream.width
