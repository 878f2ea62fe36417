"""What a stream tells of a chunk while it makes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vace_core.controls import Controls
from vace_core.progress import Progress
from vace_core.stream import Stream

from .small import PIPELINE, model


class Told(Progress):
    """Notes all of it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.frames: list[Tensor] = []
        self.latents: Tensor | None = None

    def encoded(self) -> None:
        self.words.append("encoded")

    def stepped(self) -> None:
        self.words.append("stepped")

    def denoised(self) -> None:
        self.words.append("denoised")

    def decoded(self, frames: Tensor, latents: Tensor) -> None:
        self.words.append("decoded")
        self.frames.append(frames)
        self.latents = latents


@pytest.mark.parametrize("in_parts", [False, True])
def test_frames_come_latent_by_latent_and_are_those_of_the_chunk(in_parts: bool):
    stream = Stream(model(PIPELINE), 32, 32)
    for begins in (True, False):
        told, before = Told(), stream.state.decoder
        chunk = stream.step(Controls("gold", in_parts=in_parts), told)
        assert chunk is not None
        latents = chunk.latents
        assert latents is not None
        assert told.words == ["encoded", *["stepped"] * 4, "denoised", *["decoded"] * latents.shape[2]]
        assert [part.shape[2] for part in told.frames] == [1 if begins else 4, *[4] * (latents.shape[2] - 1)]
        assert torch.equal(torch.cat(told.frames, dim=2), chunk.frames)
        assert told.latents is latents
        whole, _ = stream.model.autoencoder.decode(latents, before)
        assert torch.equal(whole, chunk.frames), "as if they had been decoded together"


def test_a_stream_batch_tells_of_a_step_of_all_chunks_that_share_a_forward():
    stream = Stream(model(replace(PIPELINE, stream_batch=True)), 32, 32)
    told = [Told() for _ in range(3)]
    for each, prompt in zip(told, ("gold", "gold", "silver"), strict=True):
        stream.step(Controls(prompt), each)
    assert [each.words[1:] for each in told] == [["stepped"], ["stepped"], ["stepped"] * 2]


def test_a_stream_goes_on_as_if_nobody_had_been_told():
    one, other = (Stream(model(PIPELINE), 32, 32) for _ in range(2))
    for _ in range(3):
        told, silent = one.step(Controls("gold"), Told()), other.step(Controls("gold"))
        assert told is not None
        assert silent is not None
        assert torch.equal(told.frames, silent.frames)
