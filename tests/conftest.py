"""What holds for all tests: how they are shared out among several processes, and that no thread fails unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge import threads


@pytest.fixture(autouse=True)
def no_thread_fails_unnoticed(request: pytest.FixtureRequest) -> Iterator[None]:
    """A guarded thread goes on after a fault; a test that does not expect one (`@pytest.mark.faults`) fails by it."""
    heard: list[str] = []
    remove = threads.add_listener(lambda name, error: heard.append(f"{name}: {type(error).__name__}: {error}"))
    yield
    remove()
    if request.node.get_closest_marker("faults") is None:
        assert not heard


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which `python start.py test` runs with
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests stay together, as they share fixtures; so do all under Wine, as they share one Windows."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "tests/wine" if file.startswith("tests/wine/") else file

    return ByFile(config, log)
