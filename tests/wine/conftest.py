"""Tests with Windows programs: skipped, with the reason, where Wine can't be had; not where VACE_WINE is `required`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machine import NoWine, Peer, WindowsMachine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow, as starting Windows takes a minute."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def windows() -> Iterator[WindowsMachine]:
    try:
        machine = WindowsMachine()
    except NoWine as reason:
        if os.environ.get("VACE_WINE") == "required":
            raise
        pytest.skip(str(reason))
    yield machine
    machine.close()


@pytest.fixture
def ours(windows: WindowsMachine) -> Iterator[Peer]:
    """A Windows process with our code."""
    with windows.peer() as peer:
        yield peer


@pytest.fixture
def theirs(windows: WindowsMachine) -> Iterator[Peer]:
    """A Windows process with the genuine SpoutGL and its Spout.dll."""
    with windows.peer("import SpoutGL; from SpoutGL import enums") as peer:
        yield peer
