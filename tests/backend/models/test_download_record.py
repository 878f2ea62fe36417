"""Whether a file is whole: as it came, or by its own form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from backend.models.download_record import Digests, DownloadRecord, content_size, fault


def silent(_: int) -> None:
    """Shows nothing."""


def test_the_digests_are_what_the_hub_tags_files_with(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"hello\n")
    digests = Digests.read(path, silent)
    assert digests.git == "ce013625030ba8dba906f756967f9e9ca394464a"  # `git hash-object` of it
    assert digests.sha256 == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert digests.agree_with(digests.git)
    assert digests.agree_with(digests.sha256)
    assert not digests.agree_with("0" * 40)
    assert not digests.agree_with("0" * 64)
    assert digests.agree_with("some-other-tag")


def test_a_file_with_a_receipt_is_held_to_it(tmp_path: Path):
    path = tmp_path / "file.pt"
    path.write_bytes(b"weights")
    DownloadRecord("the hub", "abc", 7, Digests.read(path, silent).sha256).write(path)
    assert DownloadRecord.of(path) == DownloadRecord("the hub", "abc", 7, Digests.read(path, silent).sha256)
    assert fault(path) is None
    path.write_bytes(b"weighty")
    assert fault(path) == "has another content than when it came from the hub"
    path.write_bytes(b"weight")
    assert fault(path) == "has 6 bytes, and had 7 when it came from the hub"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"origin": "a", "commit": "b", "size": "many", "sha256": "c"}'])
def test_what_is_no_receipt_counts_as_none(content: str, tmp_path: Path):
    path = tmp_path / "file.pt"
    path.write_bytes(b"weights")
    DownloadRecord.beside(path).write_text(content)
    assert DownloadRecord.of(path) is None


def test_a_safetensors_file_is_held_to_its_header(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(100), "b": torch.ones(3)}, path, {"form": "pt"})
    whole = path.read_bytes()
    assert fault(path) is None
    for content in (whole[:-1], whole + b"0"):
        path.write_bytes(content)
        assert "by its header" in (fault(path) or "")
    for content in (whole[:50], whole[:4], b""):
        path.write_bytes(content)
        assert "or it was cut off" in (fault(path) or "")
    for header in (b"no header", b"[" * 100_000, b"[1]", b'{"a": 1}', b'{"a": {"data_offsets": [0]}}'):
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        assert "header that cannot be read" in (fault(path) or "")
    with path.open("wb") as file:
        file.write((2**30).to_bytes(8, "little"))
        file.truncate(2**30 + 8)
    assert "its header has 1073741824 bytes, at most" in (fault(path) or "")


@pytest.mark.parametrize("content", [b"[1]", b"{", b'{"size": 1e999}', b"[" * 100_000, b"\xff", b"null"])
def test_what_is_no_record_of_a_download_is_none(tmp_path: Path, content: bytes):
    DownloadRecord.beside(tmp_path / "a.pt").write_bytes(content)
    assert DownloadRecord.of(tmp_path / "a.pt") is None


def test_a_pytorch_file_that_is_cut_off_is_noticed(tmp_path: Path):
    path = tmp_path / "model.pt"
    torch.save({"generator": {"a": torch.zeros(1000)}}, path)
    assert fault(path) is None
    path.write_bytes(path.read_bytes()[:-500])
    assert fault(path) == "is cut off: the list at its end is missing"


def test_json_and_empty_files_are_noticed(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    path.write_text('{"a": 1')
    assert "is no JSON" in (fault(path) or "")
    path.write_text('{"a": 1}')
    assert fault(path) is None
    empty = tmp_path / "model.pth"
    empty.write_bytes(b"")
    assert fault(empty) == "is empty"


def test_of_an_index_the_shards_are_looked_at(tmp_path: Path):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}))
    for name in ("one", "two"):
        save_file({name: torch.zeros(5)}, tmp_path / f"{name}.safetensors")
    assert fault(index) is None
    (tmp_path / "two.safetensors").write_bytes(b"")
    assert (fault(index) or "").startswith("two.safetensors has a header that cannot be read")
    index.write_text("{}")
    assert "is no index of shards" in (fault(index) or "")


def test_an_index_is_as_large_as_its_shards(tmp_path: Path):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}))
    for name, size in (("one", 10), ("two", 30), ("another", 50)):
        (tmp_path / f"{name}.safetensors").write_bytes(bytes(size))
    assert content_size(index) == 40
    assert content_size(tmp_path / "one.safetensors") == 10
