"""Training the pocket's tiny autoencoder on everything that is ever encoded: looks, footage, controls, masked grey."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vace_core.autoencoder.block_transform import BlockTransform
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.constants import PIXELS_PER_LATENT
from vace_core.mixed_precision import mixed_precision

from ..painter import paint, random_look
from ..sizes import AUTOENCODER
from ..world.clip import DrawnClip
from ..world.controls import controls_of
from .clips import load_clip
from .data_parallel import DataParallel
from .picture_loss import picture_loss

CROPS = (48, 96)
"""Side of the pictures shown at first, for many quick steps, and in the last part."""
NOISE = 0.04
"""Added to latents in training: what is generated is never exact."""
AVERAGE_EVERY = 8
CLIP = 9
STARTERS = 400
"""Clips that the linear transform is fitted to."""
PERIOD = AUTOENCODER.period * PIXELS_PER_LATENT
"""Pixels after which a texture repeats: where crops may begin."""
Report = Callable[[str], None]


@dataclass(frozen=True)
class AutoencoderBudget:
    """When to stop: after `steps`, or `minutes` if that comes first."""

    steps: int
    minutes: float
    batch: int = 3
    """Clips in each of the processes."""
    rate: float = 1e-3


def train_autoencoder(
    together: DataParallel, folder: Path, count: int, out: Path, budget: AutoencoderBudget, seed: int, report: Report
) -> None:
    """Train on the first `count` clips and write safetensors to `out`; the first process writes and reports."""
    rng = np.random.default_rng((seed, together.rank))
    torch.manual_seed(seed)
    model = TinyAutoencoder(AUTOENCODER).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    torch.manual_seed(seed + 1 + together.rank)
    pool = [load_clip(folder, number) for number in range(count)]
    _fit(model, pool, np.random.default_rng(seed))
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=budget.rate, betas=(0.9, 0.98), weight_decay=1e-4)
    began, step, done, averages = time.monotonic(), 0, 0.0, np.zeros(2)
    while True:
        if step % AVERAGE_EVERY == 0:
            together.average_weights(model)
            done = together.agree(max(step / budget.steps, (time.monotonic() - began) / (60 * budget.minutes)))
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = budget.rate * min(1, (step + 1) / 50) * (0.05 + 0.95 * math.cos(0.5 * math.pi * done) ** 2)
        crop = CROPS[done > 0.7]
        video = torch.stack([_sample(pool[int(rng.integers(count))], rng, crop) for _ in range(budget.batch)])
        with mixed_precision():
            loss, parts = _loss(model, video)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        averages += (np.array(parts) - averages) / min(step, 50)
        if together.leads and step % 200 == 0:
            error, unlike = averages
            report(f"autoencoder: step {step}, L1 {error:.4f}, SSIM {1 - unlike:.4f}")
        if together.leads and step % 500 == 0:
            save_autoencoder(model, out)
    if together.leads:
        save_autoencoder(model, out)
        report(f"autoencoder: done after {step} steps")


@torch.no_grad()
def _fit(model: TinyAutoencoder, pool: list[DrawnClip], rng: np.random.Generator) -> None:
    """Set the encoder by what it will see, and have the decoder begin with the soft picture alone."""
    assert isinstance(model.encoder, BlockTransform)
    assert model.soft is not None
    video = torch.stack([_sample(pool[n % len(pool)], rng, CROPS[0]) for n in range(STARTERS)])
    model.encoder.fit((torch.cat((video[:, :, :1].expand(-1, -1, 3, -1, -1), video), dim=2) + 1) / 2)
    model.soft.fit(model.encoder)
    last = [layer for layer in model.decoder if isinstance(layer, nn.Conv2d)][-1]
    for parameter in last.parameters():
        parameter.zero_()


def _loss(model: TinyAutoencoder, video: Tensor) -> tuple[Tensor, tuple[float, ...]]:
    """What training lessens, and in it the mean absolute error and 1 - SSIM."""
    with torch.autocast("cpu", enabled=False):
        latents = model.encode(video)[0]
    decoded = model.decode_raw(latents + NOISE * torch.randn_like(latents))[0][:, :, 3:]
    loss, error, unlike = picture_loss(decoded.float(), video)
    return loss, (float(error.detach()), float(unlike.detach()))


def _sample(clip: DrawnClip, rng: np.random.Generator, crop: int) -> Tensor:
    """A crop [3, CLIP, crop, crop] in [-1, 1] of what a stream would encode."""
    frames, height, width = clip.depth.shape
    start = int(rng.integers(frames - CLIP + 1))
    top, left = (PERIOD * int(rng.integers((size - crop) // PERIOD + 1)) for size in (height, width))
    kind = str(rng.choice(list(_ODDS), p=list(_ODDS.values())))
    moment = clip.at(slice(start, start + CLIP))
    if kind in ("look", "control"):
        controls = controls_of(moment)
        by = str(rng.choice(list(controls)))
        pictures = paint(random_look(rng), controls[by], by) if kind == "look" else controls[by]
    elif kind == "flat":
        pictures = np.broadcast_to(rng.uniform(0, 255, 3), moment.footage.shape)
    else:
        pictures = moment.footage
    part = (slice(None), slice(top, top + crop), slice(left, left + crop))
    out = torch.from_numpy(np.array(pictures[part], np.float32)) / 127.5 - 1
    if kind == "masked":
        mask = torch.from_numpy(moment.mask[part].astype(np.float32))[..., None] / 255
        out = out * (mask if rng.random() < 0.5 else 1 - mask)
    return out.permute(3, 0, 1, 2)


_ODDS = {"look": 0.55, "footage": 0.2, "control": 0.17, "masked": 0.06, "flat": 0.02}


def save_autoencoder(model: TinyAutoencoder, path: Path) -> None:
    """Write its weights as safetensors, in float32."""
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)


def load_autoencoder(path: Path) -> TinyAutoencoder:
    """The pocket's autoencoder with weights from a file."""
    model = TinyAutoencoder(AUTOENCODER)
    model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return model.eval().requires_grad_(False)
