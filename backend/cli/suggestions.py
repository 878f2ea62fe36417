"""A parser that names what was perhaps meant by an option or a command that there is not."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

ALIKE = 0.6


class SuggestingParser(argparse.ArgumentParser):
    """For the parser of all commands and for that of each."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """As it is; but what a command can't read is its own error, as it alone knows its options."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(
                f"unrecognized arguments: {' '.join(unknown)}{did_you_mean(unknown, self._option_string_actions)}"
            )
        return options, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            said = did_you_mean([str(value)], map(str, action.choices or ()))
            raise argparse.ArgumentError(action, f"{error.message}{said}") from None


def did_you_mean(words: Iterable[str], known: Iterable[str]) -> str:
    """ "; did you mean --source?" for the first of the words that is like a known one; else ""."""
    known = list(known)
    for word in words:
        near = difflib.get_close_matches(word.partition("=")[0], known, 1, ALIKE)
        if near:
            return f"; did you mean {near[0]}?"
    return ""
