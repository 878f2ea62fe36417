"""Which rows are measured for which options."""

import pytest

from backend.measure.bench import run
from backend.measure.bench.run import BenchOptions, described, measure

IN_PROCESS = ("chunk", "stage", "policy", "change", "shortcut", "precision", "mask", "quantisation")
PROGRAM = ("annotator", "cadence", "osc")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[object, ...]]:
    """What each kind of row was asked for, without measuring anything."""
    given: dict[str, tuple[object, ...]] = {}
    for name in (*IN_PROCESS, *PROGRAM, "compiled", "live", "matrix"):

        def rows(*arguments: object, name: str = name):
            given[name] = arguments
            return iter([{"name": name}])

        monkeypatch.setattr(run, f"{name}_rows", rows)
    monkeypatch.setattr(run, "length_row", lambda *arguments: {"name": "length"})
    return given


def names(options: BenchOptions) -> list[str]:
    _, *rows = measure(options)
    return [row["name"] for row in rows]


def test_the_whole_bench_measures_the_command_run_and_what_is_compiled_too(asked):
    shown = names(BenchOptions())
    assert set(shown) == {*IN_PROCESS, *PROGRAM, "compiled", "length", "live"}
    assert len(shown) == len(set(shown))
    assert asked["chunk"][1:3] == (128, 192)


def test_a_quick_one_is_smaller_and_leaves_out_the_command_run_and_what_is_compiled(asked):
    assert names(BenchOptions(quick=True)) == [*IN_PROCESS, "length", *PROGRAM]
    assert asked["chunk"][1:4] == (48, 64, 2)


def test_random_weights_measure_the_model_alone(asked):
    options = BenchOptions(random_weights=True, size=(32, 48), quick=True)
    assert names(options) == [*IN_PROCESS, "length"]
    assert asked["stage"][1:3] == (32, 48)


def test_a_matrix_is_in_place_of_all_others(asked):
    options = BenchOptions(matrix=True, size=(32, 48))
    assert [row["name"] for row in measure(options)] == ["matrix"]
    assert list(asked) == ["matrix"]


def test_options_are_described_as_json_gives_them_back():
    assert described(BenchOptions(size=(64, 96)))["size"] == [64, 96]
    assert described(BenchOptions())["size"] is None
