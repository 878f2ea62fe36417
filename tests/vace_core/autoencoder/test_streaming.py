"""Both autoencoders, and each in parts, piece by piece and whole; Wan's against diffusers'."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from torch import Tensor

from tests.vace_core.small import tiny_autoencoder
from vace_core.autoencoder import Autoencoder
from vace_core.autoencoder.block_transform import BlockTransform
from vace_core.autoencoder.in_parts import InParts
from vace_core.autoencoder.statistics import MEAN, STD
from vace_core.autoencoder.tiny import TinyAutoencoder, TinySizes
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.checkpoints.autoencoder import DIFFUSERS


def wan() -> WanAutoencoder:
    torch.manual_seed(0)
    return WanAutoencoder(dim=4).eval()


def transforming() -> TinyAutoencoder:
    """The pocket's kind: a transform of blocks for an encoder, here fitted to noise."""
    torch.manual_seed(0)
    model = TinyAutoencoder(TinySizes(0, (8, 8, 8), blocks=1, shuffle=True)).eval()
    assert isinstance(model.encoder, BlockTransform)
    model.encoder.fit(torch.rand((4, 3, 8, 64, 64), generator=torch.Generator().manual_seed(3)))
    return model


def tiny_in_parts() -> InParts:
    return InParts(tiny_autoencoder())


def wan_in_parts() -> InParts:
    return InParts(wan())


ALL = pytest.mark.parametrize("make", [tiny_autoencoder, transforming, wan, tiny_in_parts, wan_in_parts])
SPLITS = pytest.mark.parametrize("split", [(13,), (1, 12), (1, 4, 4, 4), (5, 8), (9, 4)])


def video(frames: int, seed: int = 0) -> Tensor:
    return torch.rand((1, 3, frames, 16, 24), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def latents(frames: int, seed: int = 0) -> Tensor:
    return torch.randn((1, 16, frames, 2, 3), generator=torch.Generator().manual_seed(seed))


@ALL
@SPLITS
@torch.no_grad()
def test_a_video_encoded_in_pieces_equals_the_whole(make: Any, split: tuple[int, ...]) -> None:
    autoencoder = make()
    whole, _ = autoencoder.encode(video(13))
    state, pieces = None, []
    for piece in video(13).split(split, dim=2):
        part, state = autoencoder.encode(piece, state)
        pieces.append(part)
    assert whole.shape == (1, 16, 4, 2, 3)
    torch.testing.assert_close(torch.cat(pieces, dim=2), whole, atol=1e-5, rtol=1e-5)


@ALL
@pytest.mark.parametrize("split", [(1, 3), (1, 1, 1, 1), (3, 1), (2, 2)])
@torch.no_grad()
def test_latents_decoded_in_pieces_equal_the_whole(make: Any, split: tuple[int, ...]) -> None:
    autoencoder = make()
    whole, _ = autoencoder.decode(latents(4))
    state, pieces = None, []
    for piece in latents(4).split(split, dim=2):
        part, state = autoencoder.decode(piece, state)
        pieces.append(part)
    assert whole.shape == (1, 3, 13, 16, 24)
    assert whole.std() > 0.001
    torch.testing.assert_close(torch.cat(pieces, dim=2), whole, atol=1e-5, rtol=1e-5)


@ALL
@torch.no_grad()
def test_two_streams_in_turns_equal_two_alone(make: Any) -> None:
    autoencoder: Autoencoder = make()
    alone = [autoencoder.encode(video(9, seed))[0] for seed in (0, 1)]
    states: list[Any] = [None, None]
    pieces: list[list[Tensor]] = [[], []]
    for frames in (slice(0, 1), slice(1, 5), slice(5, 9)):
        for n in (0, 1):
            part, states[n] = autoencoder.encode(video(9, n)[:, :, frames], states[n])
            pieces[n].append(part)
    for n in (0, 1):
        torch.testing.assert_close(torch.cat(pieces[n], dim=2), alone[n], atol=1e-5, rtol=1e-5)


@ALL
@torch.no_grad()
def test_a_state_is_replaced_and_never_written_to(make: Any) -> None:
    autoencoder: Autoencoder = make()
    _, state = autoencoder.encode(video(1))
    once, _ = autoencoder.encode(video(4, seed=1), state)
    again, _ = autoencoder.encode(video(4, seed=1), state)
    torch.testing.assert_close(once, again, atol=0, rtol=0)


@ALL
@torch.no_grad()
def test_a_state_keeps_no_more_than_its_own_frames_alive(make: Any) -> None:
    autoencoder: Autoencoder = make()
    for _, state in (autoencoder.encode(video(9)), autoencoder.decode(latents(3))):
        for frames in vars(state).popitem()[1]:
            assert frames.untyped_storage().nbytes() == frames.numel() * frames.element_size()


@ALL
@torch.no_grad()
def test_an_encoder_forgets_after_as_many_latents_as_it_says(make: Any) -> None:
    """What lets a constant stream be encoded once: after its memory, the past makes no difference."""
    autoencoder: Autoencoder = make()
    same = video(1).expand(-1, -1, 4, -1, -1)
    states = [autoencoder.encode(video(1, seed))[1] for seed in (1, 2)]
    for _ in range(autoencoder.encoder_memory):
        parts = []
        for n, state in enumerate(states):
            part, states[n] = autoencoder.encode(same, state)
            parts.append(part)
    after = [autoencoder.encode(same, state)[0] for state in states]
    torch.testing.assert_close(*after, atol=0, rtol=0)


@ALL
@pytest.mark.parametrize(
    ("frames", "begins", "words"), [(12, True, "1 \\+ 4k frames"), (9, False, "4k frames"), (0, False, "got 0")]
)
@torch.no_grad()
def test_a_wrong_number_of_frames_is_named(make: Any, frames: int, begins: bool, words: str) -> None:
    autoencoder: Autoencoder = make()
    state = None if begins else autoencoder.encode(video(1))[1]
    with pytest.raises(ValueError, match=words):
        autoencoder.encode(video(frames), state)


@ALL
def test_a_size_that_is_no_multiple_of_eight_is_named(make: Any) -> None:
    with pytest.raises(ValueError, match="multiples of 8, got 12x24"):
        make().encode(torch.zeros(1, 3, 1, 12, 24))


@torch.no_grad()
def test_wan_equals_diffusers_through_our_names_both_ways() -> None:
    ours = wan()
    theirs = AutoencoderKLWan(base_dim=4, z_dim=16).eval()
    theirs.load_state_dict(DIFFUSERS.to(ours.state_dict()), strict=True)
    back = DIFFUSERS.back(theirs.state_dict(), ours.state_dict())
    assert all(torch.equal(back[key], value) for key, value in ours.state_dict().items())
    mean, std = (torch.tensor(values).view(1, -1, 1, 1, 1) for values in (MEAN, STD))
    encoded, _ = ours.encode(video(9))
    expected = theirs.encode(video(9)).latent_dist.mode()  # type: ignore[union-attr]
    torch.testing.assert_close(encoded, (expected - mean) / std, atol=1e-4, rtol=1e-4)
    decoded, _ = ours.decode(latents(3))
    expected = theirs.decode(latents(3) * std + mean, return_dict=False)[0]
    torch.testing.assert_close(decoded, expected, atol=1e-4, rtol=1e-4)
