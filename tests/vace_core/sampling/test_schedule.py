"""Schedules: the published few steps, and what is refused."""

from __future__ import annotations

import pytest
import torch

from vace_core.sampling import Table, add_noise, clean_from_flow


def test_shift_five_warps_the_nominal_steps_as_the_authors_trained() -> None:
    schedule = Table(5.0).schedule((1000, 750, 500, 250), warp=True)
    assert schedule.timesteps == pytest.approx((1000, 937.5, 833.3333, 625))
    assert schedule.sigmas == pytest.approx((1.0, 0.9375, 0.83333, 0.625), abs=1e-5)


def test_the_noise_level_at_timestep_zero_is_the_last_of_the_table() -> None:
    assert Table(5.0).sigma(0.0) == pytest.approx(0.00498008)


def test_noise_added_is_noise_removed() -> None:
    clean, noise = torch.randn(2, 3), torch.randn(2, 3)
    torch.testing.assert_close(clean_from_flow(add_noise(clean, noise, 0.7), noise - clean, 0.7), clean)


@pytest.mark.parametrize("steps", [(), (1200, 500), (600, 750), (500, 500), (500, -1)])
def test_steps_that_do_not_fall_are_refused(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="steps must fall"):
        Table(5.0).schedule(steps, warp=False)


@pytest.mark.parametrize(
    ("noise", "told", "rest"),
    [(0.8, 800, (750, 500, 250)), (0.5, 500, (250,)), (0.75, 750, (500, 250)), (0.1, 100, ())],
)
def test_from_a_video_the_steps_below_its_noise_are_run(noise: float, told: float, rest: tuple[float, ...]) -> None:
    schedule = Table(5.0).from_video(noise, (1000, 750, 500, 250), warp=False)
    assert schedule.timesteps == pytest.approx((told, *rest))
    assert schedule.start == noise
    assert all(a > b for a, b in zip(schedule.timesteps, schedule.timesteps[1:], strict=False))


def test_stream_diffusion_is_told_of_less_noise_than_there_is() -> None:
    schedule = Table(8.0).from_video(0.8, (700, 500), warp=False, understated=0.1)
    assert schedule.timesteps == pytest.approx((700, 500))
    assert schedule.sigmas == pytest.approx((0.700232, 0.499719), abs=1e-5)
    assert schedule.start == 0.8


def test_however_little_noise_a_video_has_the_model_is_told_of_some() -> None:
    assert Table(8.0).from_video(0.05, (700, 500), warp=False, understated=0.1).timesteps == pytest.approx((25,))


@pytest.mark.parametrize("noise", [0.05, 0.3, 0.5, 0.7, 0.93, 1.0])
@pytest.mark.parametrize("warp", [True, False])
def test_from_a_video_all_steps_can_be_run_whatever_its_noise(noise: float, warp: bool) -> None:
    """They fall from that noise in the proportions that they have from noise alone."""
    steps = (1000, 750, 500, 250)
    schedule, whole = (Table(5.0).squeezed(level, steps, warp) for level in (noise, 1.0))
    assert schedule.timesteps == pytest.approx([noise * timestep for timestep in whole.timesteps])
    assert schedule.start == noise
    assert list(schedule.sigmas) == sorted(schedule.sigmas, reverse=True)
