"""Motion-aware noise: the published numbers, and that it follows."""

from __future__ import annotations

import pytest
import torch

from vace_core.sampling import MotionNoise


def moving(change: float) -> torch.Tensor:
    """Two frames whose every pixel changes by so much."""
    return torch.stack((torch.zeros(4, 4), torch.full((4, 4), change)))


@pytest.mark.parametrize(("change", "noise"), [(0.0, 0.8), (0.1, 0.755), (0.2, 0.71), (1.0, 0.71)])
def test_the_noise_falls_with_motion_as_published(change: float, noise: float) -> None:
    assert MotionNoise().update(moving(change), 0.8) == pytest.approx(noise)


def test_a_tenth_of_the_last_noise_remains() -> None:
    motion = MotionNoise()
    motion.update(moving(1.0), 0.8)
    still = torch.ones(2, 4, 4)
    assert motion.update(still, 0.8) == pytest.approx(0.9 * 0.8 + 0.1 * 0.71)


def test_a_cut_between_two_chunks_is_motion_too() -> None:
    motion = MotionNoise()
    motion.update(torch.zeros(2, 4, 4), 0.8)
    assert motion.update(torch.ones(2, 4, 4), 0.8) < 0.75


def test_a_video_of_another_size_begins_anew() -> None:
    motion = MotionNoise()
    motion.update(torch.zeros(2, 4, 4), 0.8)
    assert motion.update(torch.ones(2, 8, 8), 0.8) == pytest.approx(0.8)
