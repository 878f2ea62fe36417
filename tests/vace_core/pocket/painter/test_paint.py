"""The painter: pictures that follow from the control alone, and styles that can't be taken for each other."""

from itertools import combinations

import numpy as np
import pytest

from vace_core.pocket.looks import PALETTES, STYLES, TIMES, WEATHERS, Look
from vace_core.pocket.painter import CONTROLS, paint, palette_of, random_look
from vace_core.pocket.painter.captions import STYLES as SAID
from vace_core.pocket.painter.form import form_of
from vace_core.pocket.painter.paint import TABLE
from vace_core.pocket.world import draw_clip
from vace_core.pocket.world.controls import controls_of

ALIKE = 0.063
"""A small model's pictures differ by 0.03 from the painter's, in means of absolute differences. Styles that differ by
more than twice that are told apart by the nearest picture."""
REACH = 45
"""How many pixels around it a pixel may depend on."""
SEEDS = (80, 21, 8)
PLAIN = [Look(style) for style in STYLES]
LOOKS = [
    *PLAIN,
    *(Look("gold", palette) for palette in PALETTES[1:]),
    *(Look("candy", time=time) for time in TIMES[1:]),
    *(Look("oil", weather=weather) for weather in WEATHERS[1:]),
]


@pytest.fixture(scope="module")
def controls() -> dict[str, np.ndarray]:
    """Of every kind a control [F, H, W, 3]; frames are of different clips, but for pose."""
    drawn = [controls_of(draw_clip(seed, 1)) for seed in SEEDS]
    kinds = {kind: np.concatenate([one[kind] for one in drawn if kind in one]) for kind in CONTROLS}
    assert set(kinds) == set(CONTROLS)
    return kinds


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.float32) - other).mean() / 255)


def test_every_style_that_words_know_can_be_painted():
    assert set(TABLE) == set(STYLES) == set(SAID)
    assert len(STYLES) >= 32


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_look_paints_every_control(look, controls):
    for kind, control in controls.items():
        picture = paint(look, control, kind)
        assert picture.shape == control.shape
        assert picture.dtype == np.uint8
        assert picture.std() > 2, kind


@pytest.mark.parametrize("kind", ["depth", "scribble", "gray"])
def test_no_two_styles_look_alike(kind, controls):
    painted = {look.style: paint(look, controls[kind], kind) for look in PLAIN}
    alike = [(a, b) for a, b in combinations(painted, 2) if difference(painted[a], painted[b]) < ALIKE]
    assert alike == []


@pytest.mark.parametrize("look", LOOKS[len(PLAIN) :], ids=str)
def test_palette_time_and_weather_show(look, controls):
    plain = paint(Look(look.style), controls["depth"], "depth")
    assert difference(paint(look, controls["depth"], "depth"), plain) > 0.04


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_frame_depends_on_its_own_control_alone(look, controls):
    control = controls["depth"]
    assert np.array_equal(paint(look, control, "depth")[1:], paint(look, control[1:], "depth"))


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_pixel_depends_on_what_is_near(look, controls):
    for kind in ("depth", "scribble", "flow"):
        other = controls[kind].copy()
        other[:, :, 120:] = 128
        far = slice(0, 120 - REACH)
        assert np.array_equal(paint(look, other, kind)[:, :, far], paint(look, controls[kind], kind)[:, :, far]), kind


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_no_look_knows_its_place_but_within_a_token(look, controls):
    for kind in ("depth", "gray", "scribble"):
        moved = paint(look, np.roll(controls[kind], (16, 32), (1, 2)), kind)
        inner = (slice(None), slice(REACH + 16, -REACH), slice(REACH + 32, -REACH))
        away = np.abs(np.roll(paint(look, controls[kind], kind), (16, 32), (1, 2))[inner].astype(int) - moved[inner])
        assert (away > 8).mean() < 0.002, kind


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_last_bit_of_a_control_does_not_flicker(look, controls):
    noise = np.random.default_rng(0).integers(-1, 2, controls["gray"].shape[:3])[..., None]
    for kind in ("depth", "gray"):
        noisy = np.clip(controls[kind] + noise, 0, 255).astype(np.uint8)
        assert difference(paint(look, noisy, kind), paint(look, controls[kind], kind)) < 0.008, kind


@pytest.mark.parametrize("style", STYLES)
def test_the_colours_of_a_reference_stand_in_place_of_the_style_s(style, controls):
    reference = np.array([[0.02, 0.0, 0.1], [0.1, 0.0, 0.5], [0.2, 0.1, 0.9], [0.5, 0.6, 1.0]], np.float32)
    blue = paint(Look(style), controls["depth"], "depth", reference).astype(int)
    assert (blue[..., 2] + 1 >= blue[..., 0]).mean() > 0.75
    assert difference(blue, paint(Look(style), controls["depth"], "depth")) > 0.02


def test_a_palette_is_sorted_and_keeps_what_is_colourful():
    picture = np.full((40, 40, 3), 128, np.uint8)
    picture[:20] = 10
    picture[25:30] = (255, 60, 60)
    palette = palette_of(picture, 4)
    lightness = palette @ (0.3, 0.59, 0.11)
    assert palette.shape == (4, 3)
    assert palette.dtype == np.float32
    assert (np.diff(lightness) >= 0).all()
    assert (palette[:, 0] - palette[:, 1] > 0.4).any()


def test_an_unknown_kind_of_control_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'canny'.*depth, scribble"):
        form_of(np.zeros((1, 16, 16, 3), np.uint8), "canny")


def test_random_looks_have_all_styles_and_mostly_defaults():
    rng = np.random.default_rng(0)
    looks = [random_look(rng) for _ in range(800)]
    assert {look.style for look in looks} == set(STYLES)
    assert {look.time for look in looks} == set(TIMES)
    assert 0.6 < np.mean([look.palette == "natural" for look in looks]) < 0.8
    assert 0.65 < np.mean([look.weather == "clear" for look in looks]) < 0.85
