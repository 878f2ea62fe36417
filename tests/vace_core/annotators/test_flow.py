"""Flow: the colour says which way, its strength how fast, from every frame to the next and across calls."""

import numpy as np
import pytest
import torch

from vace_core.annotators.flow import Flow, flow_picture


def moving(right: int, down: int, frames: int = 4) -> torch.Tensor:
    """A soft random texture [1, 3, F, 64, 96] that goes so many pixels a frame."""
    rng = torch.Generator().manual_seed(1)
    coarse = torch.rand((1, 1, 40, 50), generator=rng)
    texture = torch.nn.functional.interpolate(coarse, size=(160, 200), mode="bicubic")[0, 0] * 2 - 1
    out = [texture[40 - n * down : 104 - n * down, 50 - n * right : 146 - n * right] for n in range(frames)]
    return torch.stack(out)[None, None].expand(1, 3, -1, -1, -1).clamp(-1, 1).contiguous()


def colour(flow: torch.Tensor, frame: int) -> list[float]:
    """The middle's mean colour in 0..1."""
    return (flow[0, :, frame, 16:-16, 24:-24].mean(dim=(1, 2)) * 0.5 + 0.5).tolist()


@pytest.mark.parametrize(
    ("right", "down", "strong", "weak"), [(3, 0, 0, 1), (-3, 0, 2, 0), (0, 3, 1, 2), (0, -3, 2, 1)]
)
def test_the_colour_says_where_to(right: int, down: int, strong: int, weak: int):
    flow = Flow()(moving(right, down))
    for frame in range(4):
        shades = colour(flow, frame)
        assert shades[strong] > 0.9
        assert shades[weak] < 0.3


def test_a_still_picture_is_white():
    assert Flow()(moving(0, 0)).min() > 0.9
    assert Flow()(moving(3, 0, frames=1)).min() == 1.0


def test_the_first_frame_of_a_call_shows_the_motion_from_the_last_one_of_the_call_before():
    frames, flow = moving(3, 0), Flow()
    flow(frames[:, :, :2])
    red, green, blue = colour(flow(frames[:, :, 2:3]), 0)
    assert red > 0.9
    assert max(green, blue) < 0.3


def test_after_a_reset_nothing_is_left_of_the_frame_before():
    frames, flow = moving(3, 0), Flow()
    flow(frames[:, :, :2])
    flow.reset()
    assert flow(frames[:, :, 2:3]).min() == 1.0


def test_half_the_speed_is_half_the_colour():
    fast, slow = (flow_picture(np.full((2, 2, 2), (speed, 0), np.float32), 4.0)[0, 0] for speed in (4, 2))
    assert fast.tolist() == pytest.approx([1, 0, 0], abs=1e-5)
    assert slow.tolist() == pytest.approx([1, 0.5, 0.5], abs=1e-5)
