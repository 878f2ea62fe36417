"""Errors as a person is told them."""

from __future__ import annotations

LONGEST = 2000
"""Characters: what goes through the pipe in one piece."""


def one_line(error: BaseException) -> str:
    """What went wrong, in one line."""
    return " ".join(str(error).split())[:LONGEST] or type(error).__name__
