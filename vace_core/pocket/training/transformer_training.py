"""Training the pocket's transformer and text encoder with teacher forcing: a clean chunk before, a noisy chunk now."""

from __future__ import annotations

import copy
import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.config import POCKET
from vace_core.mixed_precision import mixed_precision
from vace_core.text import TextEncoder
from vace_core.transformer import CausalWan
from vace_core.transformer.block import Block
from vace_core.transformer.context_blocks import ContextBlock

from ..loading import fill
from ..text_encoder import new_text_encoder
from . import objectives
from .batches import CHUNK, Batch, Batches, stream_schedule
from .data_parallel import DataParallel
from .picture_loss import seen_loss

Report = Callable[[str], None]
QUIET = 0.2
"""How much of their usual size the blocks' last projections begin with."""
RENEW = 50
"""Steps after which new clips are looked for."""
SHAPES = 100
"""Kinds of batches, by size, memory, references and their way, that blocks are compiled for, each once."""
KEPT = 0.998
"""How much of the averaged weights stays at each step."""


@dataclass(frozen=True)
class TransformerBudget:
    """When to stop: after `steps`, or `minutes` if that comes first.

    Until `first` of the way, nothing but following a control from the start of a stream is trained: all else builds on
    it. Until `small` of the way, quarters of frames are shown, `small_batch` of them to each process; later whole ones.
    """

    steps: int
    minutes: float
    batch: int = 4
    small_batch: int = 8
    first: float = 0.1
    small: float = 0.4
    seen: float = 0.5
    """From this part of the way on, errors count as the pictures show them, too."""
    rate: float = 1.5e-3
    fused: bool = True
    """Compile the blocks, which takes about a minute for each shape of batch and a third off every step after it."""

    def going_on(self) -> TransformerBudget:
        """For a model that is trained already, and learns further controls and modes."""
        return replace(self, first=0.0, small=0.0, seen=0.0, rate=0.5 * self.rate)


class Pocket(nn.Module):
    """All that is trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = CausalWan(POCKET)
        self.text: TextEncoder = new_text_encoder(POCKET.text_dim)
        _open(self.transformer)


@torch.no_grad()
def _open(model: CausalWan) -> None:
    """Begin with everything seen: noise, inactive and reactive latents each in a third of the width of their own.

    The head begins as the first third's inverse and the hints hand on what they are given, so that the first steps
    are spent on what to make of it. From projections that begin at zero, which suit an adapter to a finished model,
    the control was not found in 700 steps.
    """
    main, context, head = model.patch_embedding, model.vace_patch_embedding, model.head.head
    values = main.weight[0].numel()
    basis = torch.linalg.qr(torch.randn(POCKET.dim, POCKET.dim)).Q
    noise, inactive, reactive = basis.split(values, dim=1)
    gain = (POCKET.dim / values) ** 0.5
    main.weight.copy_(gain * noise.reshape(main.weight.shape))
    assert main.bias is not None
    main.bias.zero_()
    head.weight.copy_(noise.reshape(POCKET.dim, POCKET.latent_channels, -1).permute(2, 1, 0).flatten(0, 1) / gain)
    head.bias.zero_()
    for start, part in ((0, inactive), (16, reactive)):
        context.weight[:, start : start + 16] = gain * part.reshape(main.weight.shape)
    for block in (*model.blocks, *model.vace_blocks):
        assert isinstance(block, Block)
        for last in (block.self_attn.o, block.cross_attn.o, block.ffn[2]):
            assert isinstance(last, nn.Linear)
            last.weight.mul_(QUIET)
    for block in model.vace_blocks:
        assert isinstance(block, ContextBlock)
        nn.init.eye_(block.after_proj.weight).mul_(1 / len(model.vace_blocks))
        if hasattr(block, "before_proj"):
            nn.init.eye_(block.before_proj.weight)


def train_transformer(
    together: DataParallel,
    batches_from: Callable[[], Batches],
    out: Path,
    budget: TransformerBudget,
    seed: int,
    report: Report,
    start: Path | None = None,
) -> None:
    """Train, keeping out/pocket.pt (everything, to go on from) and its averaged weights for use.

    start: a folder of finished weights to begin with, in place of new ones.
    """
    torch.manual_seed(seed)
    model = Pocket()
    if start is not None:
        fill(model.transformer, "transformer", folder=start)
        fill(model.text.encoder, "text", folder=start)
        model.requires_grad_(True)
        budget = budget.going_on()
    average = copy.deepcopy(model).requires_grad_(False)
    if budget.fused:
        fuse(model.transformer, report)
    optimiser = torch.optim.AdamW(_groups(model), lr=budget.rate, betas=(0.9, 0.97))
    step, before = _resume(out, model, average, optimiser)
    batches = batches_from()
    rng = np.random.default_rng((seed, together.rank, step))
    torch.manual_seed(seed + 1000 * (1 + together.rank) + step)
    began, saved, losses = time.monotonic() - before, time.monotonic(), {}
    while True:
        done = together.agree(max(step / budget.steps, (time.monotonic() - began) / (60 * budget.minutes)))
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = budget.rate * min(1, (step + 1) / 100) * (0.04 + 0.96 * math.cos(0.5 * math.pi * done) ** 2)
        small = done < budget.small
        batch = batches.draw(rng, budget.small_batch if small else budget.batch, small, first=done < budget.first)
        decoder = batches.decoder if done >= budget.seen else None
        loss = _loss(model, batch, batches.weight, decoder, own_history=bool(done > 0.5 and rng.random() < 0.25))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        together.average_gradients(model)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % RENEW == 0:
            batches.renew()
        with torch.no_grad():
            keep = min(KEPT, step / (step + 10))
            for kept, new in zip(average.parameters(), model.parameters()):
                kept.lerp_(new, 1 - keep)
        past = losses.get(batch.mode, float(loss.detach()))
        losses[batch.mode] = past + (float(loss.detach()) - past) / 30
        if together.leads and step % 100 == 0:
            by_mode = ", ".join(f"{mode} {value:.3f}" for mode, value in sorted(losses.items()))
            report(f"transformer: step {step}, {100 * done:.0f} % of the budget, {by_mode}")
        if together.leads and time.monotonic() - saved > 240:
            _save(out, model, average, optimiser, step, time.monotonic() - began)
            saved = time.monotonic()
    if together.leads:
        _save(out, model, average, optimiser, step, time.monotonic() - began)
        report(f"transformer: done after {step} steps")


def fuse(model: CausalWan, report: Report) -> None:
    """Compile what is done between a block's products into few loops, where there is a compiler for it."""
    if shutil.which("c++") is None:
        report("transformer: no C++ compiler was found (c++), so that training is about 1.5 times slower")
        return
    torch._dynamo.config.recompile_limit = SHAPES
    torch._dynamo.config.accumulated_recompile_limit = SHAPES * SHAPES
    for block in (*model.blocks, *model.vace_blocks):
        block.compile(dynamic=False)


