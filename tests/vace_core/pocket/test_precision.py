"""The bundled model in bfloat16: near to float32, which everything stays in that is carried on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.vace_core.checkpoints.published_files import write
from tests.vace_core.small import step
from vace_core.checkpoints.options import LoadOptions, Quantise
from vace_core.compilation import Compiler
from vace_core.conditioning import Reference
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.load import load
from vace_core.mixed_precision import Bfloat16Linear
from vace_core.model import Model
from vace_core.pocket import loading
from vace_core.pocket.loading import load_pocket
from vace_core.sampling.denoising import DenoisingState
from vace_core.sampling.sampler import Sampler
from vace_core.stream import Chunk, Stream
from vace_core.transformer.quantised import Int8Linear
from vace_core.warm_up import warm_up, with_compiler

CPU = torch.device("cpu")
SIZE = (64, 96)
LAYER = "blocks.0.ffn.0"
NEAR = 0.003
"""The largest root mean square, of frames in [-1, 1], by which bfloat16 may differ from float32: 56 dB."""


@cache
def pocket(precision: str) -> Model:
    return load("pocket", options=LoadOptions(precision=precision))


def show(model: Model, chunks: int = 4) -> Iterator[tuple[Stream, Chunk]]:
    """Under a control that moves, the second half with a reference."""
    stream = Stream(model, *SIZE)
    picture = torch.linspace(-1, 1, SIZE[1]).expand(3, *SIZE)
    for n in range(chunks):
        control = picture.roll(9 * n, -1).expand(stream.frames_wanted, 3, *SIZE).transpose(0, 1)[None]
        references = (Reference(picture),) if n >= chunks // 2 else ()
        yield stream, step(stream, Controls("gold on sand", control=control, references=references))
        stream.settle()


def frames(model: Model, chunks: int = 4) -> Tensor:
    return torch.cat([chunk.frames for _, chunk in show(model, chunks)], dim=2)


def apart(one: Tensor, other: Tensor) -> float:
    return (one - other).square().mean().sqrt().item()


def test_pictures_are_those_of_float32_but_for_rounding():
    exact, narrow = (frames(pocket(precision)) for precision in ("float32", "bfloat16"))
    assert 0 < apart(exact, narrow) < NEAR
    assert apart(exact[:, :, :9], narrow[:, :, :9]) < NEAR
    assert (exact - narrow).abs().max() < 0.05


def test_what_is_carried_on_and_what_is_handed_out_is_float32():
    for stream, chunk in show(pocket("bfloat16"), 2):
        assert chunk.latents is not None
        kept = [tensor for layer in stream.state.memory.layers for tensor in layer.tensors()]
        time, prompt = stream._cache.time(500.0), stream._cache.prompt(stream.state.conditions)
        embedded = [time.head, time.blocks, time.context, *(part for pair in prompt.main for part in pair)]
        handed = [chunk.frames, chunk.latents, stream.state.history]
        assert {tensor.dtype for tensor in (*kept, *embedded, *handed)} == {torch.float32}


def test_both_begin_from_the_same_noise_by_the_same_schedule(monkeypatch):
    begun, denoise = list[DenoisingState](), Sampler.denoise
    monkeypatch.setattr(
        Sampler, "denoise", lambda self, chunk, *rest: begun.append(chunk) or denoise(self, chunk, *rest)
    )
    for precision in ("float32", "bfloat16"):
        step(Stream(pocket(precision), *SIZE), Controls("gold"))
    exact, narrow = begun
    assert exact.schedule == narrow.schedule
    assert all(map(torch.equal, exact.noise, narrow.noise))
    assert narrow.clean.dtype == torch.float32


@pytest.mark.parametrize("has", [True, False])
def test_what_it_multiplies_in_is_left_to_the_processor_unless_it_is_said(has: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loading, "has_bfloat16", lambda: has)
    own = torch.bfloat16 if has else torch.float32
    for wanted, precision in (("auto", own), ("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        model = load("pocket", options=LoadOptions(precision=wanted))
        assert (model.precision, model.dtype) == (precision, torch.float32)
        assert next(model.autoencoder.decoder.parameters()).dtype == precision  # pyright: ignore


def test_without_such_instructions_bfloat16_is_obeyed_and_told_to_be_slow(monkeypatch, caplog):
    monkeypatch.setattr(loading, "has_bfloat16", lambda: False)
    load("pocket", options=LoadOptions(precision="bfloat16"))
    assert "slower than float32" in caplog.text


def test_it_is_refused_where_it_means_nothing(tmp_path):
    with pytest.raises(ValueError, match="expected one of auto, float32, bfloat16"):
        LoadOptions(precision="half")
    with pytest.raises(ValueError, match="is for a processor, and this is meta"):
        load_pocket(PIPELINES["pocket"], torch.device("meta"), LoadOptions(precision="bfloat16"))
    with pytest.raises(ValueError, match="is for the pocket model; longlive has the number format"):
        load("longlive", store=write(tmp_path, "longlive").store, options=LoadOptions(precision="float32"))


def test_eight_bits_go_with_it():
    options = LoadOptions(precision="bfloat16", quantise=Quantise("int8", "none", "int8"))
    model = load("pocket", options=options)
    assert isinstance(model.transformer.get_submodule(LAYER), Int8Linear)
    assert isinstance(model.transformer.get_submodule("vace_blocks.0.ffn.0"), Bfloat16Linear)
    exact = load("pocket", options=replace(options, precision="float32"))
    assert apart(frames(model, 2), frames(exact, 2)) < NEAR


def test_a_lora_is_merged_in_float32_and_rounded_once_and_plays_beside_the_layer(tmp_path):
    file, generator = tmp_path / "style.safetensors", torch.Generator().manual_seed(0)
    ends = {"A": torch.randn((4, 192), generator=generator) / 14, "B": torch.randn((640, 4), generator=generator)}
    save_file({f"{LAYER}.lora_{end}.weight": matrix for end, matrix in ends.items()}, file)
    merged = {
        p: load("pocket", options=LoadOptions(precision=p, merged=((file, 1.0),))) for p in ("float32", "bfloat16")
    }
    exact, narrow = (model.transformer.get_submodule(LAYER).weight for model in merged.values())
    assert isinstance(exact, Tensor)
    assert isinstance(narrow, Tensor)
    assert torch.equal(exact.bfloat16(), narrow)
    shown = frames(merged["float32"], 2)
    assert apart(shown, frames(pocket("float32"), 2)) > 3 * NEAR
    played = load("pocket", options=LoadOptions(precision="bfloat16", loras=(file,)))
    assert apart(shown, frames(merged["bfloat16"], 2)) < NEAR
    assert apart(shown, frames(played, 2)) < NEAR


def test_it_is_compiled_as_well():
    compiler = Compiler(CPU, "eager")
    model = with_compiler(load("pocket", options=LoadOptions(precision="bfloat16")), compiler)
    stream = Stream(model, *SIZE)
    warm_up(stream, lambda _: None)
    assert compiler.trouble == ""
    assert apart(frames(model, 2), frames(pocket("bfloat16"), 2)) < NEAR
