"""`bench`: its exit code says whether paths that are compared showed the same, and an earlier result is set beside."""

import json
from pathlib import Path

import pytest

from backend.cli import main
from backend.measure.bench import run
from backend.measure.bench.run import BenchOptions

ROWS = [{"name": "chunk", "ours_ms": 20.0, "same": True}, {"name": "run", "chunk_ms": 50.0}]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[BenchOptions]:
    """What the bench was asked for; it measures ROWS."""
    given = []
    monkeypatch.setattr(run, "measure", lambda options: given.append(options) or iter(ROWS))
    return given


def test_the_rows_are_printed_with_machine_and_options(asked, capsys):
    assert main.main(["bench", "--json", "--quick", "--size", "64x96", "--device", "cpu"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert results["rows"] == ROWS
    assert results["options"]["size"] == [64, 96]
    assert {"torch", "version", "gpu"} <= set(results["machine"])
    assert asked == [BenchOptions(size=(64, 96), quick=True)]


def test_pictures_that_are_not_the_plain_paths_are_named_and_the_exit_code_is_one(monkeypatch, capsys):
    monkeypatch.setattr(run, "measure", lambda options: iter([*ROWS, {"name": "chunk, inpainting", "same": False}]))
    assert main.main(["bench", "--json", "--device", "cpu"]) == 1
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1].endswith("not those of the plain path: chunk, inpainting")
    assert json.loads(printed.out)["rows"][-1]["same"] is False


def test_an_earlier_result_is_set_beside_the_new_one(asked, tmp_path: Path, capsys):
    file = tmp_path / "before.json"
    before = {"machine": {"gpu": "another"}, "rows": [{"name": "chunk", "ours_ms": 30.0}]}
    file.write_text(json.dumps(before), encoding="utf-8")
    assert main.main(["bench", "--json", "--device", "cpu", "--compare", str(file)]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)["compared"]
    assert [(row["name"], row["ratio"]) for row in found["rows"]] == [("chunk", 1.5)]
    assert any(line.startswith("gpu: another before") for line in found["differences"])
    assert "differs: gpu: another before" in printed.err


def test_a_file_that_is_no_result_is_refused_before_anything_is_measured(asked, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["bench", "--compare", str(tmp_path / "none.json")])
    assert ended.value.code == 2
    assert "none.json cannot be read" in capsys.readouterr().err.splitlines()[-1]
    assert asked == []


@pytest.mark.parametrize("more", [["--pipeline", "longlive"], ["--random-weights"]])
def test_the_matrix_brings_its_own_pipelines(more: list[str], asked, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["bench", "--matrix", *more])
    assert ended.value.code == 2
    assert "--matrix has its own pipelines" in capsys.readouterr().err.splitlines()[-1]
    assert asked == []
