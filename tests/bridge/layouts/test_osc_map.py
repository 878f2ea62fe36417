"""The list of addresses for a spreadsheet."""

import csv
import io

from bridge.layouts.osc_map import HEAD, osc_map
from tests.bridge.control.every_type import EVERY_TYPE


def rows() -> dict[str, dict[str, str]]:
    return {row["address"]: row for row in csv.DictReader(io.StringIO(osc_map(EVERY_TYPE)))}


def test_every_control_has_a_row_in_the_tables_order():
    assert list(rows()) == [row.address for row in EVERY_TYPE]
    assert tuple(next(iter(rows().values()))) == HEAD


def test_a_row_says_what_a_control_takes():
    assert rows()["/vace/mask/feather"] == {
        "address": "/vace/mask/feather",
        "from 0 to 1": "/vace/n/mask/feather",
        "type": "float",
        "lowest": "0",
        "highest": "64",
        "unit": "px",
        "default": "4",
        "values": "",
        "acts": "next chunk",
        "what it does": "Softness.",
    }
    assert rows()["/vace/control"]["values"] == "depth | scribble | none"
    assert rows()["/vace/prompt/go"]["type"] == "int event"
    assert rows()["/vace/prompt"]["what it does"] == EVERY_TYPE["/vace/prompt"].doc
