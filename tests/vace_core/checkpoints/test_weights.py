"""Weights files: what is in them is known without reading, and whatever is wrong with one is told by name."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.vace_core.checkpoints import hollow
from vace_core.checkpoints import safetensors_file, torch_file
from vace_core.checkpoints.names import WRAPPERS
from vace_core.checkpoints.weights import Weights, open_weights
from vace_core.errors import CheckpointError


def numbers(seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {f"blocks.{n}.{name}": torch.randn((4, 6), generator=generator) for n in range(3) for name in ("a", "b")}


def written(path: Path, content: Any) -> Path:
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


def require_equal(opened: Weights, expected: dict[str, Tensor]) -> None:
    assert opened.tensors.keys() == expected.keys()
    for key, value in expected.items():
        stored = opened.tensors[key]
        assert (stored.shape, stored.dtype) == (tuple(value.shape), value.dtype)
        assert torch.equal(stored.read(), value)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth", ".bin", ".ckpt"])
def test_what_was_written_is_read_tensor_by_tensor(tmp_path: Path, suffix: str) -> None:
    content = numbers() | {"half": torch.ones(3, dtype=torch.bfloat16), "none": torch.zeros(0)}
    opened = open_weights(written(tmp_path / f"model{suffix}", content))
    require_equal(opened, content)


def test_a_torch_file_from_before_zip_is_read_too(tmp_path: Path) -> None:
    torch.save(numbers(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    require_equal(open_weights(tmp_path / "old.pt"), numbers())


def test_numbers_are_right_in_whatever_pieces_they_are_read(tmp_path: Path, monkeypatch: Any) -> None:
    for module in (safetensors_file, torch_file):
        monkeypatch.setattr(module, "PIECE", 16)
    monkeypatch.setattr(torch_file, "WINDOW", 32)
    for suffix in (".safetensors", ".pt"):
        content = numbers() | {"turned": torch.arange(12.0).view(3, 4).t(), "none": torch.zeros(0)}
        if suffix == ".safetensors":
            content["turned"] = content["turned"].contiguous()
        require_equal(open_weights(written(tmp_path / f"model{suffix}", content)), content)


@pytest.mark.parametrize(
    "container", ["generator", "generator_ema", "model", "module", "state_dict", "ema", "generator_lora"]
)
@pytest.mark.parametrize("prefix", ["", "model.", "model._fsdp_wrapped_module.", "diffusion_model."])
def test_weights_are_taken_out_of_containers_and_prefixes(tmp_path: Path, container: str, prefix: str) -> None:
    inside = {prefix + key: value for key, value in numbers().items()}
    beside = {"critic": {"other": torch.zeros(2)}, "step": 7}
    require_equal(open_weights(written(tmp_path / "model.pt", {container: inside} | beside)), numbers())


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("prefix", ["", "module.", "generator.model.", "module.model.", "vae.", "first_stage_model."])
def test_wrappers_and_prefixes_go_together(tmp_path: Path, wrapper: str, prefix: str) -> None:
    inside = {f"{prefix}{wrapper}{key}": value for key, value in numbers().items()}
    require_equal(open_weights(written(tmp_path / "model.safetensors", inside)), numbers())


def test_a_buffer_stands_in_the_way_of_no_prefix_and_stays_where_somebody_may_want_it(tmp_path: Path) -> None:
    inside = {f"model.{key}": value for key, value in numbers().items()} | {"mean": torch.ones(2)}
    opened = open_weights(written(tmp_path / "model.safetensors", inside))
    require_equal(opened, numbers() | {"mean": torch.ones(2)})


def test_complex_numbers_are_left_alone_in_a_buffer_and_told_elsewhere(tmp_path: Path) -> None:
    odd = torch.ones(2, dtype=torch.complex64)
    require_equal(open_weights(written(tmp_path / "model.pt", numbers() | {"freqs": odd})), numbers())
    with pytest.raises(CheckpointError, match=r"model.pt: 'blocks.0.odd' is a tensor of torch.complex64"):
        open_weights(written(tmp_path / "model.pt", numbers() | {"blocks.0.odd": odd}))


def test_the_generator_goes_before_its_average(tmp_path: Path) -> None:
    both = {"generator_ema": numbers(seed=1), "generator": numbers()}
    require_equal(open_weights(written(tmp_path / "model.pt", both)), numbers())


def test_the_prefix_of_comfyui_goes_too_and_one_that_only_some_have_stays(tmp_path: Path) -> None:
    prefixed = {f"model.diffusion_model.{key}": value for key, value in numbers().items()}
    require_equal(open_weights(written(tmp_path / "comfy.safetensors", prefixed)), numbers())
    some = {"model.a": torch.zeros(1), "b": torch.ones(1)}
    require_equal(open_weights(written(tmp_path / "some.safetensors", some)), some)


def test_a_wrapper_inside_keys_is_removed(tmp_path: Path) -> None:
    wrapped = {key.replace("blocks.", "blocks._fsdp_wrapped_module."): value for key, value in numbers().items()}
    require_equal(open_weights(written(tmp_path / "model.pt", {"generator_ema": wrapped})), numbers())


def sharded(folder: Path) -> dict[str, Tensor]:
    content = numbers()
    for n in range(3):
        part = {key: value for key, value in content.items() if key.startswith(f"blocks.{n}")}
        save_file(part, folder / f"model-0000{n + 1}-of-00003.safetensors")
    return content


def write_index(folder: Path) -> Path:
    names = {f"blocks.{n}.{name}": f"model-0000{n + 1}-of-00003.safetensors" for n in range(3) for name in ("a", "b")}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    return index


def test_shards_are_one_by_index_by_folder_and_by_any_of_them(tmp_path: Path) -> None:
    content = sharded(tmp_path)
    require_equal(open_weights(tmp_path), content)
    require_equal(open_weights(tmp_path / "model-00002-of-00003.safetensors"), content)
    index = write_index(tmp_path)
    require_equal(open_weights(index), content)
    require_equal(open_weights(tmp_path), content)


def test_a_file_that_lies_alone_in_a_folder_stands_for_it(tmp_path: Path) -> None:
    written(tmp_path / "model.safetensors", numbers())
    require_equal(open_weights(tmp_path), numbers())


@pytest.mark.skipif(sys.platform == "win32", reason="files have no holes there, unless asked for")
def test_the_size_of_a_file_of_half_a_terabyte_is_known_at_once(tmp_path: Path) -> None:
    opened = open_weights(hollow.safetensors(tmp_path / "huge.safetensors", {"huge": (250_000, 1_000_000)}))
    assert opened.tensors["huge"].shape == (250_000, 1_000_000)


class Anything:
    """Something that is not a tensor, and may not be unpickled."""


BAD: list[tuple[str, Callable[[Path], object], str]] = [
    ("torn.safetensors", lambda path: path.write_bytes(b"not weights"), "cannot be read as safetensors"),
    ("torn.pt", lambda path: path.write_bytes(b"not weights"), "cannot be read as a torch file"),
    ("empty.pt", lambda path: path.write_bytes(b""), "cannot be read as a torch file"),
    ("cut.pt", lambda path: path.write_bytes(written(path, numbers()).read_bytes()[:-100]), "cannot be read"),
    ("cut.safetensors", lambda path: path.write_bytes(written(path, numbers()).read_bytes()[:-9]), "cannot be read"),
    ("object.pt", lambda path: torch.save({"generator": Anything()}, path), "tensors alone"),
    ("code.pt", lambda path: path.write_bytes(pickle.dumps(print, 2)), "tensors alone"),
    ("list.pt", lambda path: torch.save([torch.zeros(1)], path), "holds a list, expected tensors by name"),
    ("number.pt", lambda path: torch.save({"a": torch.zeros(1), "step": 3}, path), r"1 entries are no tensors.*'step'"),
    ("nothing.pt", lambda path: torch.save({}, path), "holds no weights"),
    ("model.onnx", lambda path: path.write_bytes(b"ONNX"), r"of no kind that is read here: expected .safetensors"),
    ("absent.pt", lambda path: None, r"there is no .*absent.pt"),
    ("a.index.json", lambda path: path.write_text("[]"), "is no index of shards"),
    (
        "twice.pt",
        lambda path: torch.save({"a": torch.zeros(1), f"{WRAPPERS[0]}a": torch.zeros(1)}, path),
        r"1 keys are the same as others without _fsdp.*\['a'\]",
    ),
]


@pytest.mark.parametrize(("name", "make", "words"), BAD, ids=[name for name, _, _ in BAD])
def test_a_bad_file_is_named_with_what_is_wrong(
    tmp_path: Path, name: str, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(CheckpointError, match=words) as caught:
        open_weights(tmp_path / name)
    assert name in str(caught.value)


def test_a_file_that_goes_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "model.safetensors", numbers())
    opened = open_weights(path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CheckpointError, match=r"model.safetensors could be opened, but not read.*shorter"):
        opened.tensors["blocks.2.b"].read()
    path.unlink()
    with pytest.raises(CheckpointError, match=r"model.safetensors could be opened, but not read"):
        opened.tensors["blocks.0.a"].read()


def test_missing_shards_are_named(tmp_path: Path) -> None:
    sharded(tmp_path)
    index = write_index(tmp_path)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    for path in (index, tmp_path / "model-00001-of-00003.safetensors"):
        with pytest.raises(CheckpointError, match=r"1 of 3 shards are missing .*model-00002-of-00003"):
            open_weights(path)


def test_a_key_in_two_shards_is_named(tmp_path: Path) -> None:
    sharded(tmp_path)
    save_file(numbers(), tmp_path / "model-00003-of-00003.safetensors")
    with pytest.raises(CheckpointError, match=r"4 keys are in another shard too \(first: \['blocks.0.a'"):
        open_weights(tmp_path)


def test_a_folder_of_several_models_asks_which(tmp_path: Path) -> None:
    for name in ("one.safetensors", "two.safetensors"):
        written(tmp_path / name, numbers())
    with pytest.raises(CheckpointError, match=r"found 2 .*one.safetensors.*give the file itself"):
        open_weights(tmp_path)


def test_numbers_in_a_format_that_is_not_read_are_named(tmp_path: Path) -> None:
    hollow.safetensors(tmp_path / "model.safetensors", {"a": (4,)}, torch.uint8)
    raw = (tmp_path / "model.safetensors").read_bytes().replace(b'"U8"', b'"X8"')
    (tmp_path / "model.safetensors").write_bytes(raw)
    with pytest.raises(CheckpointError, match=r"model.safetensors.*'a' is in 'X8', expected one of"):
        open_weights(tmp_path / "model.safetensors")
