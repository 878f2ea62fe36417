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
from tests.vace_core.small import ARCHITECTURE, latents, model, step, text, transformer
from vace_core.checkpoints.lazy_tensor import LazyTensor
from vace_core.controls import Controls
from vace_core.errors import CheckpointError
from vace_core.lora.files import Lora, read_lora
from vace_core.lora.live import LiveLoras
from vace_core.lora.merging import merge
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


def live(wan: CausalWan, loras: Sequence[Lora], *strengths: float) -> CausalWan:
    """A transformer with live LoRAs at these strengths."""
    return LiveLoras(wan, loras).adapted().at(strengths)


def error(got: Tensor, expected: Tensor) -> float:
    return ((got - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("strengths", [(1.0, 0.0), (0.3, -0.5), (0.0, 0.8)])
def test_live_equals_merged(loras: list[Lora], strengths: tuple[float, float]) -> None:
    merged, beside = transformer(), transformer()
    for lora, strength in zip(loras, strengths, strict=True):
        merge(merged, lora, strength)
    assert error(flow(merged), flow(transformer())) > 0.1
    assert error(flow(live(beside, loras, *strengths)), flow(merged)) < 1e-5


def test_the_order_of_the_loras_does_not_matter(loras: list[Lora]) -> None:
    one, other = live(transformer(), loras, 0.3, -0.5), live(transformer(), loras[::-1], -0.5, 0.3)
    assert error(flow(one), flow(other)) < 1e-5


def test_a_strength_that_goes_back_gives_the_same_bits_as_before(loras: list[Lora]) -> None:
    for wan in (transformer(), transformer().bfloat16()):
        plain = flow(wan)
        before = {key: value.clone() for key, value in wan.state_dict().items()}
        adapted = LiveLoras(wan, loras).adapted()
        first = flow(adapted.at((0.7, 0.2)))
        for n in range(10):
            last = flow(adapted.at((n / 3, -0.1 * n)))
        assert not torch.equal(last, first)
        assert torch.equal(flow(adapted.at((0.7, 0.2))), first)
        assert torch.equal(flow(adapted.at((0.0, 0.0))), plain)
        assert torch.equal(flow(wan), plain)
        assert all(torch.equal(value, before[key]) for key, value in wan.state_dict().items())


def test_two_streams_views_of_one_transformer_do_not_disturb_each_other(loras: list[Lora]) -> None:
    wan = transformer()
    shared = LiveLoras(wan, loras)
    one, other = shared.adapted(), shared.adapted()
    strong, weak = one.at((0.9, -0.3)), other.at((0.1, 0.2))
    made = [flow(strong), flow(weak), flow(strong)]
    assert torch.equal(made[0], made[2])
    assert torch.equal(made[0], flow(live(transformer(), loras, 0.9, -0.3)))
    assert torch.equal(made[1], flow(live(transformer(), loras, 0.1, 0.2)))


def test_a_stream_s_transformer_shares_all_weights_but_what_loras_change_as_a_whole(loras: list[Lora]) -> None:
    wan = transformer()
    plain, own = wan.state_dict(), live(wan, loras, 0.9, 0.0).state_dict()
    assert plain.keys() == own.keys()
    assert {key for key in plain if plain[key].data_ptr() != own[key].data_ptr()} == set(WHOLE)


def test_buffers_stay_where_they_are_when_strengths_change(loras: list[Lora]) -> None:
    adapted = LiveLoras(transformer(), loras).adapted()
    places = []
    for strengths in ((0.9, 0.0), (0.0, 0.0), (0.1, 0.7)):
        adapted.at(strengths)
        own = [*adapted._gains.values(), *(changed.parameter for changed in adapted._changed)]
        places.append([tensor.data_ptr() for tensor in own])
    assert places[0] == places[1] == places[2]


def test_strengths_of_nought_cost_nothing(loras: list[Lora]) -> None:
    """Not one operation more than without LoRAs."""
    wan = transformer()
    plain = operations(wan)
    adapted = LiveLoras(wan, loras).adapted()
    assert operations(adapted.at((0.0, 0.0))) == plain
    assert operations(adapted.at((0.5, 0.0))) > plain
    assert operations(adapted.at((0.0, 0.0))) == plain


def operations(wan: CausalWan) -> int:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        flow(wan)
    return sum(event.count for event in profile.key_averages())


def test_a_second_lora_costs_no_second_pass(loras: list[Lora]) -> None:
    one, two = live(transformer(), loras[:1], 0.5), live(transformer(), loras, 0.5, 0.5)
    assert operations(two) == operations(one)


@pytest.mark.parametrize("wrong", [(1.0,), (1.0, 2.0, 3.0), (1.0, math.nan), (math.inf, 0.0)])
def test_strengths_that_are_none_are_refused_and_change_nothing(loras: list[Lora], wrong: tuple[float, ...]) -> None:
    weights = model()
    shared = LiveLoras(weights.transformer, loras)
    for refused in (shared.beginning_at, lambda strengths: LiveLoras(weights.transformer, loras, strengths)):
        with pytest.raises(ValueError, match="expected 2 finite numbers"):
            refused(wrong)
    stream, undisturbed = (Stream(replace(weights, loras=shared), 32, 48) for _ in range(2))
    for one in (stream, undisturbed):
        step(one, Controls("gold", loras=(0.5, 0.5)))
    with pytest.raises(ValueError, match="expected 2 finite numbers"):
        stream.step(Controls("gold", loras=wrong))
    assert torch.equal(step(stream, Controls("gold")).frames, step(undisturbed, Controls("gold")).frames)


def test_a_stream_begins_with_the_loras_as_trained_or_as_it_is_told(loras: list[Lora]) -> None:
    weights = model()
    shared = LiveLoras(weights.transformer, loras)

    def first(live: LiveLoras, *strengths: float) -> Tensor:
        return step(Stream(replace(weights, loras=live), 32, 48), Controls("gold", loras=strengths)).frames

    assert torch.equal(first(shared), first(shared, 1.0, 1.0))
    assert torch.equal(first(shared.beginning_at((0.2, 0.0))), first(shared, 0.2, 0.0))
    assert not torch.equal(first(shared), first(shared, 0.2, 0.0))


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
    assert error(flow(live(beside, [low_rank], 0.8)), flow(exact)) < bound


def test_whole_changes_of_quantised_weights_are_refused(loras: list[Lora]) -> None:
    wan = transformer()
    quantise(wan.blocks, "int8")
    LiveLoras(wan, loras)  # a bias stays a plain number
    whole = replace(loras[0], deltas={"blocks.0.ffn.0.weight": LazyTensor.of(torch.zeros(64, 48))})
    with pytest.raises(CheckpointError, match=r"quantised already \(first: \['blocks.0.ffn.0.weight'\]\)"):
        LiveLoras(wan, [whole])


def test_a_change_of_strengths_forgets_nothing(loras: list[Lora]) -> None:
    plain_model = model()
    weights = replace(plain_model, loras=LiveLoras(plain_model.transformer, loras))
    stream = Stream(weights, 32, 48)
    for _ in range(2):
        step(stream, Controls("gold", loras=(0.0, 0.0)))
    stream.settle()
    remembered = stream.state.memory.clone()
    forks = [stream.fork() for _ in range(4)]
    plain = step(forks[0], Controls("gold")).frames
    one, other = (step(fork, Controls("gold", loras=(0.9, 0.0))).frames for fork in forks[1:3])
    assert torch.equal(one, other)
    assert error(one, plain) > 0.01
    assert torch.equal(step(forks[3], Controls("gold")).frames, plain)
    for now, then in zip(stream.state.memory.layers, remembered.layers, strict=True):
        assert all(map(torch.equal, now.tensors(), then.tensors()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here to capture a graph on")
def test_a_captured_graph_follows_the_strengths(loras: list[Lora]) -> None:
    layer = transformer().cuda().requires_grad_(False)
    adapted = LiveLoras(layer, loras).adapted()
    wan = adapted.at((0.5, 0.0))
    query, x = wan.blocks[0].get_submodule("self_attn.q"), torch.randn(6, 48, device="cuda")
    torch.cuda.synchronize()
    query(x)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = query(x)
    for strengths in ((0.25, 0.5), (-1.0, 0.0)):
        assert adapted.at(strengths) is wan
        graph.replay()
        torch.testing.assert_close(captured, query(x))
