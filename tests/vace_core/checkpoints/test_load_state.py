"""Weights into modules: all or nothing, once in memory, and clear about what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.vace_core.small import ARCHITECTURE, transformer
from vace_core.checkpoints.layouts import recognise
from vace_core.checkpoints.load_state import Part, fill, on_meta
from vace_core.checkpoints.weights import open_weights
from vace_core.errors import CheckpointError
from vace_core.transformer import CausalWan

CPU = torch.device("cpu")


def part(path: Path, weights: Mapping[str, Tensor], keys: set[str] | None = None) -> Part:
    save_file(dict(weights), path)
    opened = open_weights(path)
    return Part(opened, keys or set(transformer().state_dict()), "a small Wan transformer", recognise(opened))


def test_weights_written_are_weights_read_in_the_modules_dtype(tmp_path: Path) -> None:
    source = transformer().state_dict()
    for dtype in (torch.float32, torch.bfloat16):
        model = on_meta(lambda: CausalWan(ARCHITECTURE), dtype)
        fill(model, [part(tmp_path / "model.safetensors", source)], CPU)
        assert all(torch.equal(source[key].to(dtype), value) for key, value in model.state_dict().items())
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert not model.training


def test_every_block_is_finished_as_soon_as_it_is_whole(tmp_path: Path) -> None:
    whole: dict[str, int] = {}

    def finish(model: CausalWan, name: str) -> None:
        if "blocks." in name:
            assert not any(parameter.is_meta for parameter in model.get_submodule(name).parameters())
            whole[name] = sum(not block.modulation.is_meta for block in (*model.blocks, *model.vace_blocks))

    model = on_meta(lambda: CausalWan(ARCHITECTURE), torch.float32)
    fill(model, [part(tmp_path / "model.safetensors", transformer().state_dict())], CPU, finish)
    names = [*(f"blocks.{n}" for n in range(4)), "vace_blocks.0", "vace_blocks.1"]
    assert whole == {name: n + 1 for n, name in enumerate(names)}


def test_weights_in_float8_are_widened(tmp_path: Path) -> None:
    narrow = {key: value.to(torch.float8_e4m3fn) for key, value in transformer().state_dict().items()}
    model = on_meta(lambda: CausalWan(ARCHITECTURE), torch.bfloat16)
    fill(model, [part(tmp_path / "model.safetensors", narrow)], CPU)
    assert all(torch.equal(narrow[key].to(torch.bfloat16), value) for key, value in model.state_dict().items())


def test_buffers_are_filled_and_those_that_no_file_holds_are_kept(tmp_path: Path) -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(3)
            self.register_buffer("known", torch.tensor([1.0, 2.0], device="cpu"), persistent=False)

    source = nn.BatchNorm1d(3)
    source.running_mean = torch.tensor([1.0, 2.0, 3.0])
    weights = {f"norm.{key}": value.float() for key, value in source.state_dict().items()}
    save_file(weights, tmp_path / "norm.safetensors")
    model = on_meta(Normed, torch.float32)
    fill(model, [Part(open_weights(tmp_path / "norm.safetensors"), set(weights), "a norm", None)], CPU)
    assert model.norm.running_mean is not None
    assert model.norm.running_mean.tolist() == [1.0, 2.0, 3.0]
    assert model.get_buffer("known").tolist() == [1.0, 2.0]


def test_missing_unknown_and_misshapen_keys_of_all_files_are_told_at_once_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    model = transformer(seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    weights = dict(transformer(seed=1).state_dict())
    main = {key for key in weights if not key.startswith("vace_")}
    context = weights.keys() - main
    first, second = ({key: weights[key] for key in keys} for keys in (main, context))
    first["blocks.0.extra"] = first.pop("blocks.0.modulation")
    first["head.head.bias"] = torch.zeros(5)
    del second["vace_blocks.1.after_proj.bias"]
    parts = [part(tmp_path / "base.safetensors", first, main)]
    parts.append(part(tmp_path / "vace.safetensors", second, set(context)))
    with pytest.raises(CheckpointError) as caught:
        fill(model, parts, CPU)
    base, vace = str(caught.value).split("; get that file, whole; ")
    assert base.startswith(f"{tmp_path / 'base.safetensors'} looks like a Wan transformer, expected a small Wan")
    assert "1 keys are missing (first: ['blocks.0.modulation'])" in base
    assert "1 keys are unknown (first: ['blocks.0.extra'])" in base
    assert "1 keys have another shape (first: ['head.head.bias (5,), expected (64,)'])" in base
    assert vace.startswith(f"{tmp_path / 'vace.safetensors'} looks like a VACE module for Wan")
    assert "1 keys are missing (first: ['vace_blocks.1.after_proj.bias'])" in vace
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())


def test_of_many_wrong_keys_the_first_ten_are_named(tmp_path: Path) -> None:
    unknown = {f"layer{n:02}": torch.zeros(1) for n in range(12)}
    with pytest.raises(CheckpointError, match=r"is nothing that is known here.*12 keys are unknown") as caught:
        fill(transformer(), [part(tmp_path / "other.safetensors", unknown)], CPU)
    assert "layer09" in str(caught.value)
    assert "layer10" not in str(caught.value)


MEASURE = """
import sys, torch, psutil
from pathlib import Path
from torch import nn
from vace_core.checkpoints.load_state import Part, fill, on_meta
from vace_core.checkpoints.weights import open_weights

