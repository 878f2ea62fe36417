"""Gradients that agree, sharpness, and tiles."""

import cv2
import numpy as np
import pytest

from backend.measure.evaluate.measures.detail import gradient_correlation, mean_gradient, sharpness, tile_ratio

rng = np.random.default_rng(3)


def soft_noise() -> np.ndarray:
    """Two pictures [2, 96, 128, 3] of soft blots."""
    noise = rng.random((2, 96, 128, 3)).astype(np.float32)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 2.0) for picture in noise])
    return ((soft - soft.min()) / (soft.max() - soft.min()) * 255).astype(np.uint8)


SOFT = soft_noise()


def blurred(pictures: np.ndarray, sigma: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(picture, (0, 0), sigma) for picture in pictures])


def in_tiles(pictures: np.ndarray, step: int) -> np.ndarray:
    """Every square of 8 pixels is a little lighter or darker than its neighbours."""
    rows, columns = np.mgrid[: pictures.shape[1], : pictures.shape[2]] // 8
    sign = np.where((rows + columns) % 2, step, -step)[None, ..., None]
    return np.clip(pictures.astype(int) + sign, 0, 255).astype(np.uint8)


def test_gradients_of_the_same_pictures_agree():
    assert gradient_correlation(SOFT, SOFT) == pytest.approx(1.0)


def test_gradients_of_a_darker_picture_agree_and_those_of_its_negative_are_opposite():
    assert gradient_correlation(SOFT, SOFT // 2) > 0.95
    assert gradient_correlation(SOFT, 255 - SOFT) == pytest.approx(-1.0, abs=0.01)


def test_gradients_of_a_shifted_picture_agree_less_the_farther_it_is_shifted():
    near, far = (gradient_correlation(SOFT, np.roll(SOFT, by, axis=2)) for by in (1, 6))
    assert 0.5 < near < 0.98
    assert abs(far) < 0.3


def test_gradients_of_pictures_that_share_nothing_do_not_agree():
    assert abs(gradient_correlation(SOFT, SOFT[::-1])) < 0.1


def test_a_blurred_picture_is_less_sharp_and_an_even_one_not_at_all():
    assert sharpness(SOFT, SOFT) == pytest.approx(1.0)
    assert sharpness(blurred(SOFT, 2.0), SOFT) < 0.8
    assert sharpness(np.full_like(SOFT, 90), SOFT) == 0.0
    assert sharpness(SOFT, blurred(SOFT, 2.0)) > 1.2


def test_the_mean_gradient_of_a_slope_is_its_steepness():
    slope = np.zeros((1, 16, 64, 3), np.uint8)
    slope[:] = np.arange(64)[None, None, :, None] * 2
    assert mean_gradient(slope) == pytest.approx(1 / 255, rel=0.01)  # half of the steps are down the rows, and 0


def test_the_grid_is_not_seen_in_a_picture_that_knows_nothing_of_it():
    assert tile_ratio(SOFT) == pytest.approx(1.0, abs=0.1)
    assert tile_ratio(np.full_like(SOFT, 7)) == 1.0


def test_tiles_raise_the_ratio_the_more_they_are_seen():
    faint, plain = (tile_ratio(in_tiles(SOFT, step)) for step in (2, 8))
    assert 1.2 < faint < plain
    assert plain > 2


def test_nothing_but_tiles_is_a_ratio_without_end():
    assert tile_ratio(in_tiles(np.full_like(SOFT, 90), 8)) == float("inf")


def test_lines_that_lie_elsewhere_are_no_tiles():
    assert tile_ratio(np.roll(in_tiles(SOFT, 8), 4, axis=(1, 2))) < 1.1
