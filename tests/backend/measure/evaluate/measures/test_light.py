"""Tones, and distances of colours."""

import numpy as np
import pytest

from backend.measure.evaluate.measures.light import Tone, colour_distance

rng = np.random.default_rng(2)
PICTURES = rng.integers(40, 200, (2, 32, 48, 3), dtype=np.uint8)


def test_a_tone_does_not_change_by_itself():
    assert Tone.of(PICTURES).change(Tone.of(PICTURES)) == 0.0


@pytest.mark.parametrize(
    "other",
    [(PICTURES * 0.8).astype(np.uint8), PICTURES.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8)],
    ids=["darker", "gray"],
)
def test_darker_or_grayer_is_a_change(other: np.ndarray):
    assert Tone.of(other).change(Tone.of(PICTURES)) > 0.15


def test_colours_that_are_the_same_are_not_apart():
    assert colour_distance(PICTURES, PICTURES) == 0.0


def test_black_is_a_hundred_from_white():
    black = np.zeros_like(PICTURES)
    assert colour_distance(black, black + 255) == pytest.approx(100, abs=0.1)


def test_another_hue_is_farther_than_a_small_shift():
    """Half of a checkerboard of large squares moves by a pixel, against red in the place of green."""
    rows, columns = np.mgrid[:32, :48] // 8
    green = np.zeros((1, 32, 48, 3), np.uint8)
    green[0, (rows + columns) % 2 == 1] = (0, 200, 0)
    red = green[..., [1, 0, 2]]
    assert 0 < colour_distance(green, np.roll(green, 1, axis=2)) < 0.3 * colour_distance(green, red)


def test_what_lies_where_counts():
    assert colour_distance(PICTURES, np.roll(PICTURES, 24, axis=2)) > 1
