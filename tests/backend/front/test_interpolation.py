import cv2
import numpy as np
import pytest

from backend.front.interpolation import PAIRS, FrameInterpolator
from bridge.video.frames import Frame

from ..waiting import wait_for


@pytest.fixture
def interpolator():
    opened = FrameInterpolator()
    yield opened
    opened.close()


def scene(shift: int, number: int) -> Frame:
    """A textured square on grey, `shift` pixels along."""
    grain = np.random.default_rng(1).integers(0, 255, (24, 24, 3), np.uint8)
    pixels = np.full((64, 96, 3), 110, np.uint8)
    pixels[20:44, 20 + shift : 44 + shift] = cv2.GaussianBlur(grain, (5, 5), 0)
    return Frame(pixels, number, number / 15)


def test_hold_shows_the_first_frame_and_blend_mixes(interpolator: FrameInterpolator):
    first, second = scene(0, 0), scene(8, 1)
    assert interpolator.interpolate("hold", first, second, 0.7) is first.pixels
    mixed = interpolator.interpolate("blend", first, second, 0.25)
    assert np.abs(mixed - (0.75 * first.pixels + 0.25 * second.pixels)).max() <= 1


@pytest.mark.parametrize("way", ["hold", "blend", "flow"])
def test_without_a_second_frame_the_first_is_shown(interpolator: FrameInterpolator, way: str):
    assert interpolator.interpolate(way, scene(0, 0), None, 0.0) is not None
    assert (interpolator.interpolate(way, scene(0, 0), None, 0.5) == scene(0, 0).pixels).all()


def test_flow_shows_things_where_they_are_at_that_time(interpolator: FrameInterpolator):
    first, second, truth = scene(0, 0), scene(8, 1), scene(4, 2)
    interpolator.expect([first, second])
    wait_for(lambda: interpolator._flows, "the flow")
    square = np.s_[20:44, 26:46]

    def error(way: str) -> float:
        made = interpolator.interpolate(way, first, second, 0.5)
        return float(np.abs(made[square].astype(int) - truth.pixels[square]).mean())

    assert error("flow") < error("blend") / 3
    assert interpolator.mixed == 0


def test_flow_that_is_not_ready_is_blended_and_counted(interpolator: FrameInterpolator):
    first, second = scene(0, 0), scene(8, 1)
    made = interpolator.interpolate("flow", first, second, 0.5)
    assert (made == interpolator.interpolate("blend", first, second, 0.5)).all()
    assert interpolator.mixed == 1


def test_flows_do_not_pile_up(interpolator: FrameInterpolator):
    small = [Frame(np.full((16, 16, 3), n % 250, np.uint8), n, n / 30) for n in range(3 * PAIRS)]
    for frame in small:
        interpolator.expect([frame])
    wait_for(lambda: (small[-2].number, small[-1].number) in interpolator._flows, "the last flow")
    assert len(interpolator._flows) <= PAIRS
