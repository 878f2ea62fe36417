"""The block transform against numpy's singular value decomposition: no other matrix of its rank comes nearer."""

import numpy as np
import pytest
import torch
from einops import rearrange

from vace_core.autoencoder.block_transform import BlockTransform
from vace_core.autoencoder.soft_picture import SoftPicture


def smooth_clips() -> torch.Tensor:
    noise = torch.rand((6, 3, 2, 8, 12), generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(noise, size=(8, 32, 48), mode="trilinear")


def test_it_leaves_what_the_leading_singular_vectors_leave():
    clips = smooth_clips()
    transform = BlockTransform(16)
    transform.fit(clips)
    latents = transform(clips)
    assert latents.shape == (6, 16, 2, 4, 6)
    rows = latents.movedim(1, -1).flatten(0, -2).double().numpy()
    blocks = rearrange(clips, "b c (f t) (h y) (w x) -> (b f h w) (t y x c)", t=4, y=8, x=8).double().numpy()
    blocks -= blocks.mean(axis=0)
    best = np.linalg.lstsq(rows - rows.mean(axis=0), blocks, rcond=None)[0]
    error = np.square((rows - rows.mean(axis=0)) @ best - blocks).sum()
    singular = np.linalg.svd(blocks, compute_uv=False)
    assert abs(error - (singular[16:] ** 2).sum()) < 1e-3 * (singular**2).sum()


def test_latents_are_about_as_strong_as_noise_and_uncorrelated():
    clips = smooth_clips()
    transform = BlockTransform(16)
    transform.fit(clips)
    rows = transform(clips).movedim(1, -1).flatten(0, -2)
    deviation = rows.std(dim=0)
    assert rows.mean(dim=0).abs().max() < 0.02
    assert abs(float(deviation.square().mean()) - 1) < 0.02
    assert deviation[0] > deviation[-1] > 0.2
    assert (torch.corrcoef(rows.T) - torch.eye(16)).abs().max() < 0.05


def test_no_training_changes_it():
    assert not any(parameter.requires_grad for parameter in BlockTransform(4).parameters())


def test_the_soft_picture_has_the_means_of_every_quarter_square():
    clips = smooth_clips()
    transform, soft = BlockTransform(768), SoftPicture(768)  # as many channels as values: nothing is lost
    transform.fit(torch.rand((40, 3, 8, 32, 48), generator=torch.Generator().manual_seed(1)))
    soft.fit(transform)
    shown = soft(transform(clips))
    assert shown.shape == clips.shape
    means = torch.nn.functional.avg_pool3d(clips, (1, 4, 4)).transpose(1, 2).flatten(0, 1)
    smooth = torch.nn.functional.interpolate(means, scale_factor=4, mode="bilinear")
    assert (shown.transpose(1, 2).flatten(0, 1) - smooth).abs().max() < 2e-3


def test_the_soft_picture_has_no_edge_between_squares_that_disagree():
    soft = SoftPicture(4)
    with torch.no_grad():
        shown = soft(torch.randn(1, 4, 8, 32, 48, generator=torch.Generator().manual_seed(0)))
    steps = shown.diff(dim=4).abs()
    between_squares, between_their_halves = steps[..., 7::8].mean(), steps[..., 3::8].mean()
    assert float(between_squares) == pytest.approx(float(between_their_halves), rel=0.25)
    assert float(between_squares) == pytest.approx(float(steps[..., 8:-8:8].mean()), rel=0.02)  # beside the edge
