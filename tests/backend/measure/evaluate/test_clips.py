"""Clips with their truth."""

from itertools import islice

import numpy as np
import pytest

from backend.measure.evaluate.clips import (
    MUCH,
    REAL_KINDS,
    clip_with_things,
    clips_with_people,
    drawn_clips,
    real_clip,
    reference_picture,
    there_and_back,
)
from bridge.errors import BridgeError

SIZE = (64, 96)
CLIPS = drawn_clips(2, 5, *SIZE)


def test_a_drawn_clip_brings_every_control_and_a_mask_that_leaves_something():
    for clip in CLIPS:
        assert {"depth", "scribble", "gray", "flow", "layout"} <= clip.controls.keys()
        assert all(control.shape == (5, *SIZE, 3) for control in clip.controls.values())
        assert 0 < clip.mask.mean() < 1


def test_another_clip_s_control_is_another_one():
    for kind in ("depth", "scribble", "gray", "layout"):
        own, other = (clip.controls[kind].astype(float) / 255 for clip in CLIPS)
        assert np.abs(own - other).mean() > 0.02, kind


def test_the_same_clips_are_drawn_again():
    again = drawn_clips(1, 5, *SIZE)[0]
    assert np.array_equal(again.footage, CLIPS[0].footage)


def test_there_are_people_in_every_frame_of_clips_with_people():
    clip = clips_with_people(1, 5, *SIZE)[0]
    assert clip.controls["pose"].any(axis=(1, 2, 3)).all()


def test_the_things_of_the_clip_for_references_are_neither_small_nor_everywhere():
    share = clip_with_things(3, *SIZE).mask.mean(axis=(1, 2))
    assert share.min() > MUCH[0]
    assert share.max() < MUCH[1]


def test_a_real_clip_has_what_the_annotators_make_of_it_and_half_of_it_as_its_mask():
    clip = real_clip(3, *SIZE)
    assert clip.real
    assert clip.footage.shape == (3, *SIZE, 3)
    assert set(clip.controls) == set(REAL_KINDS)
    assert all(control.shape == (3, *SIZE, 3) for control in clip.controls.values())
    assert clip.depth.std() > 0.05
    assert clip.mask.mean() == 0.5


def test_a_real_clip_that_is_too_short_is_named_with_what_it_should_have():
    with pytest.raises(BridgeError, match=r"cup\.mp4 ends before its frame 240"):
        real_clip(200, *SIZE)


def test_frames_go_there_and_back_without_a_jump():
    assert list(islice(there_and_back(4), 9)) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert list(islice(there_and_back(1), 3)) == [0, 0, 0]


def test_frames_of_a_clip_are_taken_in_any_order():
    clip = CLIPS[0].at(np.array([3, 1]))
    assert np.array_equal(clip.footage[0], CLIPS[0].footage[3])
    assert np.array_equal(clip.controls["depth"][1], CLIPS[0].controls["depth"][1])
    assert np.array_equal(clip.depth[1], CLIPS[0].depth[1])


def test_a_reference_is_a_picture_of_its_own_in_each_style():
    ice, lava = (reference_picture(style, *SIZE) for style in ("ice", "lava"))
    assert ice.shape == (*SIZE, 3)
    assert np.abs(ice.mean(axis=(0, 1)) - lava.mean(axis=(0, 1))).max() > 20
