"""Segmenters: the pixels of what they are named after, steady, the same in pieces."""

import pytest
import torch

from vace_core.annotators.segmenters import SEGMENTERS, segmenter
from vace_core.pocket.world import draw_clip

from .drawn import drawn_person


def shared(mask: torch.Tensor, truth: torch.Tensor) -> float:
    """The part that both share of what either covers."""
    found = mask > 0.5
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize("name", sorted(SEGMENTERS))
def test_a_drawn_person_is_found(name: str):
    frames, inside, _ = drawn_person()
    mask = segmenter(name)(frames)
    assert mask.shape == (1, 1, *frames.shape[2:])
    assert 0 <= mask.min() < 0.1
    assert 0.9 < mask.max() <= 1
    assert shared(mask[0, 0, 0], torch.from_numpy(inside)) > 0.8


@pytest.mark.parametrize("name", sorted(SEGMENTERS))
def test_an_empty_picture_has_nothing_in_it(name: str):
    assert segmenter(name)(torch.full((1, 3, 1, 64, 96), 0.3)).mean() < 0.2


@pytest.mark.parametrize("name", sorted(SEGMENTERS))
def test_a_video_in_pieces_gives_the_same_masks_and_reset_forgets(name: str):
    frames = torch.cat([drawn_person(x=x)[0] for x in (0.0, 0.1, 0.2)], dim=2)
    one = segmenter(name)
    whole = one(frames)
    one.reset()
    assert torch.allclose(torch.cat([one(frames[:, :, :1]), one(frames[:, :, 1:])], dim=2), whole, atol=0.02)
    one.reset()
    assert torch.equal(one(frames), whole)


def test_the_subject_of_a_drawn_take_is_its_things():
    take = draw_clip(3, frames=1)
    frames = torch.from_numpy(take.footage).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    assert shared(segmenter("subject")(frames)[0, 0], torch.from_numpy(take.mask) > 127) > 0.6


def test_an_unknown_segmenter_names_the_known_ones():
    with pytest.raises(ValueError, match="person, subject"):
        segmenter("ghost")
