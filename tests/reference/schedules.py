"""The tables of shift 5 and 8, the few steps of the pipelines that exist here, and the sampler's arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.sampling import Table, add_noise, clean_from_flow

from .small import TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    for shift in (5, 8):
        table = Table(float(shift))
        yield f"shift {shift}, sigmas", table.sigmas, tensors[f"shift{shift}.sigmas"], 1e-6
        yield f"shift {shift}, timesteps", table.timesteps, tensors[f"shift{shift}.timesteps"], 1e-3
        yield from _arithmetic(table, shift, tensors)
        expected = torch.tensor(info["timestep0_sigma"][f"shift{shift}"])
        yield f"shift {shift}, sigma at timestep 0", torch.tensor(table.sigma(0.0)), expected, 1e-6
    for name, row in info["pipelines"].items():
        if "nominal" in row:
            yield from _steps(name, row)
        else:
            for strength, steps in row.items():
                if isinstance(steps, Mapping):
                    yield from _steps(f"{name}, {strength}", dict(steps, shift=row["shift"], warped=True))


def _steps(name: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    table = Table(row["shift"])
    # One published list rises (600, 750), which `Table.schedule` refuses; its levels are compared one by one.
    timesteps = [table.warp(step) if row["warped"] else float(step) for step in row["nominal"]]
    sigmas = [table.sigma(timestep) for timestep in timesteps]
    yield f"{name}, timesteps", torch.tensor(timesteps), torch.tensor(row["timesteps_given_to_the_model"]), 1e-3
    yield f"{name}, sigmas", torch.tensor(sigmas), torch.tensor(row["sigma_used"]), 1e-6


def _arithmetic(table: Table, shift: int, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    sigmas = [table.sigma(t.item()) for t in tensors["in.timestep"]]
    yield f"shift {shift}, looked up", torch.tensor(sigmas), tensors[f"out.shift{shift}.sigma"], 1e-6
    clean, noise, flow = tensors["in.x0"], tensors["in.noise"], tensors["in.flow"]
    noised = torch.stack([add_noise(clean[n], noise[n], s) for n, s in enumerate(sigmas)])
    yield f"shift {shift}, add_noise", noised, tensors[f"out.shift{shift}.add_noise"], TOLERANCE
    # The published x0 was taken from the noised latents.
    x0 = torch.stack([clean_from_flow(noised[n], flow[n], s) for n, s in enumerate(sigmas)])
    yield f"shift {shift}, x0 from flow", x0, tensors[f"out.shift{shift}.x0_from_flow"], TOLERANCE
