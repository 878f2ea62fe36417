"""Prompts to the tokens of google/umt5-xxl, cleaned as Wan was trained."""

from __future__ import annotations

import html
import math
from pathlib import Path

import ftfy
import torch
from tokenizers import Encoding
from tokenizers import Tokenizer as Pieces

from ..checkpoints.paths import is_folder, require_file
from ..checkpoints.text import SPIECE
from ..checkpoints.weights import open_weights
from ..errors import CheckpointError
from .sentencepiece import tokenizer_of

CLOSING = "</s>"
FIX = "get tokenizer.json of google/umt5-xxl"
LARGEST = 200_000_000
"""Bytes of a tokenizer.json: ten times those of umt5's."""


class Tokenizer:
    """Prompt -> token ids, the closing one included."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __call__(self, prompt: str) -> list[int]:
        return _encoded(self._pieces, clean(prompt)).ids


def clean(prompt: str) -> str:
    """Broken Unicode mended, HTML entities (also twice escaped ones) resolved, every run of white space one space."""
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(prompt))).split())


def _encoded(pieces: Pieces, text: str) -> Encoding:
    """CheckpointError where the library gives up on its own table: what it then raises is no Exception."""
    try:
        return pieces.encode(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as reason:
        raise CheckpointError(f"the tokenizer's table contradicts itself ({reason}); {FIX}") from reason


def read_tokenizer(path: Path) -> Tokenizer:
    """From a tokenizer.json, the folder that it is in, or a text encoder's safetensors file that carries it.

    CheckpointError where there is none, or of another kind.
    """
    if path.suffix == ".safetensors":
        return _within(path)
    file = path / "tokenizer.json" if is_folder(path) else path
    size = require_file(file, FIX)
    if size > LARGEST:
        raise CheckpointError(f"{file} has {size} bytes, at most {LARGEST} are read of a tokenizer; {FIX}")
    try:
        pieces = Pieces.from_str(file.read_text(encoding="utf-8-sig"))
        pieces.no_truncation()
        pieces.no_padding()
        closing = _encoded(pieces, "a").tokens[-1:]
    except Exception as reason:  # the library raises Exception itself, of no narrower kind
        raise CheckpointError(f"{file} is no tokenizer ({reason}); {FIX}") from reason
    if closing != [CLOSING]:
        raise CheckpointError(f"{file} does not close a prompt with {CLOSING}, as umt5's does; {FIX}")
    return Tokenizer(pieces)


def _within(path: Path) -> Tokenizer:
    """From the bytes of a SentencePiece model in a file of weights."""
    stored = open_weights(path).tensors.get(SPIECE)
    if stored is None:
        raise CheckpointError(f"{path} carries no tokenizer, which would be its tensor {SPIECE}; {FIX}")
    if stored.dtype != torch.uint8 or not 0 < math.prod(stored.shape) <= LARGEST:
        raise CheckpointError(f"{stored.place} is {stored.dtype} {stored.shape}, expected a tokenizer's bytes; {FIX}")
    try:
        return Tokenizer(tokenizer_of(stored.read().numpy().tobytes()))
    except CheckpointError as reason:
        raise CheckpointError(f"{stored.place}: {reason}; {FIX}") from reason
