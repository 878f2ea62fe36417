import numpy as np
import pytest

from backend.masks import NAMED, build_masks, composite, feathered, shape_mask

PICTURE = np.zeros((32, 48, 4), np.uint8)
PICTURE[:, 24:, :3] = 255
PICTURE[:16, :, 3] = 200


@pytest.mark.parametrize(
    ("name", "share"), [("left", 0.5), ("right", 0.5), ("top", 0.5), ("bottom", 0.5), ("center", 0.25)]
)
def test_a_named_part_covers_its_share(name, share):
    assert shape_mask(name, 32, 48).mean() == share


def test_opposite_parts_are_each_others_inverse():
    assert np.array_equal(1 - shape_mask("left", 32, 48), shape_mask("right", 32, 48))


def build(source, threshold=0.5, invert=False, pictures=(PICTURE,), mattes=None):
    masks = build_masks(source, pictures, mattes, threshold, invert)
    assert masks is not None
    return masks


def test_luma_restyles_what_is_bright_and_alpha_what_is_opaque():
    assert np.array_equal(build("luma")[0], shape_mask("right", 32, 48))
    assert np.array_equal(build("alpha")[0], shape_mask("top", 32, 48))


def test_threshold_and_inversion():
    assert build("alpha", threshold=0.9)[0].max() == 0.0
    assert np.array_equal(build("luma", invert=True)[0], shape_mask("left", 32, 48))


def test_a_picture_without_alpha_is_opaque():
    assert build("alpha", pictures=(PICTURE[..., :3],))[0].min() == 1.0


def test_mattes_give_one_mask_a_frame_by_their_brightness():
    masks = build("shm:matte", pictures=(PICTURE, PICTURE), mattes=(PICTURE, PICTURE * 0))
    assert [mask.mean() for mask in masks] == [0.5, 0.0]


def test_no_mask_until_the_mask_source_has_sent_a_frame():
    assert build_masks("shm:matte", (PICTURE,), None, 0.5, False) is None
    assert build_masks("none", (PICTURE,), None, 0.5, False) is None


@pytest.mark.parametrize("name", [name for name in NAMED if name != "none"])
def test_masks_are_crisp(name):
    assert set(np.unique(build(name)[0])) <= {0.0, 1.0}


def test_compositing_is_exact_where_the_mask_is_crisp():
    made, kept = np.full((32, 48, 3), 90, np.uint8), PICTURE
    mixed = composite(made, kept, shape_mask("left", 32, 48))
    assert np.array_equal(mixed[:, :24], made[:, :24])
    assert np.array_equal(mixed[:, 24:], kept[:, 24:, :3])


def test_feathering_softens_only_near_the_edge():
    soft = feathered(shape_mask("left", 32, 48), 4)
    assert 0.0 < soft[16, 24] < 1.0
    assert (soft[16, 0], soft[16, -1]) == (1.0, 0.0)
    assert feathered(soft, 0) is soft
