"""The transformer against diffusers' and against itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers.models.transformers.transformer_wan_vace import WanVACETransformer3DModel

from tests.vace_core.small import ARCHITECTURE, PER_FRAME, latents, text, transformer
from vace_core.checkpoints.transformer import DIFFUSERS
from vace_core.transformer import CausalWan, block_causal_mask

TIME = torch.tensor([[625.0]])


def theirs() -> WanVACETransformer3DModel:
    a = ARCHITECTURE
    return WanVACETransformer3DModel(
        patch_size=a.patch,
        num_attention_heads=a.heads,
        attention_head_dim=a.head_dim,
        in_channels=a.latent_channels,
        out_channels=a.latent_channels,
        text_dim=a.text_dim,
        freq_dim=a.frequency_dim,
        ffn_dim=a.ffn_dim,
        num_layers=a.layers,
        vace_layers=list(a.vace_layers),
        vace_in_channels=a.context_channels,
    ).eval()


@torch.no_grad()
def test_batch_vace_equals_diffusers() -> None:
    ours, reference = transformer(), theirs()
    reference.load_state_dict(DIFFUSERS.to(ours.state_dict()), strict=True)
    video, context = latents(3, 1), latents(3, 2, channels=96)
    for scale in (1.0, 0.4):
        expected = reference(
            hidden_states=video,
            timestep=TIME[0],
            encoder_hidden_states=text(),
            control_hidden_states=context,
            control_hidden_states_scale=torch.full((len(ARCHITECTURE.vace_layers),), scale),
            return_dict=False,
        )[0]
        got = ours(video, ours.embed_time(TIME), ours.embed_prompt(text()), ours.embed_context(context), scale)
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_keys_go_to_diffusers_and_back() -> None:
    weights = transformer().state_dict()
    back = DIFFUSERS.back(DIFFUSERS.to(weights), weights)
    assert set(DIFFUSERS.to(weights)) == set(theirs().state_dict())
    assert all(back[key] is weights[key] for key in weights)


@torch.no_grad()
def test_scale_zero_equals_no_vace() -> None:
    model = transformer()
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    context = model.embed_context(latents(3, 2, channels=96))
    without = transformer(architecture=ARCHITECTURE)
    torch.testing.assert_close(
        model(latents(3, 1), time, prompt, context, scale=0.0), without(latents(3, 1), time, prompt), atol=0, rtol=0
    )
    assert not torch.allclose(model(latents(3, 1), time, prompt, context), without(latents(3, 1), time, prompt))


@torch.no_grad()
def test_an_untrained_adapter_changes_nothing() -> None:
    torch.manual_seed(0)
    model = CausalWan(ARCHITECTURE).eval()
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    context = model.embed_context(latents(3, 2, channels=96))
    torch.testing.assert_close(model(latents(3, 1), time, prompt, context), model(latents(3, 1), time, prompt))


@torch.no_grad()
def test_references_are_attended_to_and_leave_the_chunk_its_size() -> None:
    model = transformer()
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    control = latents(3, 2, channels=96)
    for count in (1, 2):
        context = model.embed_context(control, model.embed_references(latents(count, 3, channels=96)))
        hints = model.hints(model.patchify(latents(3, 1)), time, prompt, context, latents(3, 1))
        assert [tuple(hint.shape) for hint in hints] == [(1, 3 * PER_FRAME, ARCHITECTURE.dim)] * 2
        assert not torch.allclose(
            model(latents(3, 1), time, prompt, context),
            model(latents(3, 1), time, prompt, model.embed_context(control)),
        )


@torch.no_grad()
def test_a_context_shorter_than_the_latents_belongs_to_the_last_ones() -> None:
    """As in training: earlier chunks get no hint, and cannot see that a later one does."""
    model = transformer()
    mask = block_causal_mask(6, 3, PER_FRAME)
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    context = model.embed_context(latents(3, 2, channels=96))
    plain = model(latents(6, 1), time, prompt, mask=mask)
    hinted = model(latents(6, 1), time, prompt, context, mask=mask)
    torch.testing.assert_close(hinted[:, :, :3], plain[:, :, :3])
    assert not torch.allclose(hinted[:, :, 3:], plain[:, :, 3:])


@torch.no_grad()
def test_one_timestep_for_all_frames_equals_one_for_each() -> None:
    model = transformer()
    prompt, context = model.embed_prompt(text()), model.embed_context(latents(3, 2, channels=96))
    shared = model(latents(3, 1), model.embed_time(TIME), prompt, context)
    each = model(latents(3, 1), model.embed_time(TIME.expand(1, 3)), prompt, context)
    torch.testing.assert_close(shared, each)


def test_any_vace_layer_set_and_width_is_accepted() -> None:
    for layers in ((0,), (0, 1, 2, 3), (0, 3)):
        model = transformer(architecture=replace(ARCHITECTURE, dim=64, heads=4, vace_layers=layers))
        assert len(model.vace_blocks) == len(layers)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"vace_layers": (0, 9)}, "9"), ({"vace_layers": (1,)}, "main block 0"), ({"heads": 5}, "5 heads")],
)
def test_sizes_that_cannot_belong_together_are_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(ARCHITECTURE, **wrong)
