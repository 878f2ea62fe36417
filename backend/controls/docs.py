"""The table of controls as a page of the docs."""

from __future__ import annotations

from bridge.control.parameters import Control, ControlTable, in_words

from .table import TABLE


def markdown(table: ControlTable = TABLE) -> str:
    """The table as it stands in docs/controls.md."""
    lines = [
        "| address | type | range | default | unit | acts | what it does |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table:
        kind = f"{row.type} event" if row.event else row.type
        cells = (f"`{row.address}`", kind, _range(row), _default(row), row.unit, row.acts, _doc(row))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(row: Control) -> str:
    if row.choices:
        return ", ".join(row.choices)
    if row.low is None or row.high is None:
        return "0 or 1" if row.type == "bool" else ""
    return f"{row.low} to {row.high}" if row.type == "int" else f"{row.low:g} to {row.high:g}"


def _default(row: Control) -> str:
    if not row.holds:
        return ""
    if isinstance(row.default, bool):
        return str(int(row.default))
    if row.type == "floats":
        return in_words(row.default)
    return str(row.default) if row.default not in ("", ()) else ""


def _doc(row: Control) -> str:
    """With what is true of its messages besides."""
    further = f" A further argument sets {', '.join(f'`{address}`' for address in row.also)}." if row.also else ""
    return f"{row.doc}{further}{' By its full address only.' if row.dangerous else ''}"
