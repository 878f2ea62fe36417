"""Whole models from published files: every pipeline, every option, and what is told when something is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.vace_core.checkpoints.published_files import lora, small, text_encoder, write
from tests.vace_core.small import step
from tests.vace_core.text.test_sentencepiece import model as sentencepiece_model
from vace_core.checkpoints.catalogue import AUTOENCODERS, PUBLISHED, files_of
from vace_core.checkpoints.options import LoadOptions, Quantise
from vace_core.checkpoints.published import load_published
from vace_core.checkpoints.store import Store
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.errors import CheckpointError
from vace_core.load import load
from vace_core.model import Model
from vace_core.stream import Stream
from vace_core.transformer.quantised import int8_rows

CPU = torch.device("cpu")


def chunk(model: Model, prompt: str = "a cab") -> torch.Tensor:
    """The first chunk under a control."""
    stream = Stream(model, 32, 48)
    control = torch.rand((1, 3, stream.frames_wanted, 32, 48), generator=torch.Generator().manual_seed(0)) * 2 - 1
    return step(stream, Controls(prompt, control=control)).frames


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_pipeline_loads_and_makes_a_chunk(tmp_path: Path, name: str) -> None:
    written = write(tmp_path, name)
    model = load_published(small(name), CPU, written.store, LoadOptions())
    assert model.dtype == torch.bfloat16
    own = model.transformer.state_dict()
    assert own.keys() == written.transformer.keys()
    for key, value in written.transformer.items():
        merged = (value.float() + written.lora[key]).bfloat16() if key in written.lora else value
        assert torch.equal(own[key], merged)
    frames = chunk(model)
    assert frames.isfinite().all()
    assert frames.std() > 0.001
    assert not torch.equal(frames, chunk(model, "another prompt"))


@pytest.mark.parametrize("autoencoder", AUTOENCODERS)
def test_every_autoencoder_makes_a_chunk(tmp_path: Path, autoencoder: str) -> None:
    written = write(tmp_path, "longlive", autoencoder)
    model = load_published(small("longlive"), CPU, written.store, LoadOptions(autoencoder=autoencoder))
    frames = chunk(model)
    assert tuple(frames.shape) == (1, 3, 9, 32, 48)
    assert frames.isfinite().all()


@pytest.mark.parametrize("place", ["same", "cpu", "offload"])
def test_the_text_encoder_says_the_same_wherever_it_is(tmp_path: Path, place: str) -> None:
    written = write(tmp_path, "longlive")
    options = LoadOptions(text_device=place)
    embedding = load_published(small("longlive"), CPU, written.store, options).text.encode("a cab")
    plain = load_published(small("longlive"), CPU, written.store, LoadOptions()).text.encode("a cab")
    assert embedding.shape == (1, 6, 12)
    assert torch.equal(embedding, plain)


@pytest.mark.parametrize("part", ["main", "context", "text"])
def test_each_part_is_quantised_alone_and_the_picture_hardly_changes(tmp_path: Path, part: str) -> None:
    written = write(tmp_path, "longlive")
    plain, small_ones = (
        load_published(small("longlive"), CPU, written.store, LoadOptions(quantise=quantise))
        for quantise in (Quantise(), Quantise(**{part: "int8"}))
    )
    parts = {"main": "transformer.blocks", "context": "transformer.vace_blocks", "text": "text"}
    for name, path in parts.items():
        where, _, inner = path.partition(".")
        module = getattr(small_ones, where).get_submodule(inner)
        eight = [key for key, value in module.state_dict().items() if value.dtype == torch.int8]
        assert bool(eight) == (name == part)
    difference = (chunk(plain) - chunk(small_ones)).abs().mean()
    assert 0 < difference < 0.1


def test_the_users_loras_are_live_at_their_strengths(tmp_path: Path) -> None:
    written = write(tmp_path, "reward-forcing")
    base = {key: value for key, value in written.transformer.items() if not key.startswith("vace_")}
    paths = []
    for n in range(2):
        paths.append(tmp_path / f"style{n}.safetensors")
        save_file(lora(base, seed=n)[0], paths[-1])
    plain = load_published(small("reward-forcing"), CPU, written.store, LoadOptions())
    options = LoadOptions(loras=tuple(paths))
    styled = load_published(small("reward-forcing"), CPU, written.store, options)
    assert plain.loras is None
    assert styled.loras is not None
    assert styled.loras.initial == (1.0, 1.0)
    assert not torch.equal(chunk(styled), chunk(plain))
    half, none = (replace(styled, loras=styled.loras.beginning_at(strengths)) for strengths in ((0.0, 0.5), (0.0, 0.0)))
    assert not torch.equal(chunk(half), chunk(plain))
    assert torch.equal(chunk(none), chunk(plain))


def test_the_tokenizer_in_a_text_encoder_s_file_does_where_there_is_no_other(tmp_path: Path) -> None:
    written = write(tmp_path, "longlive")
    expected = load_published(small("longlive"), CPU, written.store, LoadOptions()).text.encode("a cab")
    paths = written.store.require(files_of("longlive"))
    paths["tokenizer"].unlink()
    within = {"spiece_model": torch.frombuffer(bytearray(sentencepiece_model()), dtype=torch.uint8)}
    paths["text"].unlink()
    save_file(text_encoder() | within, tmp_path / "umt5_xxl_fp16.safetensors")
    store = Store([tmp_path])
    assert torch.equal(load_published(small("longlive"), CPU, store, LoadOptions()).text.encode("a cab"), expected)
    save_file(text_encoder(), tmp_path / "umt5_xxl_fp16.safetensors")
    with pytest.raises(CheckpointError, match=r"umt5_xxl_fp16.safetensors carries no tokenizer"):
        load_published(small("longlive"), CPU, store, LoadOptions())


@pytest.mark.parametrize("kind", ["none", "int8"])
def test_loras_that_are_merged_go_into_the_weights_behind_the_built_in_one_and_before_quantising(
    tmp_path: Path, kind: str
) -> None:
    written = write(tmp_path, "longlive")
    base = {key: value for key, value in written.transformer.items() if not key.startswith("vace_")}
    adapters, changes = lora(base, seed=3)
    save_file(adapters, tmp_path / "style.safetensors")
    options = LoadOptions(merged=((tmp_path / "style.safetensors", 0.5),), quantise=Quantise(main=kind))
    own = load_published(small("longlive"), CPU, written.store, options).transformer.state_dict()
    key = "blocks.0.self_attn.q.weight"
    built_in = (written.transformer[key].float() + written.lora[key]).bfloat16()
    expected = (built_in.float() + 0.5 * changes[key]).bfloat16()
    if kind == "none":
        assert torch.equal(own[key], expected)
    else:
        assert torch.equal(own[key], int8_rows(expected)[0])


def test_what_is_missing_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    written = write(tmp_path, "longlive")
    (tmp_path / "Kijai/WanVideo_comfy/Wan2_1-VACE_module_1_3B_bf16.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"1 of 6 .*Wan2_1-VACE_module_1_3B_bf16.*models download"):
        load_published(small("longlive"), CPU, written.store, LoadOptions())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"autoencoder": "vae"}, "autoencoder is 'vae', expected one of taew2_1, wan, lightvae, lighttae"),
        ({"text": "clip"}, "text is 'clip', expected one of umt5"),
        ({"graphs": "yes"}, "graphs is 'yes', expected one of auto, on, off"),
        ({"text_device": "disk"}, "text_device is 'disk', expected one of same, cpu, offload"),
    ],
)
def test_an_option_that_there_is_not_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LoadOptions(**wrong)
    with pytest.raises(ValueError, match="quantise is 'int4', expected one of none, fp8, int8"):
        Quantise(main="int4")


def test_load_passes_a_pipeline_on_to_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write(tmp_path, "longlive")
    preset = small("longlive")
    monkeypatch.setitem(PIPELINES, "longlive", preset)
    assert load("longlive", "cpu", written.store).pipeline == preset


def test_load_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="longlive is loaded from published weights: say in which folders"):
        load("longlive")
    with pytest.raises(CheckpointError, match=r"6 of 6 files of weights are missing"):
        load("longlive", store=Store([tmp_path]))
    with pytest.raises(ValueError, match="the pocket model has an autoencoder and a text encoder of its own"):
        load("pocket", options=LoadOptions(autoencoder="wan"))
    with pytest.raises(ValueError, match="unknown pipeline 'sora'"):
        load("sora")
