"""A decoder that knows its place on the screen: textures of a period, from the upper left, and nothing else of it."""

import torch

from vace_core.autoencoder.tiny import Place, TinyAutoencoder, TinySizes

SIZES = TinySizes(encoder=0, decoder=(8, 8, 8), blocks=1, shuffle=True, period=2)
MARGIN = 9
"""Latents from the side within which layers see beyond it."""


def decoder(pattern: float) -> TinyAutoencoder:
    torch.manual_seed(0)
    model = TinyAutoencoder(SIZES).eval()
    place = next(layer for layer in model.decoder if isinstance(layer, Place))
    with torch.no_grad():
        place.pattern.normal_(std=pattern) if pattern else place.pattern.zero_()
    return model


@torch.inference_mode()
def moved_and_alike(model: TinyAutoencoder, by: int) -> bool:
    """Whether latents moved to the right give the picture moved to the right, away from its borders."""
    latents = torch.randn(1, 16, 1, 6, 32, generator=torch.Generator().manual_seed(1))
    usual, moved = model.decode_raw(latents)[0], model.decode_raw(latents.roll(by, -1))[0].roll(-8 * by, -1)
    inside = (..., slice(8 * MARGIN, -8 * (MARGIN + by)))
    return torch.allclose(usual[inside], moved[inside], atol=1e-5)


def test_a_pattern_repeats_after_its_period_and_not_before():
    model = decoder(1.0)
    assert moved_and_alike(model, 2)
    assert not moved_and_alike(model, 1)


def test_a_decoder_without_a_pattern_knows_no_place():
    assert moved_and_alike(decoder(0.0), 1)


def test_sizes_that_are_no_multiple_of_the_period_begin_at_the_upper_left():
    model = decoder(1.0)
    latents = torch.randn(1, 16, 1, 7, 9, generator=torch.Generator().manual_seed(1))
    place = next(layer for layer in model.decoder if isinstance(layer, Place))
    added = place(torch.zeros(1, 8, 7, 9))[0]
    assert torch.equal(added[:, 6, 8], place.pattern[:, 0, 0])
    assert torch.equal(added[:, 1, 8], place.pattern[:, 1, 0])
    assert model.decode(latents)[0].shape == (1, 3, 1, 56, 72)
