"""What PyTorch says of itself and of the GPU, told by a process of its own, which may die of it.

Every line on standard output is a JSON object with what has just been learnt. `stage` says what is tried next, so that
whoever reads them knows what it died of.
"""

from __future__ import annotations

import contextlib
import json
import sys
from importlib import import_module, util

HEAD = 128
"""Size of an attention head in Wan's models."""


def main() -> None:
    """Print the facts, from the harmless to the daring."""
    _say(stage="PyTorch is imported")
    import torch

    _say(version=torch.__version__, cuda=torch.version.cuda, stage="CUDA is asked for a GPU")
    _say(available=torch.cuda.is_available(), mps=torch.backends.mps.is_available())
    if not torch.cuda.is_available():
        return
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    _say(devices=names, capability=torch.cuda.get_device_capability(0), builds=torch.cuda.get_arch_list())
    _say(stage="the GPU multiplies two matrices")
    ones = torch.ones((64, 64), device="cuda")
    _say(product=float((ones @ ones).sum()), flash=torch.backends.cuda.is_flash_attention_available())
    _say(triton=util.find_spec("triton") is not None, stage="SageAttention is tried")
    from vace_core.transformer import kernels

    _say(sage=kernels._sage(0, HEAD) is not None, sage_fault=_import_fault("sageattention"))
    _say(stage="a product in fp8 is tried")
    from vace_core.transformer.quantised import fp8_trouble

    _say(fp8_trouble=fp8_trouble(torch.device("cuda", 0)), stage="")


def _import_fault(name: str) -> str:
    """Return why a package cannot be imported, or "" if it can."""
    try:
        import_module(name)
    except ImportError as reason:
        return str(reason)
    return ""


def _say(**facts: object) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
