import io
from dataclasses import replace

import pytest

from backend.cli import status_line
from backend.cli.status_line import StatusLine, line
from tests.backend.front.quiet_status import QUIET
from tests.backend.waiting import wait_for


def test_the_status_line_names_trouble_only_when_there_is_some():
    assert line(QUIET) == "running | out 30.0 fps | engine 26.5 fps | latency 640 ms | tick error 0.1 ms"
    assert line(replace(QUIET, state="starting", loading="compiling the encoder")).startswith(
        "starting: compiling the encoder | "
    )
    troubled = line(replace(QUIET, restarts=2, ticks_missed=3, last_fault="no memory left"))
    assert troubled.endswith(" | 2 restarts | 3 missed ticks | no memory left")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.faults
def test_a_status_that_cannot_be_had_once_is_shown_the_next_time(monkeypatch):
    monkeypatch.setattr(status_line, "SECONDS", 0.01)
    answers = iter([RuntimeError("in the middle of its end")])

    def status():
        if error := next(answers, None):
            raise error
        return QUIET

    with StatusLine(status, terminal := Terminal()):
        wait_for(lambda: "running" in terminal.getvalue(), "the line")
    assert terminal.getvalue().endswith("\n")
