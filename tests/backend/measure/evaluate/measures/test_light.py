"""Light inside and outside, tones, and distances of colours."""

import numpy as np
import pytest

from backend.measure.evaluate.measures.light import Tone, colour_distance, contrast

rng = np.random.default_rng(2)
PICTURES = rng.integers(40, 200, (2, 32, 48, 3), dtype=np.uint8)


def test_light_inside_against_outside():
    pictures, inside = np.full((1, 16, 16, 3), 50, np.uint8), np.zeros((1, 16, 16), np.float32)
    pictures[:, :, 8:], inside[:, :, 8:] = 150, 1
    assert contrast(pictures, inside) == pytest.approx(0.5, abs=0.01)
    assert contrast(pictures, 1 - inside) == pytest.approx(-0.5, abs=0.01)


def test_where_there_is_no_inside_nothing_is_said():
    assert contrast(PICTURES, np.zeros(PICTURES.shape[:3])) == 0.0


def test_a_tone_does_not_change_by_itself():
    assert Tone.of(PICTURES).change(Tone.of(PICTURES)) == 0.0


@pytest.mark.parametrize(
    "other",
    [(PICTURES * 0.8).astype(np.uint8), PICTURES.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8)],
    ids=["darker", "gray"],
)
def test_darker_or_grayer_is_a_change(other: np.ndarray):
    assert Tone.of(other).change(Tone.of(PICTURES)) > 0.15


def test_colours_of_a_shuffled_picture_are_the_same_and_of_a_tinted_one_are_not():
    shuffled = rng.permutation(PICTURES.reshape(-1, 3)).reshape(PICTURES.shape)
    assert colour_distance(PICTURES, shuffled) == pytest.approx(0, abs=1e-4)
    tinted = PICTURES.copy()
    tinted[..., 0] += 51
    assert colour_distance(PICTURES, tinted) == pytest.approx(0.2, abs=1e-3)
