"""Live LoRAs: the same as merged ones, and without a trace when their strengths go back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.vace_core.lora.lora_files import changes, write
from tests.vace_core.small import ARCHITECTURE, latents, model, text, transformer
from vace_core.checkpoints.weights import LazyTensor
from vace_core.controls import Controls
from vace_core.errors import CheckpointError
from vace_core.lora.files import Lora, merge, read_lora
from vace_core.lora.live import LiveLoras
from vace_core.stream import Stream
from vace_core.transformer import CausalWan
from vace_core.transformer.quantised import quantise

WHOLE = {
    "blocks.1.self_attn.q.bias": (48,),
    "vace_blocks.0.norm3.weight": (48,),
    "blocks.2.modulation": (1, 6, 48),
}


@pytest.fixture
def loras(tmp_path: Path) -> list[Lora]:
    """Two that change every module that a LoRA can change, and the first some parameters as a whole besides."""
    read = [read_lora(write(tmp_path, "kohya", changes(seed), f"{seed}.safetensors"), ARCHITECTURE) for seed in (1, 2)]
    generator = torch.Generator().manual_seed(5)
    whole = {key: LazyTensor.of(torch.randn(shape, generator=generator) / 4) for key, shape in WHOLE.items()}
    return [replace(read[0], deltas=whole), read[1]]


@torch.no_grad()
def flow(wan: CausalWan) -> Tensor:
    """With control and a reference, so that every weight takes part."""
    dtype = wan.patch_embedding.weight.dtype
    time, prompt = wan.embed_time(torch.tensor([[625.0]])), wan.embed_prompt(text().to(dtype))
    references = wan.embed_references(latents(1, 3, channels=96).to(dtype))
    context = wan.embed_context(latents(3, 2, channels=96).to(dtype), references)
    return wan(latents(3, 1).to(dtype), time, prompt, context)


def live(wan: CausalWan, loras: Sequence[Lora], *strengths: float) -> LiveLoras:
    made = LiveLoras(wan, loras)
    made.set(strengths)
    return made


def error(got: Tensor, expected: Tensor) -> float:
    return ((got - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("strengths", [(1.0, 0.0), (0.3, -0.5), (0.0, 0.8)])
def test_live_equals_merged(loras: list[Lora], strengths: tuple[float, float]) -> None:
    merged, beside = transformer(), transformer()
    for lora, strength in zip(loras, strengths, strict=True):
        merge(merged, lora, strength)
    live(beside, loras, *strengths)
    assert error(flow(merged), flow(transformer())) > 0.1
    assert error(flow(beside), flow(merged)) < 1e-5


def test_the_order_of_the_loras_does_not_matter(loras: list[Lora]) -> None:
    one, other = transformer(), transformer()
    live(one, loras, 0.3, -0.5)
    live(other, loras[::-1], -0.5, 0.3)
    assert error(flow(one), flow(other)) < 1e-5


def test_a_strength_that_goes_back_gives_the_same_bits_as_before(loras: list[Lora]) -> None:
    for wan in (transformer(), transformer().bfloat16()):
        plain = flow(wan)
        before = {key: value.clone() for key, value in wan.state_dict().items()}
        made = live(wan, loras, 0.7, 0.2)
        first = flow(wan)
        for n in range(10):
            made.set((n / 3, -0.1 * n))
        assert not torch.equal(flow(wan), first)
        made.set((0.7, 0.2))
        assert torch.equal(flow(wan), first)
        made.set((0.0, 0.0))
        assert torch.equal(flow(wan), plain)
        assert all(torch.equal(value, before[key]) for key, value in wan.state_dict().items())


def test_strengths_of_nought_cost_nothing(loras: list[Lora]) -> None:
    """Not one operation more than without LoRAs."""
    wan = transformer()
    plain = operations(wan)
    made = LiveLoras(wan, loras)
    assert not made.active
    assert operations(wan) == plain
    made.set((0.5, 0.0))
    assert made.active
    assert operations(wan) > plain
    made.set((0.0, 0.0))
    assert operations(wan) == plain


def operations(wan: CausalWan) -> int:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        flow(wan)
    return sum(event.count for event in profile.key_averages())


def test_a_second_lora_costs_no_second_pass(loras: list[Lora]) -> None:
    one, two = transformer(), transformer()
    live(one, loras[:1], 0.5)
    live(two, loras, 0.5, 0.5)
    assert operations(two) == operations(one)


def test_every_change_of_a_strength_raises_the_version_and_no_other(loras: list[Lora]) -> None:
    made = LiveLoras(transformer(), loras)
    versions = []
    for strengths in ((0.0, 0.0), (0.5, 0.0), (0.5, 0.0), (0.5, 0.1), (0.0, 0.0)):
        made.set(strengths)
        versions.append(made.version)
    assert versions == [0, 1, 1, 2, 3]


@pytest.mark.parametrize("wrong", [(), (1.0,), (1.0, 2.0, 3.0), (1.0, math.nan), (math.inf, 0.0)])
def test_strengths_that_are_none_are_refused_and_change_nothing(loras: list[Lora], wrong: tuple[float, ...]) -> None:
    wan = transformer()
    made = live(wan, loras, 0.5, 0.5)
    expected = flow(wan)
    with pytest.raises(ValueError, match="expected 2 finite numbers"):
        made.set(wrong)
    assert made.strengths == (0.5, 0.5)
    assert torch.equal(flow(wan), expected)


def test_a_lora_for_another_model_is_refused_and_leaves_no_trace(tmp_path: Path, loras: list[Lora]) -> None:
    smaller = replace(ARCHITECTURE, layers=2, vace_layers=(0,))
    wan = transformer(architecture=smaller)
    plain = flow(wan)
    with pytest.raises(CheckpointError, match=r"weights that this model does not have .*blocks\.2"):
        LiveLoras(wan, loras)
    assert torch.equal(flow(wan), plain)


@pytest.mark.parametrize(("kind", "bound"), [("int8", 0.005), ("fp8", 0.08)])
@pytest.mark.usefixtures("fp8_anywhere")
def test_a_lora_works_on_quantised_layers_live_or_merged_before(loras: list[Lora], kind: str, bound: float) -> None:
    low_rank = replace(loras[0], deltas={})
    exact, merged, beside = transformer(), transformer(), transformer()
    for wan in (exact, merged):
        merge(wan, low_rank, 0.8)
    for wan in (merged, beside):
        for blocks in (wan.blocks, wan.vace_blocks):
            quantise(blocks, kind)
    assert error(flow(beside), flow(exact)) > 0.5
    assert error(flow(merged), flow(exact)) < bound
    live(beside, [low_rank], 0.8)
    assert error(flow(beside), flow(exact)) < bound


def test_whole_changes_of_quantised_weights_are_refused(loras: list[Lora]) -> None:
    wan = transformer()
    quantise(wan.blocks, "int8")
    LiveLoras(wan, loras)  # a bias stays a plain number
    whole = replace(loras[0], deltas={"blocks.0.ffn.0.weight": LazyTensor.of(torch.zeros(64, 48))})
    with pytest.raises(CheckpointError, match=r"quantised already \(first: \['blocks.0.ffn.0.weight'\]\)"):
        LiveLoras(wan, [whole])


def test_strengths_are_the_models_and_a_change_forgets_nothing(loras: list[Lora]) -> None:
    weights = model()
    made = LiveLoras(weights.transformer, loras)
    stream = Stream(weights, 32, 48)
    for _ in range(2):
        stream.step(Controls("gold"))
    stream.settle()
    remembered = stream.state.memory.clone()
    forks = [stream.fork() for _ in range(4)]
    plain = forks[0].step(Controls("gold")).frames
    made.set((0.9, 0.0))
    one, other = (fork.step(Controls("gold")).frames for fork in forks[1:3])
    made.set((0.0, 0.0))
    assert torch.equal(one, other)
    assert error(one, plain) > 0.01
    assert torch.equal(forks[3].step(Controls("gold")).frames, plain)
    for now, then in zip(stream.state.memory.layers, remembered.layers, strict=True):
        assert all(map(torch.equal, now.tensors(), then.tensors()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here to capture a graph on")
def test_a_captured_graph_follows_the_strengths(loras: list[Lora]) -> None:
    layer = transformer().cuda().requires_grad_(False)
    made = live(layer, loras, 0.5, 0.0)
    query, x = layer.blocks[0].get_submodule("self_attn.q"), torch.randn(6, 48, device="cuda")
    torch.cuda.synchronize()
    query(x)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = query(x)
    for strengths in ((0.25, 0.5), (-1.0, 0.0)):
        made.set(strengths)
        graph.replay()
        torch.testing.assert_close(captured, query(x))
