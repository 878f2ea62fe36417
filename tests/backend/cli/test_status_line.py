from dataclasses import replace

from backend.cli.status_line import line
from tests.backend.front.quiet_status import QUIET


def test_the_status_line_names_trouble_only_when_there_is_some():
    assert line(QUIET) == "running | out 30.0 fps | engine 26.5 fps | latency 640 ms | tick error 0.1 ms"
    troubled = line(replace(QUIET, restarts=2, ticks_missed=3, last_fault="no memory left"))
    assert troubled.endswith(" | 2 restarts | 3 missed ticks | no memory left")
