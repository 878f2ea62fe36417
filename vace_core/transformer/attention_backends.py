"""The kernels that attention may run on, one row each: what each takes, where it runs, and how it is called.

The rows say what is known beforehand. Whether a kernel is right and quick on a device is measured there, at the start
(`attention_check`), so that a row may be hopeful. Of the packages, sageattention 1.0.6 was read as it is installed,
SageAttention 2 and 3 and FlashAttention 2 to 4 as they are published; no row of a GPU was run by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from importlib import import_module, metadata
from importlib.util import find_spec

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

Call = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
"""Queries [B, H, N, D], keys and values [B, H, M, D], what is added to the logits (broadcast to [B, H, N, M]) or None
-> [B, H, N, D]."""

HALF = (torch.float16, torch.bfloat16)
FLOAT = (*HALF, torch.float32)
ROUNDING = 0.02
"""The largest error of a kernel that computes in the inputs' own number format, relative to the result, in any row."""
EIGHT_BITS = 0.12
"""The same where queries and keys are in eight bits."""
FOUR_BITS = 0.4


@dataclass(frozen=True)
class Facts:
    """What decides which rows are worth a trial: the device, and what is installed by name of the module ("" = of a
    version that is not told)."""

    device: str
    name: str = ""
    capability: tuple[int, int] = (0, 0)
    installed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, device: torch.device) -> Facts:
        installed = {name: _version(name) for name in MODULES if find_spec(name) is not None}
        if device.type != "cuda":
            return cls(device.type, device.type, installed=installed)
        name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)
        return cls(device.type, name, capability, installed)


@dataclass(frozen=True)
class AttentionBackend:
    """A row. capability: the first that it runs on and the first that it does not. heads: the sizes of a head it takes.
    modules: what must be installed. versions: of the first module, the first major one and the first that is too new.
    """

    name: str
    words: str
    load: Callable[[], Call]
    devices: tuple[str, ...] = ("cuda",)
    capability: tuple[tuple[int, int], tuple[int, int]] = ((8, 0), (99, 0))
    dtypes: tuple[torch.dtype, ...] = HALF
    heads: Container[int] = range(8, 257, 8)
    bias: bool = False
    error: float = ROUNDING
    modules: tuple[str, ...] = ()
    versions: tuple[int, int] = (0, 99)
    by_name_only: bool = False

    def call(self) -> Call:
        """How it is called. Raises what importing its modules raises."""
        call = self.load()
        return _on_its_device(call) if self.modules else call

    def why_not(self, facts: Facts, dtype: torch.dtype, head: int, biased: bool) -> str | None:
        """Why it cannot run, in words that follow "as"; None where it is worth a trial."""
        if facts.device not in self.devices:
            return f"it runs on {' and '.join(self.devices)} only"
        if facts.device == "cuda" and not self.capability[0] <= facts.capability < self.capability[1]:
            return f"it is not made for compute capability {facts.capability[0]}.{facts.capability[1]}"
        missing = [name for name in self.modules if name not in facts.installed]
        if missing:
            return f"{missing[0]} is not installed"
        version = facts.installed[self.modules[0]] if self.modules else ""
        if version and not self.versions[0] <= int(version.partition(".")[0]) < self.versions[1]:
            return f"{self.modules[0]} is of version {version}"
        if biased and not self.bias:
            return "it takes no bias"
        if dtype not in self.dtypes:
            return f"it does not take {str(dtype).removeprefix('torch.')}"
        return None if head in self.heads else f"it takes no heads of size {head}"


