"""What PyTorch says of itself and of the GPU, told by a process of its own, which may die of it.

Every line on standard output is a JSON object with what has just been learnt. `stage` says what is tried next, so that
whoever reads them knows what it died of.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from importlib import util

PIPELINE = "longlive"
"""Attention is tried at the sizes of this one."""


def main() -> None:
    """Print the facts, from the harmless to the daring."""
    _say(stage="PyTorch is imported")
    import torch

    _say(version=torch.__version__, cuda=torch.version.cuda, stage="CUDA is asked for a GPU")
    _say(available=torch.cuda.is_available(), mps=torch.backends.mps.is_available())
    from vace_core.mixed_precision import has_bfloat16

    _say(bfloat16=has_bfloat16())
    if not torch.cuda.is_available():
        _try_attention("cpu")
        _say(stage="")
        return
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    _say(devices=names, capability=torch.cuda.get_device_capability(0), builds=torch.cuda.get_arch_list())
    _say(stage="the GPU multiplies two matrices")
    ones = torch.ones((64, 64), device="cuda")
    _say(product=float((ones @ ones).sum()), triton=util.find_spec("triton") is not None)
    _try_attention("cuda:0")
    _say(stage="a CUDA graph is recorded")
    from vace_core.cuda_graphs import CudaGraphs, recording_trouble

    _say(graphs_trouble=recording_trouble(CudaGraphs(torch.device("cuda", 0)), torch.device("cuda", 0)))
    _say(stage="a product in fp8 is tried")
    from vace_core.transformer.fp8 import fp8_choice

    choice = fp8_choice(torch.device("cuda", 0))
    _say(fp8_trouble=choice.trouble or None, fp8=choice.words(), fp8_slower=choice.slower, stage="")


def _try_attention(device: str) -> None:
    """Try every kernel; the log tells which one it is at."""
    import torch

    from vace_core.config import PIPELINES
    from vace_core.constants import PIXELS_PER_LATENT
    from vace_core.transformer import attention_check

    pipeline = PIPELINES[PIPELINE]
    height, width = pipeline.height // PIXELS_PER_LATENT, pipeline.width // PIXELS_PER_LATENT
    per_frame = pipeline.architecture.tokens(height, width)
    _say(stage="attention is tried")
    attention_check.log.addHandler(_Stages())
    attention_check.log.setLevel(logging.DEBUG)
    try:
        choice = attention_check.choose_attention(pipeline, per_frame, torch.device(device), torch.bfloat16)
    except (ValueError, RuntimeError) as reason:
        _say(trials=[f"{reason}"])
        return
    _say(attention=choice.words(), trials=[trial.sentence() for trial in choice.trials if not trial.biased])


class _Stages(logging.Handler):
    """Says what is tried as the stage."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().endswith(" is tried"):
            _say(stage=record.getMessage())


def _say(**facts: object) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
