"""Annotators: shape, range, repeatability, and that they show what they are for."""

import pytest
import torch

from vace_core.annotators.annotator import ANNOTATORS, annotator
from vace_core.annotators.depth import Depth, DepthNet, SteadyDepth
from vace_core.annotators.level import RunningLevel
from vace_core.annotators.scribble import Scribble


def video(frames: int = 3, height: int = 64, width: int = 96) -> torch.Tensor:
    """A light square that moves over a dark ground."""
    out = torch.full((1, 3, frames, height, width), -0.8)
    for frame in range(frames):
        out[..., frame, 20:44, 30 + frame : 60 + frame] = 0.7
    return out


def fresh(name: str):
    torch.manual_seed(0)
    return Depth(DepthNet().eval()) if name == "depth" else annotator(name)


TOLERANCE = 0.02
"""Where a processor has bfloat16 instructions, networks on one picture and on several differ by its rounding."""
COLOURED = {"flow", "layout", "pose"}


@pytest.mark.parametrize("name", sorted(ANNOTATORS))
def test_a_control_has_the_shape_and_range_of_its_video(name):
    control = fresh(name)(video())
    assert control.shape == (1, 3, 3, 64, 96)
    assert control.min() >= -1
    assert control.max() <= 1
    assert control.dtype == torch.float32
    assert name in COLOURED or torch.equal(control[:, 0], control[:, 1])


@pytest.mark.parametrize("name", sorted(ANNOTATORS))
def test_a_fresh_annotator_repeats_itself(name):
    assert torch.equal(fresh(name)(video()), fresh(name)(video()))


@pytest.mark.parametrize("name", sorted(ANNOTATORS))
def test_a_video_in_pieces_gives_the_same_control(name):
    whole, pieces = fresh(name), fresh(name)
    parts = [pieces(video()[:, :, :1]), pieces(video()[:, :, 1:])]
    first = 1 if name == "flow" else 0  # whose first frame, alone, shows nothing
    assert torch.allclose(whole(video())[:, :, first:], torch.cat(parts, dim=2)[:, :, first:], atol=TOLERANCE)


@pytest.mark.parametrize("name", sorted(ANNOTATORS))
def test_reset_forgets(name):
    one = fresh(name)
    first = one(video())
    one(-video())
    one.reset()
    assert torch.equal(one(video()), first)


def test_scribble_draws_the_outline_and_nothing_else():
    lines = Scribble()(video(1))[0, 0, 0]
    assert lines[20, 45] > 0.5
    assert lines[32, 45] < -0.9
    assert lines[5, 10] < -0.9


def test_the_bundled_depth_finds_the_ball_nearer_than_the_sky():
    from vace_core.pocket.world import draw_clip

    take = draw_clip(3, frames=2)
    frames = torch.from_numpy(take.footage).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    near = Depth()(frames)[0, 0, 0]
    truth = torch.from_numpy(take.depth[0]).float()
    both = torch.stack([near.flatten(), truth.flatten()])
    assert torch.corrcoef(both)[0, 1] > 0.6


def test_an_unknown_annotator_names_the_known_ones():
    with pytest.raises(ValueError, match="depth, flow, gray, layout, pose, scribble"):
        annotator("sonar")


def test_depth_stays_put_when_something_bright_and_near_comes_for_a_moment():
    """A range that is anew of each picture would pump: what has not changed would darken at once."""
    steady, calm = SteadyDepth(), torch.linspace(0, 1, 64 * 96).view(1, 1, 64, 96)
    before = steady.update(calm.repeat(5, 1, 1, 1))[-1]
    flash = calm.clone()
    flash[..., :10, :] = 5.0
    after = steady.update(flash)[0]
    assert (after - before)[..., 20:, :].abs().max() < 0.2
    alone = SteadyDepth().update(flash)[0]
    assert (alone - before)[..., 20:, :].abs().max() > 0.5


def test_a_level_follows_slowly_and_starts_at_once():
    level = RunningLevel(memory=10)
    assert level.update(5.0) == 5.0
    assert level.update(15.0) == pytest.approx(6.0)
