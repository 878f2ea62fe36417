"""Engines that begin within a moment, for tests of what an engine does once it runs."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.context import BaseContext
from types import SimpleNamespace

import pytest

from backend.front import engine_life

IMPORTED = ["torch", "backend.engine.process", "backend.engine.chunk_pipeline", "tests.backend.troubled_model"]


@pytest.fixture(scope="session")
def forking() -> BaseContext:
    """Processes are forked from one that has imported torch, where each would take two seconds to import it.

    They are processes of their own as ever, with their own pipe, and are killed, stopped and watched alike. Whether one
    comes up from nothing, as in a show, is for tests that do without this, such as those of the command line.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return multiprocessing.get_context("spawn")
    multiprocessing.set_forkserver_preload(IMPORTED)
    return multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def prepared_engines(forking: BaseContext) -> Iterator[None]:
    """The engines of a show begin so."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine_life, "multiprocessing", SimpleNamespace(get_context=lambda _: forking))
        yield


@pytest.fixture
def prepared_ranks(forking: BaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes of the other devices begin so."""
    ours = SimpleNamespace(get_context=lambda _: forking, current_process=multiprocessing.current_process)
    monkeypatch.setattr("backend.engine.ranks.workers.multiprocessing", ours)  # by name, as it imports torch
