"""Figures of outputs that are right, and of ones that are wrong in one way."""

import cv2
import numpy as np
import pytest

from backend.measure.evaluate.clips import Clip, drawn_clips
from backend.measure.evaluate.comparison import Comparison, Words
from backend.measure.evaluate.figures import Figure, pictures_of
from backend.measure.evaluate.painted import Target
from tests.backend.measure.evaluate.measures.test_detail import in_tiles
from vace_core.pocket.looks import STYLES, Look
from vace_core.pocket.painter import paint

SIZE = (64, 96)
CLIPS = drawn_clips(2, 5, *SIZE)
STYLE, WRONG = "watercolour", "gold"


def painted(style: str, clip: Clip, kind: str) -> np.ndarray:
    return paint(Look(style), clip.controls[kind], kind)


def blurred(pictures: np.ndarray) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in pictures])


def figures_of(made: np.ndarray, kind: str = "gray") -> dict[str, Figure]:
    """Of an output that should be watercolour, by their names without the kind."""
    off = np.random.default_rng(0).integers(0, 255, made.shape, dtype=np.uint8)
    comparison = Comparison(kind, real=False)
    comparison.add(Target(CLIPS[0], kind, Look(STYLE), len(made)), made, off, painted(STYLE, CLIPS[1], kind))
    return {figure.name.removeprefix(f"{kind}_"): figure for figure in comparison.figures()}


@pytest.fixture(scope="module")
def right() -> dict[str, Figure]:
    return figures_of(painted(STYLE, CLIPS[0], "gray"))


def test_the_painter_s_own_picture_is_right_in_everything(right: dict[str, Figure]):
    assert right["ssim"].control == pytest.approx(1.0)
    assert right["gradient_correlation"].control == pytest.approx(1.0)
    assert right["colour_distance"].control == 0.0
    assert right["sharpness"].control == pytest.approx(1.0)
    assert right["tile_ratio"].control == right["tile_ratio"].more["truth"]
    assert right["flicker"].control == right["flicker"].more["truth"]
    assert right["word_accuracy"].control == 1.0


def test_another_clip_s_picture_and_noise_are_not(right: dict[str, Figure]):
    for name in ("ssim", "gradient_correlation"):
        assert max(right[name].shuffled, right[name].off) < 0.75, name
    assert min(right["colour_distance"].shuffled, right["colour_distance"].off) > 5


def test_a_blurred_picture_is_less_sharp_and_less_alike_in_the_right_colours():
    soft = figures_of(blurred(painted(STYLE, CLIPS[0], "gray")))
    assert soft["sharpness"].control < 0.8
    assert soft["ssim"].control < 0.98
    assert soft["colour_distance"].control < 5
    assert soft["word_accuracy"].control == 1.0


def test_tiles_raise_the_tile_ratio_above_the_truth():
    tiled = figures_of(in_tiles(painted(STYLE, CLIPS[0], "gray"), 8))
    assert tiled["tile_ratio"].control > 1.3 * tiled["tile_ratio"].more["truth"]


def test_a_picture_in_another_style_has_the_wrong_word_and_the_wrong_colours():
    wrong = figures_of(painted(WRONG, CLIPS[0], "gray"))
    assert wrong["word_accuracy"].control == 0.0
    assert wrong["colour_distance"].control > 10


def test_a_picture_that_flashes_flickers():
    made = painted(STYLE, CLIPS[0], "gray")
    made[1::2] = made[1::2] // 2
    flashing = figures_of(made)["flicker"]
    assert flashing.control > flashing.more["truth"] + 0.05


def test_depth_is_read_under_depth_alone():
    assert pictures_of("depth", False)[0] == "depth_rmse"
    assert "gray_rmse" not in pictures_of("gray", False)


def test_what_is_measured_has_the_names_that_it_should_have(right: dict[str, Figure]):
    assert [f"gray_{name}" for name in right] == list(pictures_of("gray", False))


def test_words_are_shares_and_the_shuffled_word_is_that_of_the_next_output():
    words = Words()
    for asked, seen, off in (("gold", "gold", "ice"), ("gold", "ice", "ice"), ("ice", "ice", "ice")):
        words.add(asked, seen, off)
    figure = words.figure("gray_word_accuracy", 1 / len(STYLES))
    assert figure.control == pytest.approx(2 / 3)
    assert figure.off == pytest.approx(1 / 3)
    assert figure.shuffled == pytest.approx(1 / 3)  # the second of gold's was ice
    assert figure.more["chance"] == 1 / len(STYLES)
