"""Training the two readers: `python -m backend.measure.evaluate.training`, an hour on one core.

Both learn from pictures that are drawn for it: depth from looks as they follow the depth, looks from ones that follow
some control. None are of what a model is trained or measured on. A third of them have gone through the autoencoder, as
everything that the model makes has. Weights that are there already are trained on.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from vace_core.annotators.depth import DepthNet
from vace_core.load import load
from vace_core.model import Model
from vace_core.pocket.loading import store
from vace_core.pocket.looks import Look, complete
from vace_core.pocket.world import draw_clip, random_named
from vace_core.pocket.world.appearance import by_control
from vace_core.pocket.world.controls import controls_of

from .readers import LOOKS, WEIGHTS, LookNet, shrink
from .reconstruction import reconstruct_stills

FIRST_SEED = 7_500_000
LOOKS_OF_A_SCENE = 4
THROUGH_THE_AUTOENCODER = 1 / 3
KINDS = {"depth": 0.55, "scribble": 0.1, "gray": 0.15, "layout": 0.1, "pose": 0.1}
FIRST_DEPTH_SEED = 7_600_000
RELIT = 0.4
"""So often a look is lit anew."""
Sample = tuple[np.ndarray, np.ndarray]
"""A picture [64, 96, 3] uint8 and what should be read off it."""
N = TypeVar("N", bound=nn.Module)
log = logging.getLogger(__name__)


def main() -> None:
    """Train both, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m backend.measure.evaluate.training", description=__doc__)
    parser.add_argument("--depth-scenes", type=int, default=6000, help="to draw for depth; 0 = it is not trained")
    parser.add_argument("--look-scenes", type=int, default=1000, help="to draw for looks; 0 = they are not trained")
    parser.add_argument("--minutes", type=float, default=25.0, help="of the processor, for each of the two")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    model = load("pocket")
    if options.depth_scenes:
        net = _begun(DepthNet(), "depth_reader", options.out)
        train_depth_reader(net, lit_looks(model, options.depth_scenes), options.minutes)
        store(net, "depth_reader", options.out)
    if options.look_scenes:
        net = _begun(LookNet(), "look_reader", options.out)
        train_look_reader(net, *pictures_in_looks(model, options.look_scenes), options.minutes)
        store(net, "look_reader", options.out)


@dataclass(frozen=True)
class LitLooks:
    """Scenes, uint8: their looks as drawn [N, L, H, W, 3], their depths [N, H, W], and followed [N, L, 64, 96, 3].

    Those are the looks as they follow the depth, some of them after the autoencoder.
    """

    looks: np.ndarray
    depths: np.ndarray
    followed: np.ndarray

    def sample(self, rng: np.random.Generator) -> Sample:
        """As it is, or in other colours, or lit by another scene's depth: light tells depth, whatever is lit."""
        scene, look = int(rng.integers(len(self.looks))), int(rng.integers(LOOKS_OF_A_SCENE))
        depth, picture = self.depths[scene], self.followed[scene, look]
        if rng.random() < RELIT:
            if rng.random() < 0.5:
                depth = self.depths[int(rng.integers(len(self.depths)))]
            nearness = np.divide(depth, 255, dtype=np.float32)
            picture = shrink(by_control(_recoloured(self.looks[scene, look], rng)[None], nearness[None], "depth")[0])
        depth = shrink(depth)
        return (picture[:, ::-1], depth[:, ::-1].copy()) if rng.random() < 0.5 else (picture, depth)


def lit_looks(model: Model, scenes: int) -> LitLooks:
    """So many scenes, each in some of LOOKS and in looks put together by chance."""
    looks, depths, followed = [], [], []
    for seed in range(FIRST_DEPTH_SEED, FIRST_DEPTH_SEED + scenes):
        rng = np.random.default_rng((seed, 1))
        take = draw_clip(seed, tuple(_some_look(rng) for _ in range(LOOKS_OF_A_SCENE)), frames=1)
        nearness = np.divide(take.depth, 255, dtype=np.float32)
        looks.append(np.concatenate(take.looks))
        depths.append(take.depth[0])
        shown = (_as_shown(model, by_control(look, nearness, "depth"), rng)[0] for look in take.looks)
        followed.append(np.stack([shrink(picture) for picture in shown]))
    return LitLooks(np.stack(looks), np.stack(depths), np.stack(followed))


def _some_look(rng: np.random.Generator) -> Look:
    return LOOKS[str(rng.choice(list(LOOKS)))] if rng.random() < 0.5 else complete(random_named(rng))


