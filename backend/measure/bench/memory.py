"""The most of a GPU's memory that one path takes."""

from __future__ import annotations

import torch

from vace_core.model import Model


def reset_peak(device: torch.device) -> None:
    """Count anew from what is in use now."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_gb(device: torch.device) -> float | None:
    """Since then, in units of 2^30 bytes, the weights included; None where the device does not count."""
    if device.type != "cuda":
        return None
    return round(torch.cuda.max_memory_allocated(device) / 2**30, 2)


def weights_gb(model: Model) -> float:
    """Of the transformer and its context blocks, in units of 2^30 bytes."""
    return round(sum(tensor.nbytes for tensor in model.transformer.state_dict().values()) / 2**30, 3)
