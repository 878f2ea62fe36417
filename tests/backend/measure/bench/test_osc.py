"""The bench's OSC rows, small."""

import pytest

from backend.controls.table import TABLE
from backend.measure.bench.flood import value_of
from backend.measure.bench.osc import FLOODED, last_numbers, osc_rows


@pytest.mark.usefixtures("prepared_engines")
def test_the_rows_are_measured_on_a_running_show():
    ticks, flooded, taken = osc_rows("pocket", seconds=1.0, load="tests.backend.fake_model:load")
    assert min(ticks["plain_ms"], ticks["ours_ms"]) > 0
    assert flooded["sent"] > 1000
    assert flooded["not_received"] < flooded["sent"]
    assert flooded["last_values_lost"] == 0
    assert flooded["in_force_p99_ms"] > 0
    assert min(flooded["tick_error_p99_ms"], flooded["without_p99_ms"]) > 0
    assert min(taken["plain_per_s"], taken["ours_per_s"]) > 0


def test_every_flooded_address_has_a_last_value_that_its_control_takes_as_it_is():
    numbers = {address: number for number, address in last_numbers(10_003)}
    assert set(numbers) == set(FLOODED)
    for address, number in numbers.items():
        accepted = TABLE[address].accept(value_of(number))
        assert (accepted.value, accepted.report) == (value_of(number), None)
