"""A tokenizer of umt5's kind, small: its pieces are letters."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors

LETTERS = "abcdefghijklmnopqrstuvwxyz ▁"
PIECES = ["<pad>", "</s>", "<unk>", *LETTERS]


def write_tokenizer(folder: Path, closed: bool = True) -> Path:
    """A tokenizer.json: unigrams, as umt5's, with or without its closing token."""
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in PIECES], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()  # type: ignore[assignment]
    if closed:
        tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
            single="$A </s>", special_tokens=[("</s>", 1)]
        )
    path = folder / "tokenizer.json"
    tokenizer.save(str(path))
    return path
