"""What was found, for a person: a line for each finding, and its fix below it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from .finding import Finding

NARROWEST = 60
"""Columns that a line has at least, however narrow the terminal says that it is."""


def text(findings: Sequence[Finding], columns: int) -> str:
    """Return the whole report, in lines of at most `columns`; a command is never broken within a word."""
    width = max((len(finding.name) for finding in findings), default=0)
    counts = Counter(finding.state for finding in findings)
    lines = [line for finding in findings for line in _lines(finding, width, max(columns, NARROWEST))]
    return "\n".join([*lines, "", _summary(counts["fault"], counts["note"])])


def _lines(finding: Finding, width: int, columns: int) -> list[str]:
    head = f"{finding.state:5}  {finding.name:{width}}  "
    blank = " " * len(head)
    lines = _wrapped(finding.found, head, blank, columns)
    if finding.fix:
        lines += _wrapped(finding.fix, f"{blank}-> ", f"{blank}   ", columns)
    return lines


def _wrapped(words: str, first: str, others: str, columns: int) -> list[str]:
    return textwrap.wrap(
        words,
        columns,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(faults: int, notes: int) -> str:
    noted = f" and {_count(notes, 'note')}" if notes else ""
    return (
        f"{_count(faults, 'fault')}{noted}. What mends each stands behind its arrow." if faults else f"No fault{noted}."
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
