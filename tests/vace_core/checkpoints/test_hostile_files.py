"""Files that are damaged or meant to harm: each is refused by name, in a line, and nothing waits or takes memory."""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.vace_core.checkpoints import hollow
from tests.vace_core.small import ARCHITECTURE, transformer
from vace_core.checkpoints import torch_file
from vace_core.checkpoints.catalogue import FILES
from vace_core.checkpoints.loading import load_transformer
from vace_core.checkpoints.overrides import read_overrides
from vace_core.checkpoints.store import Store, shards
from vace_core.checkpoints.weights import open_weights
from vace_core.errors import CheckpointError, one_line
from vace_core.text.tokenizer import read_tokenizer

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
CPU = torch.device("cpu")


def written(path: Path, header: object, body: int = 0) -> Path:
    """A safetensors file with any header at all."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(body))
    return path


def row(shape: Any = (2,), offsets: Any = (0, 8), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


HEADERS: list[tuple[str, object, int, str]] = [
    ("an empty tensor of absurd size", {"a": row([0, 2**62], [0, 0])}, 0, "which none can have"),
    ("a size beyond any", {"a": row([2**31], [0, 2**33])}, 0, "which none can have"),
    ("dimensions beyond any", {"a": row([1] * 9, [0, 4])}, 4, "which none can have"),
    ("a size below nought", {"a": row([-2, -1])}, 8, "no whole numbers from 0"),
    ("half a number", {"a": row([2.0])}, 8, "no whole numbers from 0"),
    ("a size that is true", {"a": row([2, True])}, 8, "no whole numbers from 0"),
    ("one offset", {"a": row(offsets=[8])}, 8, "no whole numbers from 0"),
    ("offsets that are words", {"a": row(offsets=["0", "8"])}, 8, "no whole numbers from 0"),
    ("tensors that overlap", {"a": row(), "b": row(offsets=[4, 12])}, 12, "'b' begins at 4.*overlap"),
    ("the same twice", {"a": row(), "b": row()}, 8, "'b' begins at 0.*overlap"),
    ("a gap", {"a": row(), "b": row(offsets=[12, 20])}, 20, "'b' begins at 12.*gap"),
    ("more than there is", {"a": row()}, 4, "has 4 bytes of numbers, of 8"),
    ("less than there is", {"a": row()}, 12, "has 12 bytes of numbers, of 8"),
    ("a format that is a list", {"a": row(dtype=["F32"])}, 8, "cannot be read as safetensors"),
    ("a key twice", b'{"a": %b, "a": %b}' % ((json.dumps(row()).encode(),) * 2), 8, "names 'a' twice"),
    ("a list", [1], 0, "holds a list"),
    ("a number", 7, 0, "holds a int"),
    ("a row that is a word", {"a": "row"}, 0, "cannot be read as safetensors"),
    ("lists without end", b"[" * 100_000, 0, "cannot be read as safetensors"),
    ("no text", b"\xff\xfe\x00", 0, "cannot be read as safetensors"),
    ("a key of a book", {"a" * 5000: row()}, 8, "a key has 5000 characters"),
    ("half a character", {"\ud800\n": row([1])}, 8, r"'\\+ud800\\+n' of shape"),
]


@pytest.mark.parametrize(("header", "body", "words"), [case[1:] for case in HEADERS], ids=[case[0] for case in HEADERS])
def test_a_header_that_makes_no_sense_is_told(tmp_path: Path, header: object, body: int, words: str) -> None:
    with pytest.raises(CheckpointError, match=rf"odd.safetensors.*{words}") as caught:
        open_weights(written(tmp_path / "odd.safetensors", header, body))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_a_header_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.write((50_000_000).to_bytes(8, "little"))
        file.truncate(60_000_000)
    with pytest.raises(CheckpointError, match=r"large.safetensors.*its header has 50000000 bytes, at most"):
        open_weights(path)


def saved(content: Any) -> Callable[[Path], object]:
    return lambda path: torch.save(content, path)


def deflated(path: Path) -> None:
    """A file of torch.save packed anew, as no torch does; a gigabyte of nought would be a few bytes of it."""
    torch.save({"a": torch.zeros(1000)}, path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def with_a_missing_storage(path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist() if not name.endswith("data/0")}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


TORCH: list[tuple[str, Callable[[Path], object], str]] = [
    (
        "settings of a trainer",
        saved({"a": torch.zeros(2), "args": argparse.Namespace(lr=1)}),
        "argparse.Namespace in it",
    ),
    ("a program", saved({"a": print}), "there is a print in it, which could be code"),
    ("compressed", deflated, "is compressed, as torch never does"),
    ("without its numbers", with_a_missing_storage, "cannot be read as a torch file"),
    ("an empty tensor of absurd size", saved({"a": torch.zeros(0).expand(2**62, 0)}), "which none can have"),
    ("a size beyond any", saved({"a": torch.zeros(()).expand(2**40)}), "which none can have"),
    ("a sparse tensor", saved({"a": torch.eye(3).to_sparse()}), "torch.sparse_coo"),
    ("a tensor of nothing", saved({"a": torch.zeros(3, device="meta")}), "on meta"),
    ("complex numbers", saved({"a": torch.zeros(3, dtype=torch.complex64)}), "torch.complex64"),
    ("a key of a book", saved({"a" * 5000: torch.zeros(1)}), "a key has 5000 characters"),
]


@pytest.mark.parametrize(("make", "words"), [case[1:] for case in TORCH], ids=[case[0] for case in TORCH])
def test_a_torch_file_of_more_than_plain_tensors_is_told(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=rf"odd.pt.*{words}") as caught:
        open_weights(tmp_path / "odd.pt")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_a_list_of_tensors_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_file, "LARGEST_PICKLE", 100)
    torch.save({f"key{n}": torch.zeros(1) for n in range(10)}, tmp_path / "large.pt")
    with pytest.raises(CheckpointError, match=r"large.pt: 'large/data.pkl' in it has \d+ bytes, at most 100"):
        open_weights(tmp_path / "large.pt")


@pytest.mark.parametrize("error", [IndexError("pop from empty list"), AssertionError(), MemoryError()])
def test_whatever_the_library_raises_is_told_as_a_bad_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise error

    torch.save({"a": torch.zeros(1)}, tmp_path / "odd.pt")
    monkeypatch.setattr(torch, "load", load)
    with pytest.raises(CheckpointError, match=r"odd.pt cannot be read as a torch file"):
        open_weights(tmp_path / "odd.pt")


def test_a_torch_file_that_changes_while_it_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_file, "WINDOW", 32)
    path = tmp_path / "model.pt"
    torch.save({"a": torch.zeros(100), "b": torch.zeros(100)}, path)
    opened = open_weights(path)
    opened.tensors["a"].read()
    torch.save({"other": torch.zeros(100)}, path)
    with pytest.raises(CheckpointError, match=r"model.pt was changed while it was read"):
        opened.tensors["b"].read()


def nodes(folder: Path) -> list[tuple[Path, str]]:
    """What is no file, and what it is called."""
    os.mkfifo(folder / "fifo")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "socket"))
    listening.close()
    (folder / "zero").symlink_to("/dev/zero")
    return [(folder / "fifo", "a named pipe"), (folder / "socket", "a socket"), (folder / "zero", "a device")]


def opened_as(suffix: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        linked = path.with_name(f"{path.name}{suffix}")
        linked.symlink_to(path)
        return open_weights(linked)

    return read


READERS: dict[str, Callable[[Path], object]] = {
    "safetensors": opened_as(".safetensors"),
    "torch": opened_as(".pt"),
    "index": opened_as(".index.json"),
    "shards": shards,
    "tokenizer": read_tokenizer,
}


@POSIX
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str) -> None:
    monkeypatch.chdir(tmp_path)
    for path, kind in nodes(Path()):
        with pytest.raises(CheckpointError, match=f"{path}.* is {kind}, expected a file"):
            READERS[reader](path)


@POSIX
def test_a_pipe_in_place_of_models_json_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "models.json")
    with pytest.raises(CheckpointError, match=r"models.json is a named pipe"):
        read_overrides(tmp_path)


@POSIX
def test_a_folder_that_leads_into_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").symlink_to(tmp_path)
    with pytest.raises(CheckpointError, match=r"model.safetensors is a folder, expected a file"):
        open_weights(tmp_path)


NOWHERE = ["~nosuchuser/model.pt", "x" * 300 + ".safetensors", "nul\0.pt", "a/" * 3000 + "b.pt", "\ud800.pt"]


@pytest.mark.parametrize("path", NOWHERE, ids=["user", "long", "nul", "deep", "surrogate"])
@pytest.mark.parametrize("reader", [open_weights, shards, read_tokenizer])
def test_what_cannot_be_a_path_is_told(reader: Callable[[Path], object], path: str) -> None:
    with pytest.raises(CheckpointError, match=r"nobody is called ~nosuchuser|there is no|cannot be opened") as caught:
        reader(Path(path))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("place", NOWHERE, ids=["user", "long", "nul", "deep", "surrogate"])
def test_what_cannot_be_a_path_in_models_json_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "models.json").write_text(json.dumps({"wan": place}), encoding="utf-8")

    with pytest.raises(CheckpointError, match=r"models.json.*wan") as caught:
        Store([tmp_path]).find(FILES["wan"])
    assert str(caught.value).isprintable()
    assert Store([Path(place)]).find(FILES["wan"]) is None, "a folder that cannot be holds nothing"


def test_home_is_where_a_tilde_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save_file({"a": torch.ones(1)}, tmp_path / "model.safetensors")
    assert open_weights(Path("~/model.safetensors")).tensors.keys() == {"a"}


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "part.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_bytes(b"\xef\xbb\xbf" + json.dumps({"weight_map": {"a": "part.safetensors"}}).encode())
    assert open_weights(index).tensors.keys() == {"a"}


@pytest.mark.parametrize("name", ["", "..", ".", "../part.safetensors", "part"])
def test_an_index_of_what_is_no_file_beside_it_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "a.index.json").write_text(json.dumps({"weight_map": {"a": name}}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"a.index.json: (is no index of shards|1 of 1 shards are missing)"):
        open_weights(tmp_path / "a.index.json")


def test_a_set_of_shards_without_end_is_told(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "model-00001-of-999999999.safetensors")
    with pytest.raises(CheckpointError, match=r"is one of 999999999, at most 1000"):
        open_weights(tmp_path)


def state(**odd: Tensor) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in transformer().state_dict().items()} | odd


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused_by_file_and_key(tmp_path: Path, suffix: str, odd: float) -> None:
    content, key, path = state(), "blocks.1.ffn.0.weight", tmp_path / f"model{suffix}"
    content[key].view(-1)[-1] = odd
    save_file(content, path) if suffix == ".safetensors" else torch.save(content, path)
    with pytest.raises(CheckpointError, match=rf"model{suffix}: {re.escape(key)} holds NaN or infinite numbers"):
        load_transformer(ARCHITECTURE, open_weights(path), None, CPU, torch.bfloat16)


def test_a_number_that_is_too_large_for_the_model_is_refused_too(tmp_path: Path) -> None:
    content = state()
    content["head.head.bias"][0] = 1e6
    save_file(content, tmp_path / "model.safetensors")
    opened = open_weights(tmp_path / "model.safetensors")
    load_transformer(ARCHITECTURE, opened, None, CPU, torch.bfloat16)
    with pytest.raises(CheckpointError, match=r"head.head.bias holds .* as torch.float16"):
        load_transformer(ARCHITECTURE, opened, None, CPU, torch.float16)


def test_whole_numbers_in_place_of_weights_are_told(tmp_path: Path) -> None:
    save_file(state() | {"head.head.bias": torch.ones(64, dtype=torch.int32)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"1 keys are whole numbers, .*head.head.bias torch.int32"):
        load_transformer(ARCHITECTURE, open_weights(tmp_path / "model.safetensors"), None, CPU, torch.float32)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
)
def test_in_every_format_what_is_not_finite_is_found_wherever_it_is(tmp_path: Path, dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    for place in (0, 1, 500, 996):
        numbers = torch.linspace(-largest, largest, 997, dtype=torch.float64).float().to(dtype)
        save_file({"a": numbers}, tmp_path / "model.safetensors")
        assert open_weights(tmp_path / "model.safetensors").tensors["a"].read().dtype == dtype
        numbers[place] = float("nan")
        save_file({"a": numbers}, tmp_path / "model.safetensors")
        with pytest.raises(CheckpointError, match=r"model.safetensors: a holds NaN"):
            open_weights(tmp_path / "model.safetensors").tensors["a"].read()


def test_a_hole_of_a_gigabyte_is_not_read_for_a_model_that_does_not_want_it(tmp_path: Path) -> None:
    path = hollow.safetensors(tmp_path / "huge.safetensors", {"blocks.0.self_attn.q.weight": (20_000, 20_000)})
    with pytest.raises(CheckpointError, match="have another shape"):
        load_transformer(ARCHITECTURE, open_weights(path), None, CPU, torch.float32)


def test_tokenizers_that_are_padded_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    padding = {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None}
    padding |= {"pad_id": 0, "pad_type_id": 0, "pad_token": "a"}
    model = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}
    path.write_text(json.dumps({"version": "1.0", "model": model, "padding": padding}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="does not close a prompt"):
        read_tokenizer(path)


def test_a_message_is_one_line_that_can_be_printed() -> None:
    told = one_line("bad\n\ud800\0" + "x" * 100_000)
    assert told.startswith("bad\\n\\ud800\\x00xxx")
    assert told.isprintable()
    assert len(told) < 5000


def test_a_tokenizer_that_contradicts_itself_is_told_though_its_library_gives_up(tmp_path: Path) -> None:
    """It raises what is no Exception, which would end the engine."""
    path = tmp_path / "tokenizer.json"
    ends = [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}]
    closes = {"type": "TemplateProcessing", "single": ends, "pair": ends, "special_tokens": {}}
    model = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}
    path.write_text(json.dumps({"version": "1.0", "model": model, "post_processor": closes}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"tokenizer.json is no tokenizer \(.*contradicts itself"):
        read_tokenizer(path)
