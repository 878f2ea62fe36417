"""Where network calls are recorded as CUDA graphs: which device has them, and what a stream is told."""

from __future__ import annotations

import pytest
import torch

from vace_core.checkpoints.options import LoadOptions
from vace_core.cuda_graphs import CudaGraphs, graphs_for
from vace_core.load import load

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("device", "wanted", "expected"),
    [
        (GPU, "auto", CudaGraphs),
        (GPU, "on", CudaGraphs),
        (GPU, "off", None),
        (CPU, "auto", None),
        (CPU, "off", None),
        (torch.device("mps"), "auto", None),
    ],
)
def test_graphs_are_for_nvidia_gpus_unless_they_are_off(device: torch.device, wanted: str, expected: object) -> None:
    assert graphs_for(device, wanted) is expected


def test_graphs_that_a_device_has_not_are_refused_before_anything_is_loaded() -> None:
    with pytest.raises(ValueError, match="graphs are on, but only NVIDIA GPUs have them, not cpu; choose auto or off"):
        load("pocket", "cpu", options=LoadOptions(graphs="on"))


def test_a_model_on_the_processor_records_nothing() -> None:
    assert load("pocket").graphs is None
