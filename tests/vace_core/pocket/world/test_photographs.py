"""Clips of photographs: real pictures, moving, of which no depth is known."""

import numpy as np

from vace_core.pocket.world.photographs import NAMES, photograph_clip, photographs


def test_every_photograph_is_there():
    assert len(photographs()) == len(NAMES)


def test_the_camera_moves_and_the_same_seed_gives_the_same_bytes():
    clip, again, other = photograph_clip(3, 5), photograph_clip(3, 5), photograph_clip(4, 5)
    assert clip.footage.shape == (5, 128, 192, 3)
    assert np.array_equal(clip.footage, again.footage)
    assert not np.array_equal(clip.footage, other.footage)
    assert np.abs(clip.footage[0].astype(int) - clip.footage[4]).mean() > 2


def test_nothing_is_made_up_of_what_is_not_known():
    clip = photograph_clip(3, 5)
    assert not clip.depth.any()
    assert clip.people.shape == (5, 0, 18, 3)
    assert 0.02 < (clip.mask > 127).mean() < 0.6
