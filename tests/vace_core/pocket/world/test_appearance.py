"""A look follows each control in its own way."""

import numpy as np
import pytest

from vace_core.pocket.world.appearance import CONTROLS, LIGHT, by_control

LOOK = np.full((2, 32, 48, 3), (200, 120, 90), np.uint8)


def control(value_left: float, value_right: float) -> np.ndarray:
    out = np.full((2, 32, 48), value_left, np.float32)
    out[:, :, 24:] = value_right
    return out


def lightness(pictures: np.ndarray) -> np.ndarray:
    return pictures.astype(np.float32) @ LIGHT


def test_what_is_near_is_lighter():
    seen = lightness(by_control(LOOK, control(0.1, 0.9), "depth"))
    assert seen[:, :, 40].mean() > 1.5 * seen[:, :, 4].mean()


def test_a_step_in_depth_draws_a_line():
    seen = lightness(by_control(LOOK, control(0.1, 0.9), "depth"))
    assert seen[:, 8:24, 23:25].mean() < seen[:, 8:24, 4].mean()


@pytest.mark.parametrize(("scale", "lighter"), [(1.0, False), (0.2, True)], ids=["ink on light", "light on dark"])
def test_lines_stand_out(scale, lighter):
    look = (LOOK * scale).astype(np.uint8)
    seen = lightness(by_control(look, control(0.0, 1.0), "scribble"))
    assert (seen[:, :, 40] > seen[:, :, 4]).all() == lighter
    assert abs(seen[:, :, 40].mean() - seen[:, :, 4].mean()) > 40


def test_the_lightness_of_a_gray_picture_is_kept():
    seen = lightness(by_control(LOOK, control(0.2, 0.8), "gray"))
    assert seen[:, :, 40].mean() > 2 * seen[:, :, 4].mean()


@pytest.mark.parametrize("kind", CONTROLS)
def test_hue_stays_the_look_s(kind):
    seen = by_control(LOOK, control(0.3, 0.3), kind).astype(int)
    assert (seen[..., 0] > seen[..., 1]).all()
    assert (seen[..., 1] > seen[..., 2]).all()
