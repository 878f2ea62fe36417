"""A SentencePiece model as a tokenizer: the same tokens as from a tokenizer.json, and whatever is wrong is told."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.vace_core.text.pieces import PIECES, write_tokenizer
from vace_core.errors import CheckpointError
from vace_core.text.tokenizer import Tokenizer, read_tokenizer

KINDS = {"<pad>": 3, "</s>": 3, "<unk>": 2}


def number(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low]) if not rest else bytes([low | 0x80]) + number(rest)


def field(place: int, content: bytes) -> bytes:
    return number(place << 3 | 2) + number(len(content)) + content


def model(pieces: list[str] = PIECES) -> bytes:
    """The pieces of `write_tokenizer` as SentencePiece writes them, with a trainer's settings, that are passed over."""
    made = b""
    for piece in pieces:
        kind = number(3 << 3) + number(KINDS.get(piece, 1))
        made += field(1, field(1, piece.encode()) + number(2 << 3 | 5) + struct.pack("<f", -1.0) + kind)
    return made + field(2, number(4 << 3) + number(300)) + field(3, field(1, b"identity"))


def within(folder: Path, content: torch.Tensor) -> Tokenizer:
    save_file({"spiece_model": content}, folder / "umt5.safetensors")
    return read_tokenizer(folder / "umt5.safetensors")


def as_tensor(content: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


@pytest.mark.parametrize("prompt", ["a cab", "", "  one   two ", "what is not known: Ω", "z" * 300])
def test_the_tokens_are_those_of_the_same_tokenizer_json(tmp_path: Path, prompt: str) -> None:
    expected = read_tokenizer(write_tokenizer(tmp_path))(prompt)
    assert within(tmp_path, as_tensor(model()))(prompt) == expected
    assert expected[-1] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (model()[:-3], "it was cut off"),
        (model([piece for piece in PIECES if piece != "</s>"]), "pieces without </s>"),
        (b"\xff" * 40, "a number in it does not end"),
        (b"\x0b" * 8, "is written in form 3"),
        (field(1, field(2, b"no number")), "makes no sense|requires a buffer"),
    ],
)
def test_what_is_no_such_model_is_told_by_file_and_key(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(CheckpointError, match=rf"umt5.safetensors: spiece_model: .*({words}).*get tokenizer.json"):
        within(tmp_path, as_tensor(content))


def test_a_file_without_one_or_with_what_is_no_bytes_is_told(tmp_path: Path) -> None:
    save_file({"shared.weight": torch.zeros(2)}, tmp_path / "umt5.safetensors")
    with pytest.raises(
        CheckpointError, match=r"umt5.safetensors carries no tokenizer.*spiece_model.*get tokenizer.json"
    ):
        read_tokenizer(tmp_path / "umt5.safetensors")
    with pytest.raises(CheckpointError, match=r"spiece_model is torch.float32 \(3,\), expected a tokenizer's bytes"):
        within(tmp_path, torch.zeros(3))
