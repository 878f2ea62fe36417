"""Prompts to the tokens of google/umt5-xxl, cleaned as Wan was trained."""

from __future__ import annotations

import html
from pathlib import Path

import ftfy
from tokenizers import Tokenizer as Pieces

from ..errors import CheckpointError

CLOSING = "</s>"


class Tokenizer:
    """Prompt -> token ids, the closing one included."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __call__(self, prompt: str) -> list[int]:
        return self._pieces.encode(clean(prompt)).ids


def clean(prompt: str) -> str:
    """Broken Unicode mended, HTML entities (also twice escaped ones) resolved, every run of white space one space."""
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(prompt))).split())


def read_tokenizer(path: Path) -> Tokenizer:
    """From a tokenizer.json, or the folder that it is in. CheckpointError where there is none, or of another kind."""
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise CheckpointError(f"there is no {file}; get tokenizer.json of google/umt5-xxl")
    try:
        pieces = Pieces.from_file(str(file))
    except Exception as reason:  # the library raises Exception itself, of no narrower kind
        raise CheckpointError(f"{file} is no tokenizer ({reason}); get tokenizer.json of google/umt5-xxl") from reason
    if pieces.encode("a").tokens[-1:] != [CLOSING]:
        raise CheckpointError(
            f"{file} does not close a prompt with {CLOSING}, as umt5's does; get tokenizer.json of google/umt5-xxl"
        )
    pieces.no_truncation()
    pieces.no_padding()
    return Tokenizer(pieces)