torch.set_num_threads(1)
resident = psutil.Process().memory_info().rss
weights = open_weights(Path(sys.argv[1]))
model = on_meta(lambda: nn.Sequential(*(nn.Linear(4096, 4096, bias=False) for _ in range(12))), torch.bfloat16)
fill(model, [Part(weights, set(weights.tensors), "linears", None)], torch.device("cpu"))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024 - resident, sum(p.nbytes for p in model.parameters()))
"""


def measured(path: Path) -> tuple[int, int]:
    """Bytes at the peak of loading MEASURE's model, and of the model.

    glibc keeps blocks that were freed, and how large ones depends on what came before; here it gives large ones back.
    """
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
    command = [sys.executable, "-c", MEASURE, path]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    peak, size = map(int, ran.stdout.split())
    return peak, size


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_model_is_in_memory_once_while_it_is_loaded(tmp_path: Path, suffix: str, dtype: torch.dtype) -> None:
    """400 MB: one copy and what is read at once, which does not grow with the model."""
    path = tmp_path / f"model{suffix}"
    tensors = {f"{n}.weight": torch.ones((4096, 4096), dtype=dtype) for n in range(12)}
    save_file(tensors, path) if suffix == ".safetensors" else torch.save(tensors, path)
    del tensors
    peak, size = measured(path)
    assert size == 12 * 4096 * 4096 * 2
    besides = 64 * 2**20 if suffix == ".safetensors" else 200 * 2**20
    assert peak < size + besides


def eight_bits(path: Path) -> Path:
    """The weights of MEASURE's model in scaled fp8, or in GGUF's Q8_0."""
    if path.suffix == ".safetensors":
        weights = {f"{n}.weight": torch.ones((4096, 4096), dtype=torch.float8_e4m3fn) for n in range(12)}
        save_file(weights | {f"{n}.scale_weight": torch.ones(()) for n in range(12)}, path)
        return path
    writer = GGUFWriter(path, "wan")
    for n in range(12):
        writer.add_tensor(
            f"{n}.weight", np.zeros((4096, 4096 // 32 * 34), np.uint8), raw_dtype=GGMLQuantizationType.Q8_0
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("suffix", [".safetensors", ".gguf"])
def test_weights_in_eight_bits_are_widened_in_little_more_memory_than_the_model_s(tmp_path: Path, suffix: str) -> None:
    path = eight_bits(tmp_path / f"model{suffix}")
    peak, size = measured(path)
    assert size == 12 * 4096 * 4096 * 2
    assert peak < 1.15 * size
