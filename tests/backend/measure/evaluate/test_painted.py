"""Outputs beside the painter's pictures: which style, which look, and two looks in one picture."""

import cv2
import numpy as np
import pytest

from backend.measure.evaluate.adherence import MODIFIERS
from backend.measure.evaluate.clips import Clip, clip_with_things, drawn_clips
from backend.measure.evaluate.painted import Gallery, Mixture, Target, asked_look, other_values, some
from vace_core.pocket.looks import STYLES, Look, complete
from vace_core.pocket.painter import paint

SIZE = (64, 96)
CLIP = drawn_clips(1, 5, *SIZE)[0]


def painted(style: str, kind: str = "depth") -> np.ndarray:
    return Target(CLIP, kind, complete({"style": style}), 5).pictures


def rough(pictures: np.ndarray) -> np.ndarray:
    """A little darker, softer and noisier, and a pixel off."""
    noise = np.random.default_rng(0).normal(0, 12, pictures.shape)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in np.roll(pictures, 1, axis=2)])
    return np.clip(soft * 0.92 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("style", STYLES)
def test_the_word_for_a_style_asks_for_that_style_alone(style: str):
    assert asked_look(style) == Look(style)


@pytest.mark.parametrize("aspect", MODIFIERS)
def test_a_second_word_asks_for_its_palette_time_or_weather(aspect: str):
    for value in MODIFIERS[aspect][1:]:
        for style in STYLES:
            assert asked_look(f"{style}, {value}") == other_values(Look(style), aspect, [value])[0]


def test_an_aspect_that_no_look_has_is_named():
    with pytest.raises(ValueError, match="'ground'"):
        other_values(Look("gold"), "ground", ["grass"])


@pytest.mark.parametrize("kind", ["depth", "scribble", "gray"])
def test_every_style_is_recognised_though_it_is_rough(kind: str):
    gallery = Gallery.of_styles(Look("gold"), CLIP.controls[kind], kind)
    assert [gallery.nearest(rough(painted(style, kind))).style for style in STYLES] == list(STYLES)


def test_another_clip_s_picture_is_far_from_what_it_should_be():
    other = drawn_clips(2, 5, *SIZE)[1]
    gallery = Gallery.of_styles(Look("gold"), CLIP.controls["depth"], "depth")
    own, elsewhere = (
        gallery.distances(paint(Look("gold"), clip.controls["depth"], "depth"))[STYLES.index("gold")]
        for clip in (CLIP, other)
    )
    assert own == 0
    assert elsewhere > 1


def test_the_other_aspects_are_the_same_in_every_style():
    night = Gallery.of_styles(Look("gold", time="night"), CLIP.controls["depth"], "depth")
    assert {look.time for look in night.looks} == {"night"}
    assert night.nearest(paint(Look("ice", time="night"), CLIP.controls["depth"], "depth")) == Look("ice", time="night")


def test_a_look_s_own_picture_is_alike_and_another_look_s_is_not():
    looks = [complete({"style": style}) for style in ("ice", "lava", "blueprint")]
    gallery = Gallery.of(looks, CLIP.controls["depth"], "depth")
    assert gallery.likeness(painted("ice"), looks[0]) == pytest.approx(1.0)
    assert 0.3 < gallery.likeness(rough(painted("ice")), looks[0]) < 1
    assert gallery.likeness(painted("lava"), looks[0]) == pytest.approx(-1.0)


def test_a_picture_that_is_as_near_to_two_looks_is_like_neither():
    looks = [complete({"style": style}) for style in ("ice", "lava")]
    gallery = Gallery.of(looks, CLIP.controls["depth"], "depth")
    halfway = np.mean([painted(style) for style in ("ice", "lava")], axis=0).astype(np.uint8)
    assert abs(gallery.likeness(halfway, looks[0])) < 0.2


def test_one_frame_in_three_is_compared_and_of_fewer_all():
    frames = np.arange(9)
    assert some(frames).tolist() == [2, 5, 8]
    assert some(frames[:2]).tolist() == [0, 1]


def test_two_looks_are_both_there_only_where_each_is_in_its_place():
    clip = clip_with_things(3, *SIZE)
    ice, lava = (paint(Look(style), clip.controls["depth"], "depth") for style in ("ice", "lava"))
    mixture, things = Mixture.of(Look("ice"), Look("lava"), clip), clip.mask[..., None] > 0.5
    mixed = np.where(things, ice, lava)
    assert mixture.margin(mixed) == pytest.approx(1.0)
    assert 0.1 < mixture.margin(rough(mixed)) < 1
    for other in (np.where(things, lava, ice), ice, lava):
        assert mixture.margin(other) == pytest.approx(-1.0)


def test_things_count_as_much_as_what_is_around_them_however_small_they_are():
    clip = clip_with_things(3, *SIZE)
    small = np.zeros_like(clip.mask)
    small[:, 20:36, 30:46] = 1
    ice, lava = (paint(Look(style), clip.controls["depth"], "depth") for style in ("ice", "lava"))
    mixture = Mixture.of(Look("ice"), Look("lava"), Clip(clip.footage, clip.controls, small))
    fading = np.where(small[..., None] > 0.5, ice, lava) * 0.5 + lava * 0.5
    assert abs(mixture.margin(fading.astype(np.uint8))) < 0.3
