import pytest

from backend.runtime.metrics import Rate, Window


def test_a_window_remembers_the_last_values_only():
    window = Window(4)
    for value in (100, 1, 2, 3, 4):
        window.add(value)
    assert window.summary().largest == 4
    assert window.summary().median == 2.5
    assert window.summary().count == 5


def test_an_empty_window_is_all_zero():
    assert Window().summary().p99 == 0.0


def test_a_rate_counts_lots_by_the_time_between_them():
    rate = Rate()
    for i in range(10):
        rate.add(i * 0.5, 12)
    assert rate.per_second(4.5) == pytest.approx(24.0)


def test_a_rate_of_what_has_stopped_is_zero():
    rate = Rate()
    rate.add(1.0)
    rate.add(2.0)
    assert rate.per_second(60.0) == 0.0
