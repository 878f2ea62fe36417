"""Two results of `bench --json`: their rows in pairs, and in what the runs differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Results = dict[str, Any]
COMPARED = ("ours_ms", "chunk_ms", "even_ms", "late_ms", "latency_ms", "in_force_p99_ms")
"""The columns that are compared: of each row the first one that it has in both results."""


def read_results(path: Path) -> Results:
    """What `bench --json` printed. Raises ValueError, with the fix, for a file that is not there or something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as reason:
        raise ValueError(f"{path} cannot be read ({reason.strerror}); give a file that bench --json wrote") from reason
    except ValueError as reason:
        raise ValueError(_no_results(path, "it is no JSON")) from reason
    if not isinstance(found, dict) or not isinstance(found.get("machine"), dict):
        raise ValueError(_no_results(path, "it names no machine"))
    rows = found.get("rows")
    if not isinstance(rows, list) or not rows or not all(_is_row(row) for row in rows):
        raise ValueError(_no_results(path, "it has no rows with names"))
    return found


def compared(before: Results, now: Results) -> list[dict[str, Any]]:
    """A row for each that both have: ratio is before / now, so that more than 1 is quicker now.

    plain_ratio: the same of the plain path, which says how much of that is the machine's.
    """
    old = {row["name"]: row for row in before["rows"]}
    pairs = [(old[row["name"]], row) for row in now["rows"] if row["name"] in old]
    return [made for pair in pairs if (made := _pair(*pair))]


def differences(before: Results, now: Results) -> list[str]:
    """What is not the same about machine, versions and options, and which rows only one of them has; a line each."""
    lines = []
    for part in ("machine", "options"):
        old, new = before.get(part) or {}, now.get(part) or {}
        changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        lines += [f"{key}: {_shown(old, key)} before, {_shown(new, key)} now" for key in changed]
    names = [{row["name"] for row in results["rows"]} for results in (before, now)]
    for when, only in (("before", names[0] - names[1]), ("now", names[1] - names[0])):
        if only:
            lines.append(f"rows that are there only {when}: {', '.join(sorted(only))}")
    return lines


def _pair(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any] | None:
    column = next((name for name in COMPARED if _ratio(old, new, name)), None)
    if column is None:
        return None
    plain = _ratio(old, new, "plain_ms")
    return {
        "name": new["name"],
        "column": column,
        "before": old[column],
        "now": new[column],
        "ratio": _ratio(old, new, column),
    } | ({"plain_ratio": plain} if plain else {})


def _ratio(old: dict[str, Any], new: dict[str, Any], column: str) -> float | None:
    pair = old.get(column), new.get(column)
    if not all(isinstance(value, int | float) and value > 0 for value in pair):
        return None
    return round(old[column] / new[column], 3)


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("name"), str)


def _shown(part: dict[str, Any], key: str) -> str:
    return str(part[key]) if key in part else "not told"


def _no_results(path: Path, why: str) -> str:
    return f"{path} is no result of bench ({why}); give a file that bench --json wrote"
