"""Damaged files of every kind are read or refused; and what reads them notices when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.measure.soak import damaged_files
from backend.measure.soak.damaged_files import FRAMES, KINDS, PICTURES, damaged, fuzz_files, read_file, valid_file


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_read_and_damage_is_the_same_again(kind: str, tmp_path: Path):
    path = tmp_path / f"a.{kind}"
    valid_file(kind, path)
    assert read_file(kind, path) == (1 if kind in PICTURES else FRAMES)
    whole = path.read_bytes()
    copies = [damaged(whole, number, seed=3) for number in range(20)]
    assert copies == [damaged(whole, number, seed=3) for number in range(20)]
    assert len(set(copies)) > 15


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(kind: str):
    figures = fuzz_files(kind, 40, seed=5)
    assert figures.is_sound, figures
    assert figures.read + figures.refused == 40
    assert figures.refused


def test_an_outcome_that_should_not_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.png"
    valid_file("png", path)
    assert damaged_files._outcome("png", path) == "read"
    for raised, told in (
        (IndexError("beyond"), "IndexError: beyond"),
        (damaged_files.BridgeError("no"), "tells nothing"),
    ):
        monkeypatch.setattr(damaged_files, "read_file", lambda kind, path, error=raised: (_ for _ in ()).throw(error))
        assert told in damaged_files._outcome("png", path)


def test_a_process_that_falls_over_or_hangs_is_told_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch):
    """The fourth file of each batch ends the process, or is never done."""
    script = (
        "import os, sys, time\nbegin, count = map(int, sys.argv[-2:])\n"
        "for n in range(begin, begin + count):\n"
        "    if n == 3: {act}\n"
        '    print(\'{{"number": %d, "outcome": "read"}}\' % n, flush=True)'
    )
    run = damaged_files.subprocess.run
    for act, wrong, hung in (("os._exit(7)", {3: "the process ended with 7"}, 0), ("time.sleep(60)", {}, 1)):
        code = script.format(act=act)

        def instead(command, code=code, **options):
            return run([command[0], "-c", code, *command[-2:]], **options)

        monkeypatch.setattr(damaged_files.subprocess, "run", instead)
        monkeypatch.setattr(damaged_files, "HANG_SECONDS", 3.0)
        figures = fuzz_files("png", 8)
        assert (figures.read, figures.wrong, figures.hung, figures.is_sound) == (7, wrong, hung, False)
