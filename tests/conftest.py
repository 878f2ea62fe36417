"""How the tests are shared out among several processes, and where what they start may write."""

from __future__ import annotations

import os
from typing import Any

import pytest


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
