"""An earlier result beside a new one: rows in pairs, what differs is named, and other files are refused."""

import json
from pathlib import Path

import pytest

from backend.measure.bench.compare import compared, differences, read_results

BEFORE = {
    "machine": {"gpu": "one", "torch": "2.12", "cores": 2},
    "rows": [
        {"name": "chunk", "ours_ms": 30.0, "plain_ms": 40.0},
        {"name": "run", "chunk_ms": 100.0},
        {"name": "sent", "sent": 5},
        {"name": "gone", "ours_ms": 1.0},
    ],
}
NOW = {
    "machine": {"gpu": "another", "torch": "2.13", "cores": 2},
    "options": {"quick": True},
    "rows": [
        {"name": "new", "ours_ms": 1.0},
        {"name": "run", "chunk_ms": 200.0},
        {"name": "chunk", "ours_ms": 20.0, "plain_ms": 50.0},
        {"name": "sent", "sent": 5},
    ],
}


def test_rows_of_one_name_are_a_pair_and_more_than_one_is_quicker():
    run, chunk = compared(BEFORE, NOW)
    assert run == {"name": "run", "column": "chunk_ms", "before": 100.0, "now": 200.0, "ratio": 0.5}
    assert chunk == {
        "name": "chunk",
        "column": "ours_ms",
        "before": 30.0,
        "now": 20.0,
        "ratio": 1.5,
        "plain_ratio": 0.8,
    }


def test_a_time_of_nothing_is_in_no_pair():
    results = {"machine": {}, "rows": [{"name": "chunk", "ours_ms": 0.0}]}
    assert compared(results, results) == []


def test_what_differs_is_named_with_both_values_and_what_is_the_same_is_not():
    assert differences(BEFORE, NOW) == [
        "gpu: one before, another now",
        "torch: 2.12 before, 2.13 now",
        "quick: not told before, True now",
        "rows that are there only before: gone",
        "rows that are there only now: new",
    ]
    assert differences(NOW, NOW) == []


def test_a_result_is_read_as_it_was_written(tmp_path: Path):
    file = tmp_path / "before.json"
    file.write_text(json.dumps(BEFORE), encoding="utf-8")
    assert read_results(file) == BEFORE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not JSON", "it is no JSON"),
        ("[]", "it names no machine"),
        ('{"rows": [{"name": "a"}]}', "it names no machine"),
        ('{"machine": {}, "rows": []}', "it has no rows with names"),
        ('{"machine": {}, "rows": [{"ours_ms": 1}]}', "it has no rows with names"),
        ('{"machine": {}}', "it has no rows with names"),
    ],
)
def test_another_file_is_refused_with_its_name_the_reason_and_the_fix(text: str, why: str, tmp_path: Path):
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="give a file that bench --json wrote") as refused:
        read_results(file)
    assert f"{file} is no result of bench ({why})" in str(refused.value)


def test_bytes_that_are_no_text_are_refused_too(tmp_path: Path):
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\xff")
    with pytest.raises(ValueError, match="it is no JSON"):
        read_results(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_results(tmp_path / "none.json")
