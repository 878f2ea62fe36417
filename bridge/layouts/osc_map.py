"""Every address in one table for a spreadsheet, for programs whose OSC is set up by hand."""

from __future__ import annotations

import csv
import io

from ..control.normalised import normalised_controls
from ..control.parameters import ControlTable, in_words

HEAD = ("address", "from 0 to 1", "type", "lowest", "highest", "unit", "default", "values", "acts", "what it does")


def osc_map(table: ControlTable) -> str:
    """The table as CSV, a row for each control in its order, lines ended by a line feed."""
    normalised = {form.control.address: address for address, form in normalised_controls(table).items()}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEAD)
    for row in table:
        rows.writerow(
            (
                row.address,
                normalised.get(row.address, ""),
                f"{row.type} event" if row.event else row.type,
                "" if row.low is None else f"{row.low:g}",
                "" if row.high is None else f"{row.high:g}",
                row.unit,
                in_words(row.default) if row.holds else "",
                " | ".join(row.choices or row.offers),
                row.acts,
                row.doc,
            )
        )
    return text.getvalue()
