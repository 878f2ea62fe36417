"""Forms: what moves leaves a trail, boxes swell, skeletons become bodies."""

import numpy as np
import pytest

from vace_core.annotators.flow import flow_picture
from vace_core.annotators.layout import Box, draw_layout
from vace_core.annotators.pose import draw_pose
from vace_core.pocket.painter.bodies import people_in
from vace_core.pocket.painter.form import form_of

SIZE = (128, 192)
STANDING = np.array(
    [(0, -36), (0, -26), (-9, -26), (-13, -10), (-14, 4), (9, -26), (13, -10), (14, 4), (-6, 4), (-7, 26), (-7, 50)]
    + [(6, 4), (7, 26), (7, 50), (-3, -38), (3, -38), (-6, -37), (6, -37)],
    np.float32,
)
"""Joints of somebody 100 pixels tall, around the middle of the body."""


def person(x: float, y: float) -> np.ndarray:
    return np.concatenate((STANDING + (x, y), np.ones((18, 1))), axis=1).astype(np.float32)


def test_a_control_of_one_value_is_flat():
    for kind in ("depth", "gray"):
        form = form_of(np.full((1, 48, 64, 3), 128, np.uint8), kind)
        assert form.level == pytest.approx(0.5, abs=0.01)
        assert form.edge.max() == 0
        assert form.light == pytest.approx(0.5, abs=0.001)


def test_light_comes_from_the_upper_left():
    control = np.zeros((1, 96, 96, 3), np.uint8)
    control[:, 32:64, 32:64] = 200
    light = form_of(control, "depth").light[0]
    assert light[32, 32] > 0.6 > 0.4 > light[63, 63]


def test_lines_of_a_scribble_are_ridges_on_a_swelling():
    control = np.zeros((1, 96, 96, 3), np.uint8)
    control[:, 46:50] = 255
    level = form_of(control, "scribble").level[0]
    assert level[48, 48] > level[56, 48] > 0.1
    assert level[4, 48] < 0.02


@pytest.mark.parametrize(("right", "down"), [(4.0, 0.0), (-4.0, 0.0), (0.0, 4.0), (0.0, -4.0)])
def test_what_moves_leaves_its_trail_behind(right, down):
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[54:74, 86:106] = (right, down)
    control = (flow_picture(flow, 4.0) * 255).astype(np.uint8)[None]
    level = form_of(control, "flow").level[0]
    step_x, step_y = int(np.sign(right)), int(np.sign(down))
    behind, ahead = level[64 - 18 * step_y, 96 - 18 * step_x], level[64 + 18 * step_y, 96 + 18 * step_x]
    assert behind > ahead + 0.1
    assert level[64, 96] > behind


def test_what_is_still_is_empty():
    assert form_of(np.full((1, *SIZE, 3), 255, np.uint8), "flow").level.max() < 0.01
    assert form_of(np.full((1, *SIZE, 3), 255, np.uint8), "layout").level.max() == 0
    assert form_of(np.zeros((1, *SIZE, 3), np.uint8), "pose").level.max() == 0


def test_a_thing_swells_inside_its_box():
    boxes = [Box(20, 20, 80, 90, "cup"), Box(60, 50, 150, 110, "dog"), Box(170, 4, 180, 14, "cup")]
    level = form_of(draw_layout(boxes, *SIZE)[None], "layout").level[0]
    assert level[55, 50] > 0.95
    assert level[80, 110] > 0.95
    assert level[9, 175] > 0.7
    assert 0.1 < level[55, 21] < 0.7
    assert level[10, 10] == level[120, 20] == 0


def test_skeletons_are_read_back_and_kept_apart():
    people = people_in(draw_pose([person(50, 62), person(140, 62)], *SIZE))
    assert sorted(len(one) for one in people) == [18, 18]
    for one in people:
        middle = 50 if one[1][0] < 96 else 140
        for joint, place in one.items():
            assert place == pytest.approx(STANDING[joint] + (middle, 62), abs=1.5)


def test_a_skeleton_becomes_a_body():
    control = draw_pose([person(96, 62)], *SIZE)[None]
    level = form_of(control, "pose").level[0]
    body = level > 0.2
    assert body.sum() > 1.3 * (control[0].max(axis=-1) > 0).sum()
    assert body[20:30, 92:100].all()
    torso, forearm = level[50, 90:102].max(), level[60, 80:85].max()
    assert torso > 0.7
    assert forearm > 0.4
    assert not body[:, :70].any()
    assert not body[:, 122:].any()


def test_contour_lines_are_drawn_where_a_level_passes_and_not_where_it_is_flat():
    control = np.zeros((1, 64, 192, 3), np.uint8)
    control[:] = np.clip(np.arange(192) * 4 - 250, 0, 255).astype(np.uint8)[None, None, :, None]
    lines = form_of(control, "depth").lines(4.0, 1.0)[0, 32]
    # Levels 1/4, 1/2 and 3/4 of 255 lie at these columns.
    for column in (78, 94, 110):
        assert lines[column - 2 : column + 3].max() > 0.9
    assert lines[86] == lines[102] == 0
    assert lines[:50].max() == lines[140:].max() == 0
