"""Network calls that are recorded with their blocks compiled: the same bits as calls that run as they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec, TypeVar

import pytest
from torch import Tensor

from tests.vace_core import small
from tests.vace_core.recorded_graphs import RecordedGraphs
from tests.vace_core.test_compilation import Counting, graphs
from tests.vace_core.test_passes import are_same, steady, step
from tests.vace_core.test_pipelines import HEIGHT, WIDTH
from vace_core.config import PIPELINES
from vace_core.model import Model
from vace_core.stream import Stream
from vace_core.warm_up import warm_up, with_compiler

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")
KINDS, PARTS = ("main", "context"), ("up to", "behind")


class CompiledBlocks(Counting):
    """Blocks alone: the autoencoder is never recorded. PyTorch's kernels stay as they are, so that each is noted."""

    def __init__(self) -> None:
        super().__init__("aot_eager")

    def region(self, name: str, run: Callable[P, R]) -> Callable[P, R]:
        return super().region(name, run) if "blocks" in name else run


class CompiledGraphs(RecordedGraphs):
    """Notes what is compiled, and which compiled regions run, while a call is recorded or replayed."""

    def __init__(self, compiler: Counting) -> None:
        super().__init__()
        self._compiler = compiler
        self.compiled = 0
        self.ran = set[str]()

    def record(self, run: Callable[[], T]) -> Callable[[], T]:
        replay = self._noting(lambda: super(CompiledGraphs, self).record(run))
        return lambda: self._noting(replay)

    def _noting(self, run: Callable[[], T]) -> T:
        before, ran = graphs(), len(self._compiler.ran)
        made = run()
        self.compiled += graphs() - before
        self.ran.update(self._compiler.ran[ran:])
        return made


@pytest.fixture(scope="module")
def compiled() -> Model:
    """One for both pipelines, whose blocks take the same layouts."""
    return with_compiler(small.model(), CompiledBlocks())


def show(stream: Stream) -> list[Tensor | None]:
    """A settled mode, then references, masks and a video's own latents, with another prompt, scale and seed each."""
    return steady(stream, 0, 6) + [step(stream, n) for n in range(4, 16)] + steady(stream, 6, 9)


@pytest.mark.parametrize("name", ["longlive", "pocket"])
def test_a_recording_of_compiled_blocks_is_the_same_to_the_bit_and_compiles_nothing(name: str, compiled: Model) -> None:
    plain, compiler = small.model(PIPELINES[name]), compiled.compiler
    assert isinstance(compiler, CompiledBlocks)
    recorded = CompiledGraphs(compiler)
    model = replace(compiled, pipeline=plain.pipeline, graphs=lambda device: recorded)
    stream = Stream(model, HEIGHT, WIDTH)
    warm_up(stream, lambda _: None)
    before = graphs()
    assert are_same(show(stream), show(Stream(plain, HEIGHT, WIDTH)))
    assert graphs() == before
    assert recorded.compiled == 0
    assert not compiler.trouble
    assert recorded.ran == {f"the {kind} blocks {part} attention" for kind in KINDS for part in PARTS}
    assert recorded.replayed >= 30
