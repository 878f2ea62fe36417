"""The readers read pictures that they have not seen, and can be trained."""

import numpy as np
import torch

from backend.measure.evaluate.ceilings import measure_ceilings, shrunk
from backend.measure.evaluate.measures.likeness import aligned_rmse
from backend.measure.evaluate.readers import LOOKS, LookNet, read_depth, read_look
from backend.measure.evaluate.training import lit_looks, pictures_in_looks, train_depth_reader, train_look_reader
from vace_core.annotators.depth import DepthNet
from vace_core.load import load
from vace_core.pocket.world import draw_clip
from vace_core.pocket.world.appearance import by_control

UNSEEN = 9_700_000


def test_unseen_drawn_looks_are_read_after_the_autoencoder_too():
    best = measure_ceilings(load("pocket"), 2, (128, 192))
    assert best.depth_rmse < 0.1
    assert best.look_accuracy > 0.8


def test_depth_is_read_off_the_picture_it_belongs_to():
    looks = (LOOKS["studio"], LOOKS["forest"])
    takes = [draw_clip(UNSEEN + number, looks, 2) for number in range(2)]
    depths = [np.divide(take.depth, 255, dtype=np.float32) for take in takes]
    for take, own, other in zip(takes, depths, depths[::-1], strict=True):
        for look in take.looks:
            read = read_depth(by_control(look, own, "depth"))
            assert aligned_rmse(read, shrunk(own)) < 0.7 * aligned_rmse(read, shrunk(other))


def test_what_a_picture_looks_like_is_a_probability_of_each_look():
    sure = read_look(np.zeros((2, 64, 96, 3), np.uint8))
    assert sure.shape == (len(LOOKS),)
    assert abs(float(sure.sum()) - 1) < 1e-5


def test_both_train():
    torch.manual_seed(0)
    model = load("pocket")
    depth_net, look_net = DepthNet(), LookNet()
    before = [next(net.parameters()).detach().clone() for net in (depth_net, look_net)]
    train_depth_reader(depth_net, lit_looks(model, 2), 0.005)
    train_look_reader(look_net, *pictures_in_looks(model, 1), 0.005)
    for net, old in zip((depth_net, look_net), before, strict=True):
        assert not torch.equal(old, next(net.parameters()))
        assert not net.training
