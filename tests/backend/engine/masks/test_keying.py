import numpy as np
import pytest

from backend.engine.masks.keying import alpha, chroma, luma

GREEN = (0.0, 1.0, 0.0)
SCREEN = (60 / 255, 180 / 255, 75 / 255)
"""A green screen as a camera sees it."""


def keyed(colour: tuple[int, ...], key: tuple[float, ...], tolerance: float = 0.4, softness: float = 0.1) -> float:
    return float(chroma(np.full((4, 4, 3), colour, np.uint8), key, tolerance, softness)[1, 1])


def test_luma_is_brightness_and_alpha_opacity():
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[0, :, :3], picture[:, 1, 3] = 255, 51
    assert luma(picture).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    opacity = alpha(picture)
    assert opacity is not None
    assert opacity[0].tolist() == pytest.approx([0.0, 0.2])
    assert alpha(picture[..., :3]) is None


@pytest.mark.parametrize("key", [GREEN, SCREEN])
@pytest.mark.parametrize("shade", [1.0, 0.75, 0.5, 0.25])
def test_a_shadow_on_the_screen_is_still_the_screen(key: tuple[float, ...], shade: float):
    red, green, blue = (round(255 * part * shade) for part in key)
    assert keyed((red, green, blue), key) == 1.0


@pytest.mark.parametrize("key", [GREEN, SCREEN, (0.0, 0.0, 1.0)])
@pytest.mark.parametrize(
    "colour",
    [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 150, 120), (120, 80, 60), (255, 0, 0), (225, 215, 200)],
)
def test_grays_skin_and_clothes_are_not_the_screen(key: tuple[float, ...], colour: tuple[int, int, int]):
    assert keyed(colour, key) == 0.0


def test_another_blue_is_no_blue_screen_but_a_shadow_on_it_is():
    assert keyed((60, 60, 200), (0.0, 0.0, 1.0)) == 0.0
    assert keyed((0, 0, 128), (0.0, 0.0, 1.0)) == 1.0


def test_a_pale_wall_of_a_warm_hue_is_not_an_orange_cup():
    assert keyed((225, 215, 200), (0.8, 0.5, 0.3)) == 0.0
    assert keyed((102, 64, 38), (0.8, 0.5, 0.3)) == 1.0


def test_tolerance_takes_in_other_hues_and_softness_makes_them_half():
    between = (128, 255, 0)  # 0.53 from green
    assert keyed(between, GREEN, tolerance=0.4, softness=0.0) == 0.0
    assert keyed(between, GREEN, tolerance=0.7, softness=0.0) == 1.0
    assert 0.0 < keyed(between, GREEN, tolerance=0.4, softness=0.3) < 1.0


def test_noise_in_the_dark_is_gray():
    noise = np.random.default_rng(0).integers(0, 12, (64, 64, 3), np.uint8)
    assert chroma(noise, GREEN, 0.4, 0.1).max() == 0.0


def test_a_gray_key_looks_for_what_has_no_colour():
    assert keyed((90, 92, 88), (0.5, 0.5, 0.5), tolerance=0.1) == 1.0
    assert keyed((0, 255, 0), (0.5, 0.5, 0.5), tolerance=0.1) == 0.0
