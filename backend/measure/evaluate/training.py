"""Training the reader of depth: `python -m backend.measure.evaluate.training --minutes 12`, on one core.

It learns from scenes that are drawn and painted for it as it goes, in every style and by chance in any palette, time
and weather; none of them are what a model is trained or measured on. What a model gives is softer and noisier than what
the painter does, so the pictures are roughened. Weights that are there already are trained on.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vace_core.annotators.depth import DepthNet
from vace_core.mixed_precision import mixed_precision
from vace_core.pocket.loading import store
from vace_core.pocket.looks import STYLES
from vace_core.pocket.painter import paint, random_look
from vace_core.pocket.world import draw_clip

from .figures import mean
from .painted import asked_look
from .readers import NAME, WEIGHTS, depth_error, shrink

FIRST_SEED = 7_600_000
UNSEEN_SEED = 9_500_000
"""Scenes on which a reader is judged when it has been trained."""
SIZE = (128, 192)
KEPT = 300
"""Scenes that pictures are painted of; every step draws one, and forgets the oldest."""
BATCH = 16
RATE = 3e-3
AVERAGED = 0.99
"""How much of the averages a step leaves as it was."""
PLAIN = 0.5
"""So many of the pictures are in a style alone, which is what most prompts ask for."""
log = logging.getLogger(__name__)


def main() -> None:
    """Train it, write the weights, and say how well it reads pictures that it has not seen."""
    parser = argparse.ArgumentParser(prog="python -m backend.measure.evaluate.training", description=__doc__)
    parser.add_argument("--minutes", type=float, default=12.0, help="of the processor")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the folder of the weights")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    net, path = DepthNet(), options.out / f"{NAME}.safetensors"
    if path.exists():
        net.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    train(net, options.minutes, lambda averaged: store(averaged, NAME, options.out))
    log.info("error on unseen pictures in every style: %.4f", mean(unseen_errors(net, 8)))


class Scenes:
    """Depths of drawn scenes, always new ones among them, and pictures painted of them."""

    def __init__(self, seed: int = FIRST_SEED) -> None:
        self._seed = seed
        self._depths: deque[np.ndarray] = deque(maxlen=KEPT)

    def batch(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Pictures [B, 3, 64, 96] in [-1, 1] and their depths [B, 1, 64, 96] in 0..1, of one new scene and old ones."""
        self._depths.append(draw_clip(self._seed, 1, *SIZE).depth[0])
        self._seed += 1
        pictures, depths = zip(*(self._sample(rng) for _ in range(size)))
        seen = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        return seen.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(depths))[:, None]

    def _sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        depth = changed(self._depths[int(rng.integers(len(self._depths)))], rng)
        look = asked_look(str(rng.choice(STYLES))) if rng.random() < PLAIN else random_look(rng)
        picture = paint(look, np.repeat(depth[None, ..., None], 3, axis=-1), "depth")[0]
        return shrink(roughened(picture, rng)), shrink(np.divide(depth, 255, dtype=np.float32))


def train(net: DepthNet, minutes: float, keep: Callable[[nn.Module], None], seed: int = 0) -> None:
    """AdamW on the error of nearness and of its slopes, its rate falling to nothing over the time that is given.

    Weights are averaged over the last steps; `keep` is called with the averages now and then, and when all is done.
    """
    rng, scenes = np.random.default_rng(seed), Scenes()
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-2)
    averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED), use_buffers=True)
    began, step, average = time.process_time(), 0, 0.0
    net.train()
    while (done := (time.process_time() - began) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (0.01 + 0.99 * math.cos(0.5 * math.pi * done) ** 2)
        pictures, truth = scenes.batch(rng, BATCH)
        with mixed_precision():
            error = loss(net(pictures), truth)
        optimiser.zero_grad(set_to_none=True)
        error.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(net)
        step += 1
        average += (float(error.detach()) - average) / min(step, 50)
        if step % 100 == 0:
            log.info("step %d, %.0f %%, loss %.4f", step, 100 * done, average)
            keep(averaged.module)
    net.load_state_dict(averaged.module.state_dict())
    net.eval()
    keep(net)


def loss(made: Tensor, truth: Tensor) -> Tensor:
    """Plain error of nearness [B, 1, H, W] and of its slopes."""
    slopes = torch.stack([(made.diff(dim=d) - truth.diff(dim=d)).abs().mean() for d in (2, 3)]).sum()
    return functional.mse_loss(made, truth) * 4 + functional.l1_loss(made, truth) + slopes


@torch.inference_mode()
def unseen_errors(net: DepthNet, scenes: int) -> list[float]:
    """Of every style, the reader's error on the painter's own pictures of unseen scenes, as `depth_rmse` has it."""
    depths = np.concatenate([draw_clip(UNSEEN_SEED + number, 1, *SIZE).depth for number in range(scenes)])
    control = np.repeat(depths[..., None], 3, axis=-1)
    errors = []
    for style in STYLES:
        pictures = paint(asked_look(style), control, "depth")
        errors.append(
            mean([depth_error(picture[None], depth[None] / 255, net) for picture, depth in zip(pictures, depths)])
        )
    return errors


def changed(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A depth [H, W] uint8 as it is, or flipped, nearer or farther, or smooth as an annotator's."""
    x = depth[:, ::-1] if rng.random() < 0.5 else depth
    unit = np.divide(x, 255, dtype=np.float32)
    if rng.random() < 0.5:
        unit = unit ** np.float32(math.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.3:
        unit = cv2.GaussianBlur(unit, (0, 0), float(rng.uniform(0.7, 3)))
    return (unit * 255 + 0.5).astype(np.uint8)


def roughened(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture [H, W, 3] uint8 in [-1, 1]: a little softer, lighter or darker, and noisier, as a model's are."""
    x = picture.astype(np.float32) / 127.5 - 1
    if rng.random() < 0.6:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.5, 2.5)))
    x = x * np.float32(rng.uniform(0.85, 1.15)) + np.float32(rng.normal(0, 0.05))
    return x + rng.normal(0, rng.exponential(0.04), x.shape).astype(np.float32)


if __name__ == "__main__":
    main()
