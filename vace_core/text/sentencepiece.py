"""A SentencePiece model, as ComfyUI's files of the text encoder carry it, as a tokenizer.

The model is a protocol buffer (sentencepiece_model.proto): pieces with their scores and kinds, and a table by which
text is normalised. What is read of it is what `tokenizers` builds the same tokenizer of.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from ..errors import CheckpointError

PIECE, NORMALISER = 1, 3
"""Fields of the model."""
TEXT, SCORE, KIND = 1, 2, 3
"""Fields of a piece."""
TABLE = 2
"""Field of the normaliser."""
UNKNOWN, BYTE = 2, 6
"""Kinds of pieces."""
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
"""How a field is written."""
MOST_PIECES = 2**21
CLOSING = "</s>"


def tokenizer_of(model: bytes) -> Tokenizer:
    """A tokenizer that closes each text with `</s>`, as T5's do. CheckpointError for what is no such model."""
    try:
        pieces, table = _read(model)
        kinds = [kind for _, _, kind in pieces]
        names = [text for text, _, _ in pieces]
        if CLOSING not in names or UNKNOWN not in kinds:
            raise ValueError(f"{len(pieces)} pieces without {CLOSING} or one for what is unknown")
        tokenizer = Tokenizer(
            Unigram([(text, score) for text, score, _ in pieces], kinds.index(UNKNOWN), byte_fallback=BYTE in kinds)
        )
        steps = [normalizers.Precompiled(table)] if table else []
        tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(Regex(" {2,}"), " ")])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {CLOSING}", special_tokens=[(CLOSING, names.index(CLOSING))]
        )
    except CheckpointError:
        raise
    except Exception as reason:  # the library raises Exception itself, of no narrower kind
        raise CheckpointError(f"the tokenizer in the file is no SentencePiece model ({reason})") from reason
    return tokenizer


def _read(model: bytes) -> tuple[list[tuple[str, float, int]], bytes]:
    """Pieces (text, score, kind), and the normaliser's table."""
    pieces: list[tuple[str, float, int]] = []
    table = b""
    for number, value in _fields(model):
        if number == PIECE and isinstance(value, bytes):
            fields = dict(_fields(value))
            text, score = fields.get(TEXT, b""), fields.get(SCORE, bytes(4))
            if not isinstance(text, bytes) or not isinstance(score, bytes) or len(pieces) == MOST_PIECES:
                raise ValueError(f"piece {len(pieces)} makes no sense")
            kind = fields.get(KIND, 1)
            pieces.append((text.decode(), struct.unpack("<f", score)[0], kind if isinstance(kind, int) else 1))
        elif number == NORMALISER and isinstance(value, bytes):
            found = dict(_fields(value)).get(TABLE, b"")
            table = found if isinstance(found, bytes) else b""
    return pieces, table


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in their order: numbers as int, all else as bytes. ValueError where it is cut off."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        form = key & 7
        if form == VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if form == LENGTH:
            size, at = _varint(message, at)
        elif form in (FOUR_BYTES, EIGHT_BYTES):
            size = 4 if form == FOUR_BYTES else 8
        else:
            raise ValueError(f"a field is written in form {form}")
        if at + size > len(message):
            raise ValueError("it was cut off")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """(number, where the next begins)."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        number |= (message[at] & 0x7F) << shift
        at += 1
        if not message[at - 1] & 0x80:
            return number, at
    raise ValueError("a number in it does not end")
