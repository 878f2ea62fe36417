"""Which frames a memory is rebuilt from."""

from __future__ import annotations

from dataclasses import replace

import torch

from tests.vace_core.small import PIPELINE, tiny_autoencoder
from vace_core.memory import frames_to_rebuild_from

LATENTS = torch.arange(40.0)[None, None, :, None, None].expand(1, 16, -1, 4, 6)


def frames(made: int, rebuild: int) -> tuple[list[float], torch.Tensor]:
    """The latents chosen after `made` of them, known by their number, and the first of them as it is."""
    rule = replace(PIPELINE, window=rebuild + 3, sink=0, positions="absolute", rebuild=rebuild)
    padding = torch.full_like(LATENTS[:, :, :1], -1.0).expand(-1, -1, max(rule.window - made, 0), -1, -1)
    history = torch.cat((padding, LATENTS[:, :, max(made - rule.window, 0) : made]), dim=2)
    shown = torch.full((1, 3, 4 * rebuild - 3, 32, 48), 0.5)
    chosen = frames_to_rebuild_from(history, made, rule, shown, tiny_autoencoder())
    return chosen[0, 0, :, 0, 0].tolist(), chosen[:, :, :1]


def test_the_streams_own_first_latent_comes_first_while_it_is_near() -> None:
    assert frames(3, 3)[0] == [0.0, 1.0, 2.0]
    assert frames(3, 6)[0] == [0.0, 1.0, 2.0]
    assert frames(6, 6)[0] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_later_the_oldest_picture_is_encoded_alone() -> None:
    encoded, _ = tiny_autoencoder().encode(torch.full((1, 3, 1, 32, 48), 0.5))
    for made, rebuild in ((6, 3), (12, 3), (9, 6)):
        numbers, first = frames(made, rebuild)
        assert numbers[1:] == [float(n) for n in range(made - rebuild + 1, made)]
        torch.testing.assert_close(first, encoded)
