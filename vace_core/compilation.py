"""Regions of a network, of which a compiler makes few kernels. Each stays there as it is written, and can run so.

A region takes modules and tensors, gives tensors and changes nothing, so that it may be run again. It is compiled for
one layout of its inputs, in `Compiler.compiling` alone, where whoever waits is told. A layout that comes later, as with
a picture of another size or with many references, runs as it is written: no chunk ever waits for a compiler.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any, Generic, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

log = logging.getLogger(__name__)

LAYOUTS = 8
"""Of one region that are compiled; PyTorch compiles no more (`torch._dynamo.config.recompile_limit`)."""
CAPABILITY = (7, 0)
"""Of the first NVIDIA GPU that Triton makes kernels for."""

P = ParamSpec("P")
R = TypeVar("R")


class Compiler:
    """Compiles regions for a device. `trouble` says why it gave up, "" if it did not: then all run as written."""

    def __init__(self, device: torch.device, backend: str | Callable[..., Any] = "inductor") -> None:
        """backend: as `torch.compile` takes it."""
        self.trouble = ""
        self._tell: Callable[[str], object] | None = None
        self._backend = backend
        self._mode = "max-autotune-no-cudagraphs" if device.type == "cuda" else None

    def region(self, name: str, run: Callable[P, R]) -> Region[P, R]:
        """What `run` does, as one region; name: for whoever waits."""
        compiled = torch.compile(  # pyright: ignore[reportCallIssue] - PyTorch's overloads lack isolate_recompiles
            run, fullgraph=True, dynamic=False, backend=self._backend, mode=self._mode, isolate_recompiles=True
        )
        return Region(self, name, run, compiled)

    @contextmanager
    def compiling(self, tell: Callable[[str], object]) -> Iterator[None]:
        """Within it, regions are compiled for what they meet; tell: gets a line before each."""
        self._tell = tell
        try:
            yield
        finally:
            self._tell = None

    def may_begin(self, name: str) -> bool:
        """Whether a region may be compiled now, of which is told then."""
        if self._tell is None:
            return False
        self._tell(f"compiling {name}")
        return True

    def give_up(self, name: str, reason: Exception) -> None:
        """Nothing compiled is run from here on."""
        said = " ".join(str(reason).split("\n\n")[0].split())  # PyTorch adds how to have it written to a log
        self.trouble = f"{name} cannot be compiled ({type(reason).__name__}: {said})"
        log.warning("%s; everything runs as it is written from here on, which is slower", self.trouble)
        log.debug("what the compiler said", exc_info=reason)


class Region(Generic[P, R]):
    """One function, as compiled where its inputs are of a layout that it was compiled for, and else as written."""

    def __init__(self, compiler: Compiler, name: str, run: Callable[P, R], compiled: Callable[P, R]) -> None:
        self._compiler, self._name, self._run, self._compiled = compiler, name, run, compiled
        self._layouts: set[Hashable] = set()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._compiler.trouble or not self._is_compiled_for(args):
            return self._run(*args, **kwargs)
        try:
            return self._compiled(*args, **kwargs)
        except Exception as reason:  # noqa: BLE001 - a compiler and what it calls raise anything
            made = self._run(*args, **kwargs)  # raises as well where the inputs are to blame, or the memory
            self._compiler.give_up(self._name, reason)
            return made

    def __deepcopy__(self, _: object) -> Region[P, R]:
        """Itself: a model's copies share what was compiled."""
        return self

    def _is_compiled_for(self, inputs: tuple[Any, ...]) -> bool:
        layout = (torch.get_num_threads(), *map(_layout, inputs))  # the kernels of a processor are for so many
        if layout in self._layouts:
            return True
        if len(self._layouts) >= LAYOUTS or not self._compiler.may_begin(self._name):
            return False
        self._layouts.add(layout)
        return True


def _layout(value: Any) -> Hashable:
    """All of an input that its compiled kernels depend on."""
    if isinstance(value, Tensor):
        return value.shape, value.stride(), value.dtype
    if isinstance(value, nn.Module):
        return type(value)
    if isinstance(value, tuple):
        return tuple(map(_layout, value))
    if is_dataclass(value):
        return tuple(_layout(getattr(value, field.name)) for field in fields(value))
    return value


def compiler_for(device: torch.device, wanted: str, plays_loras: bool) -> Compiler | None:
    """The compiler of a model, None for none. wanted: one of `checkpoints.options.COMPILE`.

    "auto" compiles on an NVIDIA GPU, where there is Triton; a processor gains too little to wait for it. Raises
    ValueError where "on" was asked for and cannot be had.
    """
    if wanted == "off" or (wanted == "auto" and device.type != "cuda"):
        return None
    trouble = why_not(device)
    if wanted == "on" and not trouble and plays_loras:
        trouble = (
            "layers with a LoRA whose strength is played run as they are written; merge it with --merge-lora, or leave "
            "it to --compile auto, which compiles all other layers"
        )
    if not trouble:
        return Compiler(device)
    if wanted == "on":
        raise ValueError(f"--compile on was asked for, but {trouble}")
    log.info("nothing is compiled: %s", trouble)
    return None


def why_not(device: torch.device) -> str:
    """What is missing on this machine for compiling, in words with what to do; "" for nothing."""
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) < CAPABILITY:
            return (
                f"{torch.cuda.get_device_name(device)} is older than what Triton makes kernels for; use --compile off"
            )
        return "" if _has_triton() else "Triton is missing; install triton, on Windows triton-windows"
    if device.type == "cpu":
        return "" if _has_cpp_compiler() else "there is no C++ compiler; install g++ or clang, on Windows Visual Studio"
    return f"PyTorch compiles for NVIDIA GPUs and processors, not for {device.type}; use --compile off"


def _has_triton() -> bool:
    from torch.utils._triton import has_triton

    return has_triton()


def _has_cpp_compiler() -> bool:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except (InvalidCxxCompiler, RuntimeError):
        return False
    return True
