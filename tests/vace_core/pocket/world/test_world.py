"""The drawn world: the same seed gives the same bytes, and its depth is exact."""

import numpy as np
import pytest

from vace_core.pocket.world import draw_clip
from vace_core.pocket.world.noise import vector
from vace_core.pocket.world.solids import FOCAL, Solid, SolidScene
from vace_core.pocket.world.surface import GROUND, OBJECT, SKY


def ball_scene(radius: float = 0.5) -> SolidScene:
    still = np.zeros(3, np.float32)
    ball = Solid("sphere", np.full(3, radius, np.float32), vector(0, 1, 0), still, 0.0, 0.0, vector(0, 1, 0), 0.0)
    return SolidScene((ball,), None, 3.0, 1.0, 0.0, 0.0, vector(0, 1, 0))


def test_the_same_seed_draws_the_same_take():
    first, second = (draw_clip(5, frames=2, height=32, width=48) for _ in range(2))
    assert np.array_equal(first.footage, second.footage)
    assert np.array_equal(first.depth, second.depth)


def test_another_seed_draws_another_take():
    first, second = (draw_clip(seed, frames=1, height=32, width=48) for seed in (5, 6))
    assert not np.array_equal(first.footage, second.footage)


def test_the_depth_of_a_ball_is_its_distance():
    surface = ball_scene().surface(0.0, 65, 97)
    assert surface.depth[32, 48] == pytest.approx(2.5, abs=1e-3)
    rows = np.nonzero((surface.group == OBJECT).any(axis=1))[0]
    # The outline of a ball of radius r at distance d is seen under asin(r / d).
    expected = 2 * np.tan(np.arcsin(0.5 / 3)) * FOCAL * 65
    assert len(rows) == pytest.approx(expected, abs=1.5)
    assert np.isinf(surface.depth[surface.group == SKY]).all()


def test_the_normal_of_a_ball_faces_the_eye_in_its_middle():
    surface = ball_scene().surface(0.0, 65, 97)
    assert surface.normal[32, 48] == pytest.approx((0, 0, 1), abs=0.03)


def test_the_ground_is_farther_the_higher_in_the_picture():
    scene = SolidScene((), 0.0, 3.0, 1.0, 0.0, 0.0, vector(0, 0.5, 0))
    surface = scene.surface(0.0, 64, 96)
    column = surface.depth[:, 40][surface.group[:, 40] == GROUND]
    assert len(column) > 20
    assert (np.diff(column) < 0).all()


def test_near_things_are_bright_in_the_depth_picture():
    take = draw_clip(11, frames=2, height=64, width=96)
    assert take.depth.max() > 250
    assert take.mask.any()
    assert take.depth[take.mask > 0].mean() > take.depth[take.mask == 0].mean()
