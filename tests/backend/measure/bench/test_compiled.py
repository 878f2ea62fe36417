"""Compiled blocks are measured against the same as they are written, and only where they show the same pictures."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from backend.measure.bench import compiled
from backend.measure.bench.compiled import compiled_row, compiled_rows
from backend.measure.bench.sameness import not_the_same
from tests.vace_core.small import model
from vace_core.compilation import Compiler
from vace_core.model import Model

CPU = torch.device("cpu")


class Noting(Compiler):
    """Makes nothing of a region but a note each time that it runs; error: by which its decoder is wrong."""

    def __init__(self, error: float = 0.0) -> None:
        super().__init__(CPU)
        self.error = error
        self.ran: set[str] = set()

    def region(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            self.ran.add(name)
            made = run(*given)
            return (made[0] + self.error, *made[1:]) if name == "the decoder" else made

        return noted


def row(compiler: Compiler, given: Model | None = None) -> dict[str, Any]:
    return compiled_row(given or model(window=3), 32, 48, 1, compiler)


def test_a_compiled_chunk_has_its_ratio_and_the_same_pictures():
    compiler = Noting()
    measured = row(compiler)
    assert measured["ratio"] > 0
    assert measured["compile_s"] >= 0
    assert not not_the_same([measured])
    assert {"the main blocks behind attention", "the context blocks up to attention", "the encoder"} <= compiler.ran


def test_the_model_that_was_given_stays_as_it_is_written():
    given, compiler = model(window=3), Noting()
    row(compiler, given)
    compiler.ran.clear()
    assert not not_the_same([row(Noting(), given)])
    assert not compiler.ran


def test_kernels_that_compute_something_else_are_named():
    assert not_the_same([row(Noting(error=0.01))]) == [compiled.NAME]


def test_a_compiler_that_fails_or_is_missing_leaves_the_row_out_and_says_why(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> Callable[..., Any]:
        raise OSError("the disk is full")

    assert "the disk is full" in row(Compiler(CPU, broken))["left_out"]
    monkeypatch.setattr(compiled, "why_not", lambda device: "there is no C++ compiler")
    assert list(compiled_rows(model(), 32, 48, 1)) == [{"name": compiled.NAME, "left_out": "there is no C++ compiler"}]
