"""Pose: joints where they are drawn, skeletons where the joints are."""

import numpy as np
import pytest
import torch

from vace_core.annotators.body import Region
from vace_core.annotators.pose import JOINTS, LIMBS, RAINBOW, STICK, Pose, draw_pose

from .drawn import HEIGHT, WIDTH, drawn_person

BODY = [JOINTS.index(name) for name in ("neck", "right shoulder", "left shoulder", "right hip", "left hip", "nose")]


def test_joints_and_sticks_have_openposes_colours():
    joints = np.zeros((18, 3), np.float32)
    joints[1], joints[2] = (30, 20, 1), (60, 20, 1)
    picture = draw_pose([joints], 64, 96)
    assert tuple(picture[20, 30]) == RAINBOW[1]
    assert tuple(picture[20, 60]) == RAINBOW[2]
    assert LIMBS[0] == (1, 2)
    assert tuple(picture[20, 45]) == tuple(round(STICK * part) for part in RAINBOW[0])
    assert not picture[40:].any()


def test_a_joint_that_is_not_seen_takes_its_sticks_with_it():
    joints = np.zeros((18, 3), np.float32)
    joints[2:5] = ((20, 20, 1), (50, 20, 0.1), (80, 20, 1))
    picture = draw_pose([joints], 40, 96)
    assert not picture[20, 30:70].any()
    assert picture[20, 20].any()
    assert picture[20, 80].any()


@pytest.mark.parametrize("seed", [2, 6])
def test_the_joints_of_a_drawn_person_are_found(seed: int):
    frames, _, truth = drawn_person(seed)
    [joints] = Pose().joints(frames)
    assert joints is not None
    away = np.linalg.norm(joints[:, :2] - truth[:, :2], axis=1)
    assert np.median(away) < 0.05 * HEIGHT
    assert (away[BODY] < 0.07 * HEIGHT).all()


def test_a_person_who_leans_is_found_too():
    frames, _, truth = drawn_person(6, turn=0.5, x=-0.2)
    [joints] = Pose().joints(frames)
    assert joints is not None
    assert np.median(np.linalg.norm(joints[:, :2] - truth[:, :2], axis=1)) < 0.08 * HEIGHT


def test_the_skeleton_is_drawn_over_the_person():
    frames, inside, _ = drawn_person()
    drawn = Pose()(frames)[0, :, 0].amax(dim=0).numpy() > -0.9
    assert drawn.sum() > 200
    assert (drawn & inside).sum() > 0.8 * drawn.sum()


def test_nobody_is_drawn_where_there_is_nobody():
    assert Pose().joints(torch.zeros(1, 3, 3, HEIGHT, WIDTH)) == [None] * 3


def test_between_two_looks_joints_lie_between():
    """The second frame is not looked at: it could be anything."""
    start, middle, end = (drawn_person(x=x)[0] for x in (0.0, 0.3, 0.1))
    first, between, last = Pose().joints(torch.cat((start, middle, end), dim=2))
    assert first is not None
    assert between is not None
    assert last is not None
    assert np.allclose(between, (first + last) / 2)
    assert (last - first)[BODY, 0].mean() == pytest.approx(0.1 * HEIGHT, abs=4)


def test_somebody_is_found_a_few_frames_after_nobody_was():
    pose = Pose()
    assert pose.joints(torch.zeros(1, 3, 1, HEIGHT, WIDTH)) == [None]
    found = pose.joints(drawn_person()[0].repeat(1, 1, 12, 1, 1))
    assert found[-1] is not None


def test_a_region_maps_its_middle_to_the_middle_and_turns_its_person_upright():
    way = Region(50, 40, 64, angle=np.pi / 2).to_square()
    assert np.allclose(way @ (50, 40, 1), (128, 128))
    assert np.allclose(way @ (50 + 16, 40, 1), (128, 64))  # who lies with the head to the right looks up
