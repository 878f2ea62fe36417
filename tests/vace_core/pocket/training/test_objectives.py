"""What is taught is what a stream does: the same references, in the same places, seen by the same frames."""

from __future__ import annotations

import shutil
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from tests.vace_core.small import ARCHITECTURE, LATENT, PER_FRAME, latents, text, transformer
from vace_core.config import Pipeline
from vace_core.memory import KVRecorder, ReferenceKV, WindowMemory, recorded
from vace_core.pocket.training import objectives
from vace_core.pocket.training.batches import Batch
from vace_core.pocket.training.plain_attention import Part, mask_of, plain_attention
from vace_core.pocket.training.transformer_training import fuse
from vace_core.text import TextEncoder
from vace_core.transformer import CausalWan, Context, attention

TIME = torch.tensor([625.0])
PROMPT = text()


class Words(nn.Module):
    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return PROMPT


WORDS = cast(TextEncoder, Words())


def batch(way: str) -> Batch:
    ids = torch.zeros(1, 1, dtype=torch.long)
    return Batch(
        mode="control+reference",
        clean=latents(3, 1),
        history=latents(3, 4),
        earlier=None,
        context=latents(3, 2, channels=96),
        references=latents(2, 3, channels=96),
        references_as=way,
        ids=ids,
        mask=torch.ones_like(ids),
        time=TIME,
    )


def beside(model: CausalWan, given: Batch) -> ReferenceKV:
    """References as `conditioning.reference_embedding.ReferenceEmbedder` lays them beside a chunk."""
    assert given.references is not None
    if given.references_as == "joint":
        return ReferenceKV((1.0, 1.0))
    references, pictures = model.embed_references(given.references), given.references[:, :16]
    turn = model.rotation(range(2), pictures)
    layers = [KVRecorder(turn, None) for _ in model.blocks]
    clean, prompt = model.embed_time(torch.tensor([[0.0]])), model.embed_prompt(PROMPT)
    model(pictures, clean, prompt, Context(references.tokens, None), memory=layers, turn=turn)
    return ReferenceKV((1.0, 1.0), recorded(layers))


@torch.no_grad()
@pytest.mark.parametrize("way", ["paper", "slot", "joint"])
def test_a_lesson_is_what_a_stream_computes(way: str) -> None:
    model, given = transformer(), batch(way)
    assert given.context is not None
    assert given.references is not None
    assert given.history is not None
    noisy = latents(5 if way == "joint" else 3, 7)
    taught = objectives.flow(model, WORDS, given, noisy, given.history)

    rule = WindowMemory(ARCHITECTURE, *LATENT, Pipeline("six", ARCHITECTURE, window=6, sink=0))
    state, prompt = rule.init_state(1, "cpu", torch.float32), model.embed_prompt(PROMPT)
    view = rule.begin(state, range(3))
    model(given.history, model.embed_time(torch.tensor([[0.0]])), prompt, memory=view.layers, turn=view.turn)
    context = model.embed_context(given.context, model.embed_references(given.references))
    if way == "joint":
        assert context.references is not None
        context = Context(context.tokens, None).behind(context.references)
    view = rule.begin(state, range(3, 6), references=None if way == "paper" else beside(model, given))
    streamed = model(noisy, model.embed_time(TIME[None]), prompt, context, memory=view.layers, turn=view.turn)
    torch.testing.assert_close(taught, streamed, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_plain_attention_is_the_usual_one() -> None:
    model = transformer()
    time, prompt = model.embed_time(TIME[None]), model.embed_prompt(PROMPT)
    parts = [Part(3 * PER_FRAME), Part(2 * PER_FRAME), Part(PER_FRAME, back=5 * PER_FRAME)]
    usual = model(latents(6, 1), time, prompt, mask=mask_of(parts))
    with plain_attention(parts):
        torch.testing.assert_close(model(latents(6, 1), time, prompt, mask=mask_of(parts)), usual)


def test_the_same_parts_give_the_same_function_for_which_compiled_code_is_found_again() -> None:
    seen = []
    for _ in range(2):
        with plain_attention([Part(4), Part(2, back=4)]):
            seen.append(attention.attend)
    assert seen[0] is seen[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler on this machine: nothing is fused without one")
@pytest.mark.filterwarnings("ignore")  # the compiler warns of itself
def test_fused_blocks_teach_the_same() -> None:
    model, given = transformer().requires_grad_(True), batch("paper")

    def taught() -> tuple[Tensor, Tensor]:
        made = objectives.flow(model, WORDS, given, latents(3, 5), given.history)
        model.zero_grad()
        made.square().mean().backward()
        gradient = model.blocks[0].get_parameter("self_attn.q.weight").grad
        assert gradient is not None
        return made.detach(), gradient.clone()

    usual = taught()
    fuse(model, print)
    for fused, plain in zip(taught(), usual, strict=True):
        torch.testing.assert_close(fused, plain, atol=1e-5, rtol=1e-4)
