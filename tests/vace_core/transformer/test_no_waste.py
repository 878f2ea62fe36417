"""What is done with fewer kernels equals the plain formula, to the bit."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tests.vace_core.small import latents, text, transformer
from vace_core.transformer.attention import RMSNorm
from vace_core.transformer.block import Block
from vace_core.transformer.context_blocks import ContextBlock
from vace_core.transformer.model import CausalWan, _add_to_the_last

SEED = torch.Generator().manual_seed(3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("width", [48, 192, 1536])
def test_a_norm_equals_one_that_goes_through_float32(dtype: torch.dtype, width: int) -> None:
    norm = RMSNorm(width, 1e-6)
    norm.weight.data.copy_(torch.randn(width, generator=SEED))
    norm, x = norm.to(dtype), (3 * torch.randn((2, 70, width), generator=SEED)).to(dtype)
    expected = functional.rms_norm(x.float(), (width,), norm.weight.float(), 1e-6).to(dtype)
    assert torch.equal(norm(x), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@torch.no_grad()
def test_the_kept_modulation_of_a_timestep_is_what_each_layer_would_add(dtype: torch.dtype) -> None:
    model = transformer().to(dtype)
    timesteps = torch.tensor([[937.5, 250.0, 0.0]])
    time, (head, blocks) = model.embed_time(timesteps), _embedded(model, timesteps)
    for table, layers in ((time.blocks, model.blocks), (time.context, model.vace_blocks)):
        for kept, block in zip(table, layers, strict=True):
            assert isinstance(block, Block | ContextBlock)
            shift1, scale1, gate1, shift2, scale2, gate2 = (block.modulation[:, None] + blocks).unbind(2)
            plain = (shift1, 1 + scale1, gate1, shift2, 1 + scale2, gate2)
            assert torch.equal(kept, torch.stack(plain, dim=2))
    shift, scale = (model.head.modulation[:, None] + head[:, :, None]).unbind(2)
    assert torch.equal(time.head, torch.stack((shift, 1 + scale), dim=2))


def _embedded(model: CausalWan, timesteps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    half = model.architecture.frequency_dim // 2
    angles = timesteps.double()[..., None] * 10000.0 ** -(torch.arange(half).double() / half)
    head = model.time_embedding(torch.cat((angles.cos(), angles.sin()), dim=-1).to(model.dtype))
    return head, model.time_projection(head).unflatten(-1, (6, -1))


@pytest.mark.parametrize("scale", [0.3, 0.77, 1.0, 1.7])
@pytest.mark.parametrize("covered", [5, 9])
def test_a_hint_times_a_scale_on_the_device_equals_one_times_a_number(scale: float, covered: int) -> None:
    x, hint = torch.randn((1, 9, 48), generator=SEED), torch.randn((1, covered, 48), generator=SEED)
    expected = torch.cat((x[:, : 9 - covered], torch.add(x[:, 9 - covered :], hint, alpha=scale)), dim=1)
    _add_to_the_last(x, hint, torch.tensor([scale]))
    assert torch.equal(x, expected)


def test_a_scale_is_not_rounded_to_the_precision_of_what_it_scales() -> None:
    x, hint = torch.zeros((1, 1, 4096)).bfloat16(), torch.ones((1, 1, 4096)).bfloat16() * 256
    _add_to_the_last(x, hint, torch.tensor([0.998]))
    assert x.unique().item() == 255.0  # as bfloat16, 0.998 is 1


@torch.no_grad()
def test_scales_as_a_tensor_equal_scales_as_numbers() -> None:
    model = transformer()
    time, prompt = model.embed_time(torch.tensor([[625.0]])), model.embed_prompt(text())
    context = model.embed_context(latents(3, 9, channels=96))
    plain = model(latents(3, 1), time, prompt, context, (0.3, 1.2))
    assert torch.equal(model(latents(3, 1), time, prompt, context, torch.tensor([0.3, 1.2])), plain)
    assert not torch.equal(model(latents(3, 1), time, prompt, context, torch.tensor([0.3, 1.3])), plain)