def _loss(model: Pocket, batch: Batch, weight: Tensor, decoder: TinyAutoencoder | None, own_history: bool) -> Tensor:
    history = batch.history
    clean = batch.clean
    if batch.references_as == "joint" and batch.references is not None:
        clean = torch.cat((batch.references[:, : clean.shape[1]], clean), dim=2)
    with mixed_precision():
        if own_history and history is not None and batch.earlier is not None:
            history = _imagined(model, batch, history)
        noise = torch.randn_like(clean)
        sigma = (batch.time / 1000)[:, None, None, None, None]
        noisy = torch.lerp(clean, noise, sigma)
        flow = objectives.flow(model.transformer, model.text, batch, noisy, history)
        error = (flow.float() - (noise - clean)).square()
        loss = (error * weight[:, None, None, None]).mean()
        if decoder is None:
            return loss
        made = noisy - sigma * flow.float()
        return loss + seen_loss(decoder, made[:, :, -CHUNK:], clean[:, :, -CHUNK:])


@torch.no_grad()
def _imagined(model: Pocket, batch: Batch, history: Tensor) -> Tensor:
    """The chunk before as the model itself would finish it, so that it learns to go on from what it makes."""
    noise, last = torch.randn_like(history), stream_schedule().sigmas[-1]
    noisy = torch.lerp(history, noise, last)
    times = torch.full_like(batch.time, 1000 * last)
    earlier = replace(batch, context=batch.earlier, references=None, references_as="paper", time=times)
    return noisy - last * objectives.flow(model.transformer, model.text, earlier, noisy, None).float()


def _groups(model: nn.Module) -> list[dict]:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]


def _save(out: Path, model: Pocket, average: Pocket, optimiser, step: int, spent: float) -> None:
    state = {
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
        "spent": spent,
    }
    torch.save(state, out.with_suffix(".part"))
    os.replace(out.with_suffix(".part"), out)


def _resume(out: Path, model: Pocket, average: Pocket, optimiser) -> tuple[int, float]:
    """Steps done and seconds spent, from the file of a run that was cut off; 0 and 0 without one."""
    if not out.exists():
        return 0, 0.0
    state = torch.load(out, weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"], state["spent"]
