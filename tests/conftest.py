"""What holds for all tests: how they are shared out, where they may write, and that no thread fails unnoticed."""

from __future__ import annotations

import os
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


@pytest.fixture(scope="session", autouse=True)
def _logs_in_a_folder_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Programs that a test starts do not log into the folder of whoever runs it (on Linux, where that can be moved)."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which `python start.py test` runs with
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests stay together, as they share fixtures; so do all under Wine, as they share one Windows."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "tests/wine" if file.startswith("tests/wine/") else file

    return ByFile(config, log)
