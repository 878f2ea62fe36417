"""How far it is, for a person in a terminal and for a file."""

from __future__ import annotations

import io

import pytest

from backend.models.progress import Progress, gigabytes


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is, in seconds; put another number in."""
    now = [0.0]
    monkeypatch.setattr("backend.models.progress.time.monotonic", lambda: now[0])
    return now


def test_a_file_gets_a_line_for_every_tenth(clock: list[float]):
    stream = io.StringIO()
    with Progress("base", "fetched", 0, 1_000_000_000, stream) as shown:
        for _ in range(100):
            clock[0] += 0.1
            shown(10_000_000)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[4] == "base: fetched 500.0 MB of 1.00 GB, 100.0 MB/s, 5 s left"
    assert lines[-1] == "base: fetched 1.00 GB of 1.00 GB, 100.0 MB/s"


def test_a_terminal_gets_one_line_that_changes(clock: list[float]):
    stream = Terminal()
    with Progress("base", "fetched", 0, 1000, stream) as shown:
        for _ in range(10):
            clock[0] += 0.125
            shown(100)
    assert stream.getvalue().count("\r") == 6
    assert stream.getvalue().count("\n") == 1


def test_what_was_there_before_does_not_count_for_the_rate(clock: list[float]):
    stream = io.StringIO()
    with Progress("base", "fetched", 90_000_000, 100_000_000, stream) as shown:
        clock[0] += 2
        shown(10_000_000)
    assert stream.getvalue() == "base: fetched 100.0 MB of 100.0 MB, 5.0 MB/s\n"


@pytest.mark.parametrize(
    ("size", "text"), [(5_675_987_200, "5.68 GB"), (22_600_000, "22.6 MB"), (617, "617 bytes"), (0, "0 bytes")]
)
def test_sizes_are_told_in_fitting_units(size: int, text: str):
    assert gigabytes(size) == text
