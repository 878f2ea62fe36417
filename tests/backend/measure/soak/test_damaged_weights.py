"""Damaged files of weights are loaded or refused; and the search for others finds what ends in another way."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from backend.measure.soak import damaged_weights, weight_files
from backend.measure.soak.damaged_weights import KINDS, damage, fuzz_weights
from vace_core.errors import CheckpointError


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_loaded_or_refused(tmp_path: Path, kind: str):
    figures = weight_files.fuzz(kind, 60, 7, tmp_path)
    assert figures["lost"] == []
    assert figures["loaded"] + figures["refused"] == 60
    assert figures["refused"] > 20


def test_they_are_read_in_a_process_of_its_own():
    figures = fuzz_weights("models.json", 20, seed=7)
    assert figures["lost"] == []
    assert figures["loaded"] + figures["refused"] == 20


def test_the_same_seed_damages_in_the_same_way_and_nearly_always_does():
    content = json.dumps({"a": list(range(500))}).encode()
    for seed in range(50):
        assert damage(content, random.Random(seed)) == damage(content, random.Random(seed))
    assert sum(damage(content, random.Random(seed)) != content for seed in range(200)) > 180
    assert [damage(b"", random.Random(seed)) for seed in range(50)], "nor does an empty file end it"


def raising(error: BaseException):
    def read() -> None:
        raise error

    return read


def out_of_memory() -> None:
    try:
        raise MemoryError
    except MemoryError as reason:
        raise CheckpointError("a.pt cannot be read") from reason


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (lambda: None, "loaded"),
        (raising(CheckpointError("a.pt is torn")), "refused"),
        (raising(IndexError("pop from empty list")), "IndexError: pop from empty list"),
        (raising(AssertionError()), "AssertionError: "),
        (raising(BaseException("a panic")), "BaseException: a panic"),
        (out_of_memory, "took too much memory (a.pt cannot be read)"),
    ],
)
def test_every_outcome_has_its_name(read, outcome: str):
    assert weight_files.outcome(read) == outcome


@pytest.mark.parametrize(
    ("code", "seconds", "line"),
    [
        ("print('number 3 of seed 1', flush=True); import time; time.sleep(60)", 2.0, "torch number 3 of seed 1: hung"),
        ("print('number 4 of seed 1', flush=True); import os; os._exit(9)", 60.0, "torch number 4 of seed 1: ended"),
        ("raise SystemError('odd')", 60.0, "torch at its start: ended the process with 1 ['SystemError: odd']"),
    ],
)  # fmt: skip
def test_a_process_that_hangs_or_dies_is_lost_with_the_file_that_it_began(monkeypatch, code: str, seconds, line: str):
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **named: run([sys.executable, "-c", code], **named))
    monkeypatch.setattr(damaged_weights, "SECONDS_TO_START", seconds)
    (lost,) = fuzz_weights("torch", 1, seed=1)["lost"]
    assert lost.startswith(line)


def test_a_kind_that_there_is_not_is_told():
    with pytest.raises(ValueError, match=r"no files of the kind 'onnx', choose one of safetensors, torch"):
        fuzz_weights("onnx", 1, 1)