def _on_its_device(call: Call) -> Call:
    """What is written in Triton runs on the thread's own GPU, whatever it is given; PyTorch's own minds its inputs."""

    def on_its_device(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        with torch.cuda.device_of(queries):
            return call(queries, keys, values, bias)

    return on_its_device


def _sdpa() -> Call:
    return lambda queries, keys, values, bias: scaled_dot_product_attention(queries, keys, values, attn_mask=bias)


def _math() -> Call:
    run = torch.ops.aten._scaled_dot_product_attention_math.default
    return lambda queries, keys, values, bias: run(queries, keys, values, bias)[0]


def _flash() -> Call:
    run = torch.ops.aten._scaled_dot_product_flash_attention.default
    return lambda queries, keys, values, bias: run(queries, keys, values)[0]


def _cudnn() -> Call:
    run = torch.ops.aten._scaled_dot_product_cudnn_attention.default
    return lambda queries, keys, values, bias: run(queries, keys, values, bias, False)[0]


def _efficient() -> Call:
    run = torch.ops.aten._scaled_dot_product_efficient_attention.default

    def call(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        return run(queries, keys, values, None if bias is None else aligned(bias, queries, keys), False)[0]

    return call


def aligned(bias: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """A bias as the memory-efficient kernel takes it: of full shape, its rows at multiples of 16 numbers in memory."""
    rows = keys.shape[2]
    return pad(bias, (0, -rows % 16))[..., :rows].expand(*queries.shape[:3], rows)


def _tokens_before_heads(module: str) -> Call:
    """FlashAttention's packages, which take [B, N, H, D]; some of their versions give the logits' sums as well."""
    run = import_module(module).flash_attn_func

    def call(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        out = run(queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2))
        return (out[0] if isinstance(out, tuple) else out).transpose(1, 2)

    return call


def _sage1() -> Call:
    """Version 1 takes the keys' mean off in place, and these keys are a stream's memory: so it gets keys without it."""
    run = import_module("sageattention").sageattn

    def call(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        return run(queries, keys - keys.mean(dim=2, keepdim=True), values, tensor_layout="HND", smooth_k=False)

    return call


def _sage2() -> Call:
    run = import_module("sageattention").sageattn
    return lambda queries, keys, values, bias: run(queries, keys, values, tensor_layout="HND")


def _sage3() -> Call:
    """It takes the keys' mean off in place too."""
    run = import_module("sageattn3").sageattn3_blackwell
    return lambda queries, keys, values, bias: run(queries, keys.clone(), values)


ANY_CAPABILITY = ((0, 0), (99, 0))
TABLE = (
    AttentionBackend(
        "sdpa",
        "PyTorch's own choice",
        _sdpa,
        ("cuda", "cpu", "mps"),
        ANY_CAPABILITY,
        FLOAT,
        range(1, 513),
        bias=True,
    ),
    AttentionBackend("cudnn", "cuDNN's, in PyTorch", _cudnn, heads=range(8, 129, 8), bias=True),
    AttentionBackend("flash", "FlashAttention 2, in PyTorch", _flash),
    AttentionBackend(
        "efficient", "memory-efficient, in PyTorch", _efficient, capability=((5, 0), (99, 0)), dtypes=FLOAT, bias=True
    ),
    AttentionBackend("flash2", "FlashAttention 2", lambda: _tokens_before_heads("flash_attn"), modules=("flash_attn",)),
    AttentionBackend(
        "flash3",
        "FlashAttention 3",
        lambda: _tokens_before_heads("flash_attn_interface"),
        capability=((8, 0), (10, 0)),
        modules=("flash_attn_interface",),
    ),
    AttentionBackend(
        "flash4",
        "FlashAttention 4",
        lambda: _tokens_before_heads("flash_attn.cute"),
        capability=((9, 0), (99, 0)),
        heads=range(8, 129, 8),
        modules=("flash_attn", "cutlass"),
    ),
    AttentionBackend(
        "sage1",
        "SageAttention 1, in Triton: queries and keys in 8 bits",
        _sage1,
        heads=(64, 96, 128),
        error=EIGHT_BITS,
        modules=("sageattention", "triton"),
        versions=(1, 2),
    ),
    AttentionBackend(
        "sage2",
        "SageAttention 2: queries, keys and, on some cards, values in 8 bits",
        _sage2,
        heads=range(1, 129),
        error=EIGHT_BITS,
        modules=("sageattention", "triton"),
        versions=(2, 3),
    ),
    AttentionBackend(
        "sage3",
        "SageAttention 3: all in 4 bits, which a model should be trained for",
        _sage3,
        capability=((12, 0), (99, 0)),
        heads=(64, 128),
        error=FOUR_BITS,
        modules=("sageattn3", "triton"),
        by_name_only=True,
    ),
    AttentionBackend(
        "math",
        "plain products, which keep every logit in memory",
        _math,
        ("cuda", "cpu"),
        ANY_CAPABILITY,
        FLOAT,
        range(1, 513),
        bias=True,
        by_name_only=True,
    ),
)
MODULES = tuple(dict.fromkeys(name for backend in TABLE for name in backend.modules))
DISTRIBUTIONS = {"flash_attn": "flash-attn", "flash_attn_interface": "flash_attn_3"}
"""Names that modules have as packages, where they differ."""


def backend_named(name: str) -> AttentionBackend:
    """The row of that name; ValueError if there is none."""
    for backend in TABLE:
        if backend.name == name:
            return backend
    raise ValueError(f"there is no attention {name!r}; choose auto, or one of {', '.join(row.name for row in TABLE)}")


def _version(module: str) -> str:
    try:
        return metadata.version(DISTRIBUTIONS.get(module, module))
    except metadata.PackageNotFoundError:
        return ""
