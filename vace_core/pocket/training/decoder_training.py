"""Finishing the decoder on latents that the model itself makes, which are never as exact as those of an encoder.

What the model was asked for is known to the pixel: the painter's picture. So the decoder learns to show that, whatever
is wrong with the latents, and neighbours that disagree do not show as squares.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.depth import DepthNet
from vace_core.annotators.pixels import video
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.mixed_precision import mixed_precision
from vace_core.model import Model
from vace_core.stream import Stream

from ..looks import complete
from ..painter import caption, paint, random_named
from .autoencoder_training import PERIOD, save_autoencoder
from .latents import clip_of, controls_as_shown
from .picture_loss import picture_loss

FRAMES = 21
"""Of a show: the first chunk's nine and the second's twelve."""
SHOWN, WIDE = 3, 96
"""Latent frames and pixels across of a sample; its height is the frame's, so that borders are learnt too."""
OWN = 0.7
"""Share of samples whose latents are the model's own; the others are the encoder's."""


@dataclass(frozen=True)
class DecoderBudget:
    """When to stop: after `steps`, or `minutes` if that comes first; and of how many shows it learns."""

    steps: int
    minutes: float
    shows: int = 300
    batch: int = 2
    rate: float = 3e-4


@dataclass(frozen=True)
class Show:
    """Two chunks of a stream from its start: the model's latents and the encoder's [16, 6, h, w], and the picture
    [21, H, W, 3] uint8 that both stand for. Of footage, which the model does not make, both are the encoder's.
    """

    made: Tensor
    exact: Tensor
    picture: np.ndarray


def shows(model: Model, net: DepthNet, count: int, seed: int, report: Callable[[str], None]) -> list[Show]:
    """Streams under random controls and prompts as they come out, and what was asked for; one in four is footage."""
    rng, out = np.random.default_rng((seed, 11)), []
    while len(out) < count:
        clip = clip_of(len(out), seed + 5)
        controls = controls_as_shown(clip, net, rng)
        for kind in map(str, rng.permutation(list(controls))[:3]):
            named, control = random_named(rng), controls[kind][:FRAMES]
            made = _made(model, caption(named, (), rng), video(control))
            picture = paint(complete(named), control, kind)
            out.append(Show(made, _exact(model, picture), picture))
        footage = clip.footage[:FRAMES]
        out.append(Show(_exact(model, footage), _exact(model, footage), footage))
        if len(out) % 60 < 4:
            report(f"decoder: {len(out)} of {count} shows")
    return out


def finish_decoder(
    model: Model, net: DepthNet, out: Path, budget: DecoderBudget, seed: int, report: Callable[[str], None]
) -> None:
    """Train the decoder of the model's autoencoder on, and write that autoencoder to `out`. net: depth annotator's.

    ValueError for a model that is not float32 throughout, as what is learnt in a step would be rounded away.
    """
    if model.precision != torch.float32:
        raise ValueError("a decoder is trained in float32: load the model with LoadOptions(precision='float32')")
    trained = model.autoencoder
    assert isinstance(trained, TinyAutoencoder)
    assert trained.soft is not None
    torch.manual_seed(seed)
    pool, rng = shows(model, net, budget.shows, seed, report), np.random.default_rng((seed, 12))
    learnt = [p for part in (trained.decoder, trained.soft) for p in part.requires_grad_(True).parameters()]
    trained.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(learnt, lr=budget.rate, betas=(0.9, 0.98), weight_decay=1e-4)
    began, step, errors, unlikes = time.monotonic(), 0, 0.0, 0.0
    while True:
        done = max(step / budget.steps, (time.monotonic() - began) / (60 * budget.minutes))
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = budget.rate * min(1, (step + 1) / 50) * (0.03 + 0.97 * math.cos(0.5 * math.pi * done) ** 2)
        pairs = [_sample(pool[int(rng.integers(len(pool)))], rng) for _ in range(budget.batch)]
        latents, target = (torch.stack(part) for part in zip(*pairs, strict=True))
        with mixed_precision():
            decoded = trained.decode_raw(latents)[0][:, :, FRAMES_PER_LATENT - 1 :]
        loss, error, unlike = picture_loss(decoded.float(), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        step += 1
        errors += (float(error.detach()) - errors) / min(step, 50)
        unlikes += (float(unlike.detach()) - unlikes) / min(step, 50)
        if step % 100 == 0:
            report(f"decoder: step {step}, {100 * done:.0f} % of the budget, L1 {errors:.4f}, SSIM {1 - unlikes:.4f}")
    save_autoencoder(trained, out)
    report(f"decoder: done after {step} steps")


def _made(model: Model, prompt: str, control: Tensor) -> Tensor:
    """The model's latents [16, f, h, w] of a stream over a control [1, 3, F, H, W]."""
    stream, latents, at = Stream(model, *control.shape[-2:]), [], 0
    while at < control.shape[2]:
        wanted = stream.frames_wanted
        chunk = stream.step(Controls(prompt=prompt, control=control[:, :, at : at + wanted]))
        assert chunk is not None
        latents.append(chunk.latents)
        at += wanted
    return torch.cat(latents, dim=2)[0].clone()


@torch.no_grad()
def _exact(model: Model, picture: np.ndarray) -> Tensor:
    """The encoder's latents [16, f, h, w] of pictures [F, H, W, 3] uint8."""
    return model.autoencoder.encode(video(picture))[0][0]


def _sample(show: Show, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Latents [16, SHOWN, h, WIDE / 8] and the frames [3, 4 SHOWN - 3, H, WIDE] in [-1, 1] that they should give."""
    begin = int(rng.integers(show.made.shape[1] - SHOWN + 1))
    left = PERIOD * int(rng.integers((show.picture.shape[2] - WIDE) // PERIOD + 1))
    latents = show.made if rng.random() < OWN else show.exact
    frames = slice(FRAMES_PER_LATENT * begin, FRAMES_PER_LATENT * (begin + SHOWN) - 3)
    picture = torch.from_numpy(show.picture[frames, :, left : left + WIDE]).permute(3, 0, 1, 2).float() / 127.5 - 1
    return latents[:, begin : begin + SHOWN, :, left // 8 : (left + WIDE) // 8], picture
