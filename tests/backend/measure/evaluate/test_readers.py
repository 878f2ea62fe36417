"""The reader of depth reads pictures that it has not seen, and can be trained."""

import numpy as np
import pytest
import torch

from backend.measure.evaluate.figures import mean
from backend.measure.evaluate.readers import HEIGHT, WIDTH, depth_error, depth_net
from backend.measure.evaluate.training import Scenes, train, unseen_errors
from vace_core.annotators.depth import DepthNet
from vace_core.pocket.looks import Look
from vace_core.pocket.painter import paint
from vace_core.pocket.world import draw_clip

UNSEEN = 9_700_000


def test_depth_is_read_off_unseen_pictures_in_every_style():
    errors = unseen_errors(depth_net(), 2)
    assert mean(errors) < 0.16  # the depth itself spreads by 0.39


@pytest.mark.parametrize("style", ["gold", "oil"])
def test_depth_is_read_off_the_picture_that_it_belongs_to(style: str):
    depths = [draw_clip(UNSEEN + number, 2).depth for number in range(2)]
    for own, other in zip(depths, depths[::-1], strict=True):
        pictures = paint(Look(style), np.repeat(own[..., None], 3, axis=-1), "depth")
        assert depth_error(pictures, own / 255) < 0.7 * depth_error(pictures, other / 255)


def test_every_batch_is_of_new_scenes_and_their_depths():
    scenes, rng = Scenes(), np.random.default_rng(0)
    (pictures, depths), (later, _) = scenes.batch(rng, 3), scenes.batch(rng, 3)
    assert pictures.shape == (3, 3, HEIGHT, WIDTH)
    assert depths.shape == (3, 1, HEIGHT, WIDTH)
    assert -2 < pictures.min() < pictures.max() < 2
    assert 0 <= depths.min() < depths.max() <= 1
    assert not torch.equal(pictures, later)


def test_it_trains():
    net, kept = DepthNet(), []
    before = next(net.parameters()).detach().clone()
    train(net, 0.005, kept.append)
    assert kept == [net]
    assert not torch.equal(before, next(net.parameters()))
    assert not net.training
