"""What training counts as an error of a picture."""

import pytest
import torch

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.pocket.sizes import AUTOENCODER
from vace_core.pocket.training import picture_loss as losses
from vace_core.pocket.training.picture_loss import SEEN, picture_loss, seen_loss


@pytest.fixture
def pictures():
    return torch.rand(1, 3, 5, 48, 48, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    return TinyAutoencoder(AUTOENCODER).eval().requires_grad_(False)


def test_a_picture_is_no_error_beside_itself(pictures):
    loss, error, unlike = picture_loss(pictures, pictures)
    assert float(loss) == pytest.approx(0, abs=1e-5)
    assert float(error) == 0
    assert float(unlike) == pytest.approx(0, abs=1e-5)


def test_detail_at_the_wrong_place_is_nearer_than_none(pictures):
    """By what is counted of it; by the mean error alone the soft picture would be the nearer one."""
    soft, moved = torch.zeros_like(pictures), pictures.roll((3, 5), dims=(3, 4))
    assert (moved - pictures).abs().mean() > (soft - pictures).abs().mean()
    wanted, far, near = (losses._detail(video) for video in (pictures, soft, moved))
    assert (near - wanted).abs().mean() < 0.1 * (far - wanted).abs().mean()


def test_latents_learn_from_what_is_seen_of_them_and_the_decoder_does_not(decoder):
    wanted = torch.randn(2, 16, 3, 16, 24, generator=torch.Generator().manual_seed(1))
    made = (wanted + 0.3).requires_grad_(True)
    seen_loss(decoder, made, wanted).backward()
    assert made.grad is not None
    places = made.grad.abs().sum(dim=(0, 1, 2)).nonzero()
    top, left = places.min(dim=0).values.tolist()
    bottom, right = (places.max(dim=0).values + 1).tolist()
    assert (bottom - top, right - left) == SEEN
    assert top % AUTOENCODER.period == left % AUTOENCODER.period == 0  # its textures stand where a stream has them
    assert all(parameter.grad is None for parameter in decoder.parameters())
    assert float(seen_loss(decoder, wanted, wanted)) == pytest.approx(0, abs=1e-5)
