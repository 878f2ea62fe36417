"""Clips with their truth."""

from itertools import islice

import numpy as np

from backend.measure.evaluate.clips import clips_with_people, drawn_clips, real_clip, reference_picture, there_and_back
from backend.measure.evaluate.readers import read_look

SIZE = (64, 96)
CLIPS = drawn_clips(2, 5, *SIZE)


def test_a_drawn_clip_brings_every_control_and_a_mask_that_leaves_something():
    for clip in CLIPS:
        assert {"depth", "scribble", "gray", "flow", "layout"} <= clip.controls.keys()
        assert all(control.pictures.shape == (5, *SIZE, 3) for control in clip.controls.values())
        assert 0 < clip.mask.mean() < 1


def test_another_clip_s_control_is_another_one():
    for kind in ("depth", "scribble", "gray", "layout"):
        own, other = (clip.controls[kind].says for clip in CLIPS)
        assert np.abs(own - other).mean() > 0.02, kind


def test_the_same_clips_are_drawn_again():
    again = drawn_clips(1, 5, *SIZE)[0]
    assert np.array_equal(again.footage, CLIPS[0].footage)


def test_there_are_people_in_every_frame_of_clips_with_people():
    clip = clips_with_people(1, 5, *SIZE)[0]
    assert (clip.controls["pose"].says.sum(axis=(1, 2)) > 0).all()


def test_footage_has_the_annotators_depth_and_half_of_it_as_its_mask():
    clip = real_clip(3, *SIZE)
    assert clip.real
    assert clip.footage.shape == (3, *SIZE, 3)
    assert clip.controls["depth"].says.std() > 0.05
    assert clip.mask.mean() == 0.5


def test_frames_go_there_and_back_without_a_jump():
    assert list(islice(there_and_back(4), 9)) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert list(islice(there_and_back(1), 3)) == [0, 0, 0]


def test_frames_of_a_clip_are_taken_in_any_order():
    clip = CLIPS[0].at(np.array([3, 1]))
    assert np.array_equal(clip.footage[0], CLIPS[0].footage[3])
    assert np.array_equal(clip.controls["depth"].says[1], CLIPS[0].controls["depth"].says[1])


def test_a_reference_is_in_the_look_that_it_is_named_after():
    city, aurora = (reference_picture(word, 128, 192) for word in ("city", "aurora"))
    assert not np.array_equal(city, aurora)
    assert not np.allclose(read_look(city[None]), read_look(aurora[None]), atol=0.1)
