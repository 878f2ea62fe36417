"""The model's forward as it is taught: a clean chunk, the references as a stream shows them, a noisy chunk."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vace_core.text import TextEncoder
from vace_core.transformer import CausalWan, Context, Prompt, Time

from .batches import CHUNK, Batch
from .plain_attention import Part, mask_of, plain_attention


@dataclass(frozen=True)
class Objective:
    """What a forward is asked: latents [B, 16, f, h, w], of which the last `judged` frames count, and what it sees."""

    latents: Tensor
    time: Time
    first: int
    """Temporal position of the first frame, where the chunk's own is 0."""
    judged: int
    context: Context | None
    hints: list[Tensor] | None = None
    apart: int = 0
    """So many frames at the front see themselves alone."""


def flow(model: CausalWan, text: TextEncoder, batch: Batch, noisy: Tensor, history: Tensor | None) -> Tensor:
    """The predicted flow [B, 16, f, h, w] of noisy latents: the chunk's, behind those of its references in "joint"."""
    with plain_attention():
        prompt = model.embed_prompt(text(batch.ids, batch.mask))
        lesson = {"paper": _paper, "slot": _slot, "joint": _joint}[batch.references_as](model, prompt, batch, noisy)
    past = 0 if history is None else CHUNK
    latents = lesson.latents if history is None else torch.cat((history, lesson.latents), dim=2)
    time, frames = lesson.time, lesson.latents.shape[2]
    if past:
        clean = model.embed_time(batch.time.new_zeros(len(batch.time), past))
        time = Time.cat((clean, time), dim=1)
    turn = model.rotation([*range(past), *range(past + lesson.first, past + lesson.first + frames)], latents)
    per_frame = model.architecture.tokens(*noisy.shape[-2:])
    sizes = [size * per_frame for size in (past, lesson.apart, frames - lesson.apart)]
    parts = [Part(sizes[0]), Part(sizes[1]), Part(sizes[2], back=sizes[0] + sizes[1])]
    parts = [part for part in parts if part.tokens]
    with plain_attention(parts):
        mask = mask_of(parts) if len(parts) > 1 else None
        out = model(latents, time, prompt, lesson.context, mask=mask, turn=turn, hints=lesson.hints)
    return out[:, :, -lesson.judged :]


def _times(model: CausalWan, batch: Batch, clean: int, noisy: int) -> Time:
    """Clean frames first, then frames at the batch's own times."""
    own = batch.time[:, None].expand(-1, noisy)
    return model.embed_time(torch.cat((own.new_zeros(len(own), clean), own), dim=1))


def _paper(model: CausalWan, prompt: Prompt, batch: Batch, noisy: Tensor) -> Objective:
    """References in the context blocks alone."""
    references = None if batch.references is None else model.embed_references(batch.references)
    context = None if batch.context is None else model.embed_context(batch.context, references)
    return Objective(noisy, _times(model, batch, 0, CHUNK), 0, CHUNK, context)


def _slot(model: CausalWan, prompt: Prompt, batch: Batch, noisy: Tensor) -> Objective:
    """Besides, the clean references before the chunk in the main path, which see themselves and their own hints."""
    assert batch.references is not None
    assert batch.context is not None
    n = batch.references.shape[2]
    pictures = batch.references[:, : model.architecture.latent_channels]
    latents = torch.cat((pictures, noisy), dim=2)
    references = model.embed_references(batch.references)
    alone = Context(references.tokens, None)
    own = model.hints(references.clean, _times(model, batch, n, 0), prompt, alone, pictures)
    beside = model.embed_context(batch.context, references)
    chunk = model.hints(model.patchify(noisy), _times(model, batch, 0, CHUNK), prompt, beside, noisy)
    hints = [torch.cat(pair, dim=1) for pair in zip(own, chunk, strict=True)]
    return Objective(latents, _times(model, batch, n, CHUNK), -n, CHUNK, None, hints, apart=n)


def _joint(model: CausalWan, prompt: Prompt, batch: Batch, noisy: Tensor) -> Objective:
    """As batch VACE: references are noisy frames too, made along with the chunk."""
    assert batch.references is not None
    assert batch.context is not None
    n = batch.references.shape[2]
    context = model.embed_context(torch.cat((batch.references, batch.context), dim=2))
    return Objective(noisy, _times(model, batch, 0, n + CHUNK), -n, n + CHUNK, context)
