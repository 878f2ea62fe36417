"""When a show is said to be all right."""

from typing import Any

import pytest

from backend.panel.health import trouble
from tests.backend.panel.statuses import front_status


@pytest.mark.parametrize(
    "status",
    [
        {"state": "running", "output_fps": 30.0, "engine_fps": 12.0},
        {"state": "starting", "output_fps": 30.0},
        {"state": "restarting", "output_fps": 30.0, "last_fault": "it was killed"},
        {"state": "a state of tomorrow", "output_fps": 30.0, "engine_fps": 0.5},
    ],
)
def test_a_show_that_restyles_or_is_about_to_is_all_right(status: dict[str, Any]):
    assert trouble(front_status(**status)) is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"state": "running", "output_fps": 0.0, "engine_fps": 12.0}, "no frames come out"),
        ({"state": "running", "output_fps": float("nan"), "engine_fps": 12.0}, "no frames come out"),
        ({"state": "starting", "output_fps": 0.0}, "no frames come out"),
        ({"state": "running", "output_fps": 30.0}, "no restyled frames come, the state is 'running'"),
        ({"state": "source lost", "output_fps": 30.0}, "the state is 'source lost'"),
        ({"state": "failed", "output_fps": 30.0, "last_fault": "no memory"}, "'failed'; the last fault: no memory"),
        ({"state": "stopped", "output_fps": 30.0}, "'stopped'"),
    ],
)
def test_a_show_in_trouble_says_which(status: dict[str, Any], reason: str):
    assert reason in str(trouble(front_status(**status)))
