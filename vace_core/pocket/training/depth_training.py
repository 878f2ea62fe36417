"""Training depth and subject on the world's footage, roughened so that real footage is no surprise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vace_core.annotators.depth import WORKING_WIDTH, DepthNet
from vace_core.mixed_precision import mixed_precision

from ..loading import fill, store
from ..world.noise import look_up
from .clips import load_clip
from .data_parallel import DataParallel

HEIGHT = 64


@dataclass(frozen=True)
class DepthBudget:
    """When to stop: after `steps`, or `minutes` if that comes first."""

    steps: int
    minutes: float
    batch: int = 24
    rate: float = 3e-3


@dataclass(frozen=True)
class Task:
    """What a network learns to see: its part's name, which of a sample's pictures is the truth, and its error.

    after: the part whose finished weights it begins with.
    """

    part: str
    truth: int
    loss: Callable[[Tensor, Tensor], Tensor]
    after: str = ""


def train_to_see(
    together: DataParallel,
    task: Task,
    folder: Path,
    count: int,
    out: Path,
    budget: DepthBudget,
    seed: int,
    report: Callable[[str], None],
) -> None:
    """Train DEPTH or SUBJECT on the first `count` clips and write out/depth.safetensors or subject.safetensors."""
    torch.manual_seed(seed)
    model = DepthNet()
    if task.after:
        model = fill(model, task.after, folder=out).requires_grad_(True).train()
    rng = np.random.default_rng((seed, together.rank, 7))
    model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    pictures, depths, masks = _pool(folder, count)
    optimiser = torch.optim.AdamW(model.parameters(), lr=budget.rate, weight_decay=1e-3)
    began, step, average = time.monotonic(), 0, 0.0
    while True:
        done = together.agree(max(step / budget.steps, (time.monotonic() - began) / (60 * budget.minutes)))
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = budget.rate * min(1, (step + 1) / 50) * (0.02 + 0.98 * math.cos(0.5 * math.pi * done) ** 2)
        rows = [_roughen(pictures[i], depths[i], masks[i], rng) for i in rng.integers(len(pictures), size=budget.batch)]
        images, truth = torch.stack([row[0] for row in rows]), torch.stack([row[task.truth] for row in rows])
        with mixed_precision():
            predicted = model(images.contiguous(memory_format=torch.channels_last))
        loss = task.loss(predicted.float(), truth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        together.average_gradients(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        average += (float(loss.detach()) - average) / min(step, 50)
        if together.leads and step % 200 == 0:
            report(f"{task.part}: step {step}, loss {average:.4f}")
            store(model, task.part, out)
    if together.leads:
        store(model, task.part, out)
        report(f"{task.part}: done after {step} steps")


def _pool(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Small pictures [N, h, w, 3], depths and masks [N, h, w], uint8: five moments of each clip."""
    pictures, depths, masks = [], [], []
    for number in range(count):
        clip = load_clip(folder, number)
        for frame in (1, 7, 13, 18, 23):
            size = (WORKING_WIDTH, HEIGHT)
            pictures.append(cv2.resize(clip.footage[frame], size, interpolation=cv2.INTER_AREA))
            depths.append(cv2.resize(clip.depth[frame], size, interpolation=cv2.INTER_AREA))
            masks.append(cv2.resize(clip.mask[frame], size, interpolation=cv2.INTER_AREA))
    return np.stack(pictures), np.stack(depths), np.stack(masks)


