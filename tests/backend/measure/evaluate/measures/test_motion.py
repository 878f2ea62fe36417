"""Flow, and flicker along it."""

import cv2
import numpy as np
import pytest

from backend.measure.evaluate.measures.motion import Motion, flow_of

STEP = 3


def textured(shift: float) -> np.ndarray:
    """A soft random pattern [96, 128, 3], moved to the right."""
    noise = np.random.default_rng(0).random((96, 192)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3.0)
    soft = (soft - soft.min()) / (soft.max() - soft.min())
    moved = soft[:, 64 - int(shift) : 192 - int(shift)]
    return np.repeat((moved * 255).astype(np.uint8)[..., None], 3, axis=-1)


MOVING = np.stack([textured(STEP * n) for n in range(5)])
FLOW, MOTION = flow_of(MOVING), Motion.of(MOVING)


def test_the_flow_of_what_moves_to_the_right_comes_from_the_left():
    middle = FLOW[:, 20:-20, 20:-20]
    assert middle[..., 0].mean() == pytest.approx(-STEP, abs=0.2)
    assert middle[..., 1].mean() == pytest.approx(0, abs=0.2)


def test_what_moves_with_the_clip_does_not_flicker():
    assert MOTION.flicker(MOVING) < 0.01


def test_what_changes_its_light_from_frame_to_frame_flickers_by_so_much():
    gray = np.full_like(MOVING, 100)
    gray[1::2] += 51
    assert MOTION.flicker(gray) == pytest.approx(0.2, abs=1e-3)


def test_a_still_picture_flickers_where_the_clip_moves():
    still = np.repeat(MOVING[:1], 5, axis=0)
    assert MOTION.flicker(still) > 3 * MOTION.flicker(MOVING)
