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
