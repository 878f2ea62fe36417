"""A transformer carried over to latents that are a rotation of its own does there what it did before."""

import torch

from vace_core.config import POCKET
from vace_core.pocket.training.weight_transfer import LatentMap, transfer_weights
from vace_core.transformer import CausalWan


def turned(latents, rotation):
    return torch.einsum("kc,bcfhw->bkfhw", rotation, latents)


def flow(model, latents, context):
    time, prompt = (
        model.embed_time(torch.tensor([[625.0]])),
        model.embed_prompt(torch.randn(1, 4, 96).new_zeros(1, 4, 96)),
    )
    return model(latents, time, prompt, model.embed_context(context), (1.0,) * len(model.vace_blocks))


@torch.no_grad()
def test_rotated_latents_make_the_same_picture():
    torch.manual_seed(0)
    model = CausalWan(POCKET).eval()
    rotation = torch.linalg.qr(torch.randn(16, 16)).Q
    rows = torch.randn(4000, 16)
    over = LatentMap.between(rows @ rotation.T + 0.3, rows)
    assert torch.allclose(over.rotation, rotation.T, atol=1e-4)

    noisy, inactive, reactive = (torch.randn(1, 16, 3, 4, 6) for _ in range(3))
    mask = torch.ones(1, 64, 3, 4, 6)
    before = flow(model, noisy, torch.cat((inactive, reactive, mask), dim=1))
    transfer_weights(model, over)
    streams = [turned(stream, rotation) + 0.3 for stream in (inactive, reactive)]
    after = flow(model, turned(noisy, rotation), torch.cat((*streams, mask), dim=1))
    assert torch.allclose(after, turned(before, rotation), atol=1e-3)
