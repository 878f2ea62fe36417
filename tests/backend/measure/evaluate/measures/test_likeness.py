"""Structural similarity, correlation, and errors that leave scale and shift free."""

import numpy as np
import pytest

from backend.measure.evaluate.measures.likeness import aligned_rmse, correlation, inner, ssim

rng = np.random.default_rng(1)
CLIP = rng.integers(0, 255, (2, 40, 48, 3), dtype=np.uint8)
DEPTH = rng.random((2, 8, 8)).astype(np.float32)


def test_a_clip_is_just_like_itself():
    assert ssim(CLIP, CLIP) == pytest.approx(1.0)


def test_noise_is_not_like_other_noise():
    assert abs(ssim(CLIP, CLIP[:, ::-1])) < 0.1


def test_pictures_without_structure_are_compared_by_their_light():
    """The closed form for constant pictures: (2 a b + C1) / (a^2 + b^2 + C1)."""
    dark, light = np.full((1, 32, 32, 3), 60, np.uint8), np.full((1, 32, 32, 3), 180, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(dark, light) == pytest.approx((2 * 60 * 180 + c1) / (60**2 + 180**2 + c1))


def test_what_lies_outside_the_region_does_not_count():
    changed = CLIP.copy()
    changed[:, :, 24:] = 255 - changed[:, :, 24:]
    region = np.zeros(CLIP.shape[:3], bool)
    region[:, :, :24] = True
    assert ssim(CLIP, changed, region) == pytest.approx(1.0)
    assert ssim(CLIP, changed, ~region) < 0.5


def test_a_region_that_no_window_fits_into_has_no_figure():
    assert np.isnan(ssim(CLIP, CLIP, np.zeros(CLIP.shape[:3], bool)))


def test_a_window_stays_within_its_region():
    region = np.zeros((40, 40), bool)
    region[10:30, 10:30] = True
    rows = np.flatnonzero(inner(region).any(axis=1))
    assert (rows.min(), rows.max()) == (15, 24)


def test_correlation_is_one_up_to_scale_and_shift_and_nought_for_what_does_not_vary():
    assert correlation(DEPTH, 3 * DEPTH + 1) == pytest.approx(1.0)
    assert correlation(DEPTH, -DEPTH) == pytest.approx(-1.0)
    assert correlation(DEPTH, np.ones_like(DEPTH)) == 0.0


def test_depth_that_is_right_but_for_scale_and_shift_has_no_error():
    assert aligned_rmse(0.3 * DEPTH + 0.2, DEPTH) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("read", [-DEPTH, np.zeros_like(DEPTH)])
def test_depth_read_the_wrong_way_round_is_no_better_than_none(read: np.ndarray):
    assert aligned_rmse(read, DEPTH) == pytest.approx(float(DEPTH.std()), rel=1e-4)


def test_the_error_is_what_noise_leaves_after_the_fit():
    noise = rng.normal(0, 0.1, (20, 40, 40))
    truth = rng.random((20, 40, 40))
    slope = truth.var() / (truth.var() + 0.01)
    assert aligned_rmse(truth + noise, truth) == pytest.approx(float(truth.std() * np.sqrt(1 - slope)), rel=0.02)