def pictures_in_looks(model: Model, scenes: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [N, 64, 96, 3] uint8 of scenes in some of LOOKS, each following some control, and the looks' numbers."""
    pictures, numbers = [], []
    for scene in range(scenes):
        rng = np.random.default_rng((FIRST_SEED + scene, 1))
        chosen = rng.choice(len(LOOKS), LOOKS_OF_A_SCENE, replace=False)
        take = draw_clip(FIRST_SEED + scene, tuple(list(LOOKS.values())[n] for n in chosen), frames=1)
        controls = controls_of(take)
        for number, look in zip(chosen, take.looks, strict=True):
            kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
            followed = look if kind not in controls else by_control(look, controls[kind].says, kind)
            pictures.append(shrink(_as_shown(model, followed, rng)[0]))
            numbers.append(number)
    return np.stack(pictures), np.array(numbers)


def train_depth_reader(net: DepthNet, lit: LitLooks, minutes: float) -> None:
    """Plain error of nearness and of its slopes."""

    def loss(made: Tensor, truth: Tensor) -> Tensor:
        truth = truth.float()[:, None] / 255
        slopes = torch.stack([(made.diff(dim=d) - truth.diff(dim=d)).abs().mean() for d in (2, 3)]).sum()
        return functional.mse_loss(made, truth) * 4 + functional.l1_loss(made, truth) + slopes

    _train(net, lit.sample, loss, minutes, "depth reader")


def train_look_reader(net: LookNet, pictures: np.ndarray, numbers: np.ndarray, minutes: float) -> None:
    """Cross entropy over the twelve looks."""

    def sample(rng: np.random.Generator) -> Sample:
        pick = int(rng.integers(len(pictures)))
        picture = pictures[pick]
        return (picture[:, ::-1] if rng.random() < 0.5 else picture), numbers[pick]

    def loss(made: Tensor, truth: Tensor) -> Tensor:
        return functional.cross_entropy(made, truth, label_smoothing=0.05)

    _train(net, sample, loss, minutes, "look reader")


def _begun(net: N, name: str, folder: Path) -> N:
    path = folder / f"{name}.safetensors"
    if path.exists():
        net.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    return net


def _as_shown(model: Model, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[F, H, W, 3] uint8, now and then as they come back from the autoencoder, each by itself."""
    if rng.random() >= THROUGH_THE_AUTOENCODER:
        return pictures
    return np.concatenate(reconstruct_stills(model, [picture[None] for picture in pictures]))


def _train(
    net: nn.Module,
    sample: Callable[[np.random.Generator], Sample],
    loss: Callable[[Tensor, Tensor], Tensor],
    minutes: float,
    name: str,
    batch: int = 16,
    rate: float = 3e-3,
) -> None:
    """AdamW, its rate falling to nothing over the time that is given."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2)
    began, step, average = time.process_time(), 0, 0.0
    net.train()
    while (done := (time.process_time() - began) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * (0.01 + 0.99 * math.cos(0.5 * math.pi * done) ** 2)
        pictures, truths = zip(*(sample(rng) for _ in range(batch)))
        seen = torch.from_numpy(np.stack([_roughened(picture, rng) for picture in pictures])).permute(0, 3, 1, 2)
        truth = torch.from_numpy(np.stack(truths))
        with torch.autocast("cpu", torch.bfloat16):
            error = loss(net(seen.contiguous(memory_format=torch.channels_last)), truth)
        optimiser.zero_grad(set_to_none=True)
        error.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        average += (float(error.detach()) - average) / min(step, 50)
        if step % 200 == 0:
            log.info("%s: step %d, loss %.4f", name, step, average)
    net.eval()


def _recoloured(look: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture [H, W, 3] uint8 with its colours exchanged, brighter or darker, of more or less contrast."""
    x = look[..., rng.permutation(3)].astype(np.float32) * rng.uniform(0.6, 1.3, 3).astype(np.float32)
    x = (x - x.mean()) * np.float32(rng.uniform(0.6, 1.3)) + x.mean()
    return np.clip(x, 0, 255).astype(np.uint8)


def _roughened(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[64, 96, 3] in [-1, 1]: a little softer, lighter or darker, and noisier, as what a model makes is."""
    x = picture.astype(np.float32) / 127.5 - 1
    if rng.random() < 0.5:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.3, 1.2)))
    x = x * np.float32(rng.uniform(0.85, 1.15)) + np.float32(rng.normal(0, 0.05))
    return x + rng.normal(0, rng.exponential(0.02), x.shape).astype(np.float32)


if __name__ == "__main__":
    main()
