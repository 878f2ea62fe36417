"""What is compiled gives the same pictures, only before the show, and leaves nothing out without a word."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor
from torch._dynamo import config as dynamo
from torch._dynamo.utils import counters
from torch._inductor import config as inductor

from tests.vace_core import small
from vace_core import compilation as c
from vace_core import load
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.checkpoints.options import LoadOptions
from vace_core.compilation import Compiler, compiler_for
from vace_core.conditioning import Reference
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.model import Model
from vace_core.stream import Stream
from vace_core.transformer.block import Block
from vace_core.transformer.quantised import quantise
from vace_core.warm_up import warm_up, with_compiler

CPU = torch.device("cpu")
HEIGHT, WIDTH = 32, 48
CHUNKS = 20


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


PICTURE = random(3, HEIGHT, WIDTH, seed=99)


def controls_of(number: int, frames: int) -> Controls:
    """Modes, prompts, references and scales that move from chunk to chunk."""
    video = random(1, 3, frames, HEIGHT, WIDTH, seed=number)
    mask = (video[:, :1] > 0).float()
    return Controls(
        prompt=("gold", "silver")[number // 7 % 2],
        control=video if number % 5 else None,
        source=video if number % 4 == 2 else None,
        mask=mask if number % 4 == 2 else None,
        references=(Reference(PICTURE),) if number in (8, 9, 15) else (),
        scale=1.0 - number / 40,
        seed=7,
    )


def show(stream: Stream, chunks: int = CHUNKS) -> list[Tensor]:
    made = []
    for number in range(chunks):
        chunk = stream.step(controls_of(number, stream.frames_wanted))
        stream.settle()
        if chunk is not None:
            made.append(chunk.frames)
    return made


def graphs() -> int:
    return counters["stats"]["unique_graphs"]


def largest(one: list[Tensor], other: list[Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(one, other, strict=True))


class Counting(Compiler):
    """Notes the names of regions that ran as compiled."""

    def __init__(self, backend: str = "eager") -> None:
        """By default as PyTorch traces it, without kernels of its own, which is quickest."""
        super().__init__(CPU, backend)
        self.ran: list[str] = []

    def region(self, name, run):
        region = super().region(name, run)
        compiled = region._compiled
        region._compiled = lambda *args: self.ran.append(name) or compiled(*args)
        return region


@dataclass(frozen=True)
class Warmed:
    """A model that was compiled for one size. told: what was said meanwhile; graphs: how many were made."""

    model: Model
    compiler: Counting
    told: list[str]
    graphs: int

    def stream(self, height: int = HEIGHT, width: int = WIDTH) -> Stream:
        self.compiler.ran.clear()
        return Stream(self.model, height, width)


def warmed_up(model: Model, backend: str = "eager") -> Warmed:
    compiler, told, before = Counting(backend), list[str](), graphs()
    model = with_compiler(model, compiler)
    warm_up(Stream(model, HEIGHT, WIDTH), told.append)
    return Warmed(model, compiler, told, graphs() - before)


@pytest.fixture(scope="module")
def warmed() -> Warmed:
    return warmed_up(small.model())


@pytest.mark.parametrize(
    ("row", "backend"),
    [
        ("longlive", "aot_eager"),
        pytest.param("memflow", "eager", marks=pytest.mark.slow),
        pytest.param("streamdiffusion-v2", "eager", marks=pytest.mark.slow),
    ],
)
def test_twenty_chunks_with_everything_moving_are_the_same_and_compile_nothing_more(row: str, backend: str):
    plain = show(Stream(small.model(small.ROWS[row]), HEIGHT, WIDTH))
    warmed = warmed_up(small.model(small.ROWS[row]), backend)
    assert warmed.graphs == len(warmed.told), "one graph for each region and layout"
    before = graphs()
    assert largest(show(warmed.stream()), plain) == 0.0
    assert graphs() == before


def test_all_blocks_of_a_kind_share_one_graph_a_layout(warmed: Warmed):
    assert warmed.graphs == len(warmed.told)
    regions = {line.removeprefix("compiling ") for line in warmed.told}
    assert regions == {
        "the main blocks up to attention",
        "the main blocks behind attention",
        "the context blocks up to attention",
        "the context blocks behind attention",
        "the encoder",
        "the decoder",
    }
    blocks = [line for line in warmed.told if "blocks" in line]
    assert max(map(blocks.count, blocks)) <= 2, "of a chunk, and of one with a reference beside it"


def test_what_was_compiled_runs_in_the_show(warmed: Warmed):
    stream, ran = warmed.stream(), warmed.compiler.ran
    stream.step(Controls(control=random(1, 3, stream.frames_wanted, HEIGHT, WIDTH)))
    transformer, steps = warmed.model.transformer, len(warmed.model.pipeline.steps)
    for part in ("up to", "behind"):
        assert ran.count(f"the main blocks {part} attention") == steps * len(transformer.blocks)
        assert ran.count(f"the context blocks {part} attention") == steps * len(transformer.vace_blocks)
    assert "the encoder" in ran
    assert "the decoder" in ran


def test_nothing_is_compiled_in_a_show_that_was_not_warmed_up():
    compiler, before = Counting(), graphs()
    show(Stream(with_compiler(small.model(), compiler), HEIGHT, WIDTH), 2)
    assert not compiler.ran
    assert graphs() == before


def test_another_size_runs_as_it_is_written(warmed: Warmed):
    stream, before = warmed.stream(48, 64), graphs()
    stream.step(Controls(control=random(1, 3, stream.frames_wanted, 48, 64)))
    assert not warmed.compiler.ran
    assert graphs() == before


def test_another_number_of_threads_runs_as_it_is_written(warmed: Warmed, monkeypatch: pytest.MonkeyPatch):
    stream, before = warmed.stream(), graphs()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 99)
    show(stream, 2)
    assert not warmed.compiler.ran
    assert graphs() == before


def test_warming_up_leaves_no_trace_in_the_stream(warmed: Warmed):
    stream, fresh = warmed.stream(), Stream(small.model(), HEIGHT, WIDTH)
    warm_up(stream, lambda _: None)
    assert stream.state.chunks == 0
    assert largest(show(stream, 3), show(fresh, 3)) == 0.0


def test_without_a_compiler_warming_up_makes_no_chunk(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Stream, "step", lambda *_: pytest.fail("a chunk was made"))
    warm_up(Stream(small.model(), HEIGHT, WIDTH), lambda _: pytest.fail("something was told"))


def test_layers_that_play_loras_are_heard_and_the_others_stay_compiled(warmed: Warmed):
    def with_lora(model: Model) -> Stream:
        return Stream(replace(model, loras=LiveLoras(model.transformer, [small.lora()], [0.5])), HEIGHT, WIDTH)

    plain = show(with_lora(small.model()), 3)
    warmed.compiler.ran.clear()
    assert largest(show(with_lora(warmed.model), 3), plain) == 0.0
    assert largest(show(warmed.stream(), 3), plain) > 0.01
    assert "the main blocks up to attention" in warmed.compiler.ran


@pytest.mark.parametrize("kind", ["int8", "fp8"])
def test_layers_in_eight_bits_are_compiled(kind: str, fp8_anywhere: None):
    block, compiler, turn = small.transformer().blocks[0], Counting(), torch.ones(2, 6, 24)
    assert isinstance(block, Block)
    quantise(block, kind)
    x, modulation = random(1, 6, 48), random(1, 1, 6, 48)
    prompt = (random(1, 2, 6, 24), random(1, 2, 6, 24))
    with torch.inference_mode():
        expected = block(x, modulation, prompt, turn)
        block.before_attention = compiler.region("before", block.before_attention)
        block.after_attention = compiler.region("after", block.after_attention)
        with compiler.compiling(lambda _: None):
            assert torch.equal(block(x, modulation, prompt, turn), expected)
    assert compiler.ran == ["before", "after"]
    assert not compiler.trouble


def test_wans_autoencoder_is_compiled():
    torch.manual_seed(0)
    autoencoder, compiler = WanAutoencoder(8).eval(), Counting()
    latents = random(1, 16, 1, 2, 2)
    with torch.inference_mode():
        expected, _ = autoencoder.decode(latents)
        with_compiler(replace(small.model(), autoencoder=autoencoder), compiler)
        with compiler.compiling(lambda _: None):
            assert torch.equal(autoencoder.decode(latents)[0], expected)
    assert compiler.ran == ["the decoder"]
    assert not compiler.trouble


def test_a_compiler_that_fails_is_told_once_and_the_show_goes_on(caplog: pytest.LogCaptureFixture):
    def broken(*_):
        raise OSError("the disk is full")

    caplog.set_level(logging.WARNING, "vace_core.compilation")
    stream = Stream(with_compiler(small.model(), Compiler(CPU, broken)), HEIGHT, WIDTH)
    warm_up(stream, lambda _: None)
    made = show(stream, 3)
    assert largest(made, show(Stream(small.model(), HEIGHT, WIDTH), 3)) == 0.0
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "cannot be compiled" in warnings[0]
    assert "the disk is full" in warnings[0]


def test_inputs_that_are_wrong_are_not_blamed_on_the_compiler():
    compiler = Compiler(CPU, "aot_eager")
    region = compiler.region("a product", lambda one, other: one @ other)
    with compiler.compiling(lambda _: None), pytest.raises(RuntimeError, match="mat1 and mat2"):
        region(torch.ones(2, 3), torch.ones(2, 3))
    assert not compiler.trouble


def test_one_layout_too_many_runs_as_it_is_written():
    compiler, told = Compiler(CPU, "eager"), list[str]()
    region = compiler.region("a sum", lambda x: x + x)
    with compiler.compiling(told.append):
        for n in range(1, c.LAYOUTS + 3):
            assert torch.equal(region(torch.ones(n)), torch.full((n,), 2.0))
    assert len(told) == c.LAYOUTS == dynamo.recompile_limit
    assert not compiler.trouble


def test_auto_compiles_on_nothing_but_an_nvidia_gpu_with_triton(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(c, "_has_triton", lambda: False)
    cuda = torch.device("cuda")
    assert compiler_for(CPU, "auto", plays_loras=False) is None
    assert compiler_for(torch.device("mps"), "auto", plays_loras=False) is None
    assert compiler_for(cuda, "auto", plays_loras=False) is None
    monkeypatch.setattr(c, "_has_triton", lambda: True)
    assert compiler_for(cuda, "auto", plays_loras=True) is not None
    assert compiler_for(cuda, "off", plays_loras=False) is None


def test_what_is_missing_is_named_where_compiling_was_asked_for(monkeypatch: pytest.MonkeyPatch):
    def refused(device: str, match: str, plays_loras: bool = False) -> None:
        with pytest.raises(ValueError, match=match):
            compiler_for(torch.device(device), "on", plays_loras)

    refused("cpu", "merge it with --merge-lora", plays_loras=True)
    refused("mps", "not for mps; use --compile off")
    monkeypatch.setattr(c, "_has_cpp_compiler", lambda: False)
    refused("cpu", "--compile on was asked for, but there is no C.. compiler; install g..")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(c, "_has_triton", lambda: False)
    refused("cuda", "Triton is missing; install triton")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (6, 1))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "GTX 1080")
    refused("cuda", "GTX 1080 is older")


def test_a_cpp_compiler_that_is_not_there_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    assert not c._has_cpp_compiler()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("default::DeprecationWarning")  # of inductor, about itself
@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-4), ("bfloat16", 0.03)])
def test_the_pocket_through_inductor_gives_the_same_pictures(
    precision: str, bound: float, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    """bound: of 2; 1e-4 is 0.01 of a step of 8 bits."""
    if not c._has_cpp_compiler():
        pytest.skip("this machine has no C++ compiler")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    options = LoadOptions(precision=precision)
    plain = Stream(load("pocket", options=options), 128, 192)
    stream = Stream(load("pocket", options=replace(options, compile="on")), 128, 192)
    warm_up(stream, lambda _: None)
    assert stream.model.compiler is not None
    assert not stream.model.compiler.trouble
    for number in range(6):
        control = random(1, 3, stream.frames_wanted, 128, 192, seed=number)
        one, other = (s.step(Controls(prompt="gold", control=control)) for s in (plain, stream))
        assert one is not None
        assert other is not None
        assert (one.frames - other.frames).abs().max() < bound
