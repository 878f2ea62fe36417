"""GGUF files: the numbers of the package's own reader, and whatever is wrong with a file is told by name."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
import torch
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

from tests.vace_core.checkpoints.gguf_files import write_gguf
from vace_core.checkpoints import gguf_file
from vace_core.checkpoints.weights import open_weights
from vace_core.errors import CheckpointError

KINDS = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
"""Those that the package writes; it reads the K-quants, too."""


def numbers() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"a.weight": (20, 256), "a.bias": (20,), "patch.weight": (4, 2, 1, 2, 2), "odd.weight": (3, 5)}
    return {key: torch.randn(shape, generator=generator) for key, shape in shapes.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_that_the_package_reads_in_whatever_pieces(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_file, "STEP", 100)
    expected = write_gguf(tmp_path / "model.gguf", numbers(), kind)
    opened = open_weights(tmp_path / "model.gguf").tensors
    assert {key: stored.shape for key, stored in opened.items()} == {k: tuple(v.shape) for k, v in numbers().items()}
    for key, value in expected.items():
        assert torch.equal(opened[key].read(), value)
        torch.testing.assert_close(value, numbers()[key], atol=0.3, rtol=0)


@pytest.mark.parametrize("kind", ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS"])
def test_formats_that_the_package_only_reads_are_read_too(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_file, "STEP", 600)
    known = GGMLQuantizationType[kind]
    per_block, nbytes = GGML_QUANT_SIZES[known]
    # No byte of them makes a scale that is not finite.
    blocks = torch.randint(0, 0x3C, (5, nbytes), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)).numpy()
    path = by_hand(tmp_path, known, (5, per_block), blocks.tobytes())
    expected = torch.from_numpy(dequantize(blocks, known))
    assert expected.std() > 0
    assert torch.equal(open_weights(path).tensors["a"].read(), expected)


def test_a_block_of_q8_0_is_its_scale_times_its_whole_numbers(tmp_path: Path) -> None:
    whole = torch.arange(-16, 16, dtype=torch.int8)
    path = by_hand(tmp_path, GGMLQuantizationType.Q8_0, (1, 32), struct.pack("<e", 0.5) + whole.numpy().tobytes())
    assert torch.equal(open_weights(path).tensors["a"].read(), 0.5 * whole.float().view(1, 32))


def by_hand(folder: Path, kind: int, shape: tuple[int, ...], data: bytes, pairs: bytes = b"", count: int = 0) -> Path:
    """A file of one tensor, byte by byte. pairs: `count` of them."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, count) + pairs
    head += struct.pack("<Q", 1) + b"a" + struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
    head += struct.pack("<IQ", kind, 0)
    head += bytes(-len(head) % 32)
    (folder / "model.gguf").write_bytes(head + data)
    return folder / "model.gguf"


def listed(kind: int, count: int) -> bytes:
    """A pair that is a list without its items."""
    return struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, kind, count)


F32 = bytes(32)


@pytest.mark.parametrize(
    ("kind", "shape", "data", "pairs", "words"),
    [
        (0, (8,), F32[:-1], b"", "'a' of shape .* does not fit"),
        (0, (2**31,), F32, b"", "which none can have"),
        (0, (0, 2**40), F32, b"", "which none can have"),
        (0, (0,), F32, b"", "has the shape"),
        (0, (1,) * 9, F32, b"", "which none can have"),
        (8, (1, 33), F32, b"", "in blocks of 32"),
        (99, (8,), F32, b"", "'a': 99 is not a valid"),
        (26, (8,), F32, b"", "'a': numbers in I32 are not widened"),
        (0, (8,), F32, listed(0, 2**60), "has 1152921504606846976 items"),
        (0, (8,), F32, listed(0, 2**20), "cut off within its header"),
        (0, (8,), F32, listed(8, 2**20), "cut off within its header"),
        (0, (8,), F32, listed(77, 4), "of type 77, which the format does not have"),
        (0, (8,), F32, struct.pack("<Q", 2**50), "a text in it has"),
    ],
)
def test_what_makes_no_sense_is_told(
    tmp_path: Path, kind: int, shape: tuple[int, ...], data: bytes, pairs: bytes, words: str
) -> None:
    with pytest.raises(CheckpointError, match=rf"model.gguf cannot be read as GGUF \(.*{words}"):
        open_weights(by_hand(tmp_path, kind, shape, data, pairs, 1 if pairs else 0))


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"GGUF" + struct.pack("<I", 1) * 9, b"GGML" + bytes(60), b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0)],
)
def test_what_is_no_gguf_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model.gguf cannot be read as GGUF"):
        open_weights(tmp_path / "model.gguf")


def test_a_file_cut_anywhere_is_told(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf", numbers(), "Q8_0")
    whole = (tmp_path / "model.gguf").read_bytes()
    for size in range(0, len(whole) - 32, 997):
        (tmp_path / "model.gguf").write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match=r"model\.gguf"):
            open_weights(tmp_path / "model.gguf")


def test_a_file_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    path = by_hand(tmp_path, 0, (8,), F32)
    opened = open_weights(path).tensors["a"]
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CheckpointError, match=r"model.gguf could be opened, but not read to its end .*shorter"):
        opened.read()


@pytest.mark.parametrize("bits", [0x7FC0, 0x7F80])
def test_a_number_that_is_not_finite_is_told_by_its_key(tmp_path: Path, bits: int) -> None:
    path = by_hand(tmp_path, GGMLQuantizationType.BF16, (2,), struct.pack("<HH", 0, bits))
    with pytest.raises(CheckpointError, match=r"model.gguf: a holds NaN or infinite"):
        open_weights(path).tensors["a"].read()


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = by_hand(tmp_path, 0, (8,), F32)
    gguf_file._format.cache_clear()
    monkeypatch.setitem(sys.modules, "gguf.quants", None)
    with pytest.raises(CheckpointError, match="pip install gguf"):
        open_weights(path)
