"""Prompts to tokens: cleaned, closed, and from a tokenizer that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vace_core.text.pieces import write_tokenizer
from vace_core.errors import CheckpointError
from vace_core.text.tokenizer import clean, read_tokenizer


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("  a  cat\n\ton   a mat ", "a cat on a mat"),
        ("salt &amp; pepper", "salt & pepper"),
        ("salt &amp;amp; pepper", "salt & pepper"),
        ("cafÃ© at night", "café at night"),
        ("“neon” it’s", '"neon" it\'s'),
        ("A Cat", "A Cat"),
        ("a\u3000cat\xa0here", "a cat here"),
        ("", ""),
    ],
)
def test_a_prompt_is_cleaned_as_in_training(given: str, cleaned: str) -> None:
    assert clean(given) == cleaned


def test_a_prompt_becomes_tokens_and_is_closed(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        tokenize = read_tokenizer(path)
        assert tokenize("a  cab")[-1] == 1
        assert len(tokenize("a cab")) > 2
        assert tokenize("a  cab") == tokenize(" a cab ")
        assert tokenize("") == [1]
        assert len(tokenize("abc " * 600)) > 512


def test_a_tokenizer_that_is_missing_torn_or_another_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no .*tokenizer.json; get tokenizer.json of google/umt5-xxl"):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"tokenizer.json is no tokenizer"):
        read_tokenizer(tmp_path)
    write_tokenizer(tmp_path, closed=False)
    with pytest.raises(CheckpointError, match=r"does not close a prompt with </s>"):
        read_tokenizer(tmp_path)