def _roughen(
    picture: np.ndarray, depth: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """One sample: picture [3, h, w], depth and mask [1, h, w], cut, flipped, changed in everything but its shapes."""
    if mask.any() and rng.random() < 0.4:
        picture, depth, mask = _before_a_wall(picture, depth, mask, rng)
    if rng.random() < 0.5:
        picture, depth, mask = (x[:, ::-1] for x in (picture, depth, mask))
    if rng.random() < 0.5:
        tall = int(rng.uniform(0.6, 1.0) * HEIGHT)
        wide = tall * WORKING_WIDTH // HEIGHT
        top, left = int(rng.integers(0, HEIGHT - tall + 1)), int(rng.integers(0, WORKING_WIDTH - wide + 1))
        cut = (slice(top, top + tall), slice(left, left + wide))
        size = (WORKING_WIDTH, HEIGHT)
        picture, depth, mask = (cv2.resize(np.ascontiguousarray(x[cut]), size) for x in (picture, depth, mask))
    x = picture.astype(np.float32) / 255
    if rng.random() < 0.3:
        x = _other_surfaces(x, depth, rng)
    x = x @ (np.eye(3) + rng.normal(0, 0.15, (3, 3))).astype(np.float32)
    if rng.random() < 0.25:
        x = np.repeat(x.mean(axis=-1, keepdims=True), 3, axis=-1)
    x = np.clip((x - 0.5) * rng.uniform(0.5, 1.5) + 0.5 + rng.normal(0, 0.15), 0, 1) ** rng.uniform(0.6, 1.6)
    if rng.random() < 0.05:
        x = 1 - x
    if rng.random() < 0.4:
        x = cv2.GaussianBlur(x.astype(np.float32), (0, 0), float(rng.uniform(0.3, 1.2)))
    x = x + rng.normal(0, rng.exponential(0.025), x.shape)
    image = torch.from_numpy(np.clip(x, 0, 1).astype(np.float32)).permute(2, 0, 1) * 2 - 1
    depth_truth, mask_truth = (torch.from_numpy(x.astype(np.float32) / 255)[None] for x in (depth, mask))
    return image, depth_truth, mask_truth


def _other_surfaces(x: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clouds of other colours over the far or the near part, which therefore can't be told by its texture."""
    part = (depth < 25) if rng.random() < 0.7 else (depth > 60)
    return np.where(part[..., None], _clouds(rng) + (x - x.mean()) * rng.uniform(0, 0.5), x).astype(np.float32)


def _before_a_wall(
    picture: np.ndarray, depth: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The things alone, at any height: in a room, what is low is not always near, and what is behind is a wall."""
    share = mask[..., None].astype(np.float32) / 255
    wall = 255 * (rng.uniform(0, 1) + rng.uniform(0, 0.6) * (_clouds(rng) - 0.5))
    alone = np.clip(picture * share + wall * (1 - share), 0, 255).astype(np.uint8)
    depth = (depth * share[..., 0]).astype(np.uint8)
    if rng.random() < 0.3:
        alone, depth, mask = alone[::-1], depth[::-1], mask[::-1]
    return alone, depth, mask


def _clouds(rng: np.random.Generator) -> np.ndarray:
    """[h, w, 3] in 0..1: two colours in a random pattern."""
    rows, columns = np.mgrid[:HEIGHT, :WORKING_WIDTH].astype(np.float32) / HEIGHT
    place = np.stack([rows, columns, np.zeros_like(rows)], axis=-1) + rng.uniform(0, 4, 3).astype(np.float32)
    kind = str(rng.choice(["soft", "rough", "cells"]))
    cloud = look_up(kind, place, float(rng.choice([0.7, 1.4, 2.8])))[..., None]
    colours = rng.uniform(0, 1, (2, 3)).astype(np.float32)
    return colours[0] * cloud + colours[1] * (1 - cloud)


def _loss(predicted: Tensor, truth: Tensor) -> Tensor:
    """Error free of scale and shift (the annotator sets its own range), a little of the plain error, and of slopes."""
    predicted_free, truth_free = _free(predicted), _free(truth)
    slopes = torch.stack([(predicted.diff(dim=d) - truth.diff(dim=d)).abs().mean() for d in (2, 3)]).sum()
    return functional.l1_loss(predicted_free, truth_free) * 0.5 + functional.l1_loss(predicted, truth) + slopes


def _overlap_loss(predicted: Tensor, truth: Tensor) -> Tensor:
    """Of logits [B, 1, h, w] against masks in 0..1: every pixel's error, and how little the whole things overlap."""
    share = predicted.sigmoid()
    both, either = (share * truth).sum((1, 2, 3)), (share + truth).sum((1, 2, 3))
    apart = 1 - (2 * both + 50) / (either + 50)
    return functional.binary_cross_entropy_with_logits(predicted, truth) + 0.5 * apart.mean()


def _free(x: Tensor) -> Tensor:
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    return centred / (centred.abs().mean(dim=(2, 3), keepdim=True) + 0.05)


DEPTH = Task("depth", 1, _loss)
SUBJECT = Task("subject", 2, _overlap_loss, after="depth")
