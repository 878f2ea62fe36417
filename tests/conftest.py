"""What holds for all tests: how they are shared out, where they may write, and that no thread fails unnoticed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bridge import threads
from tests.longest import place, scope_of


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


@pytest.hookimpl(trylast=True)  # when those that are not wanted are gone
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker is handed the longest files first."""
    if hasattr(config, "workerinput"):
        scopes = [scope_of(item.nodeid.split("::", 1)[0]) for item in items]
        tests = Counter(scopes)
        order = sorted(range(len(items)), key=lambda n: (place(scopes[n], tests[scopes[n]]), scopes[n], n))
        items[:] = [items[n] for n in order]


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which `python start.py test` runs with
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What shares fixtures stays together, in the order in which it was collected."""
    from xdist.scheduler import LoadFileScheduling

    class ByScope(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid.split("::", 1)[0])

    config.option.loadscopereorder = False  # which would put the files with the most tests first
    return ByScope(config, log)
