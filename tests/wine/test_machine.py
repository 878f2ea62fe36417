"""The machine itself: a process that Wine ends at its start is started again, one that ends later is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from .machine import STARTS, ProcessEnded, WindowsMachine, for_windows


def ends_at_first(times: int, counted: Path) -> str:
    """Statements that end the process without a word so many times, then no more."""
    return (
        f"counted = {for_windows(counted)!r}\n"
        "open(counted, 'a').write('x')\n"
        f"if len(open(counted).read()) <= {times}:\n"
        "    os._exit(5)\n"
    )


def test_a_process_that_ends_while_it_is_set_up_is_started_again(windows: WindowsMachine, tmp_path: Path):
    with pytest.warns(UserWarning, match="started again: the Windows process ended with code 5"):
        peer = windows.peer(ends_at_first(1, tmp_path / "counted"))
    with peer:
        assert peer("1 + 1") == 2


def test_one_that_never_stays_is_told(windows: WindowsMachine, tmp_path: Path):
    with pytest.warns(UserWarning, match="started again"), pytest.raises(ProcessEnded, match="code 5"):
        windows.peer(ends_at_first(STARTS, tmp_path / "counted"))
    assert (tmp_path / "counted").read_text() == "x" * STARTS


def test_one_that_ends_later_is_told_at_once(windows: WindowsMachine):
    with windows.peer() as peer, pytest.raises(ProcessEnded, match="code 5"):
        peer("os._exit(5)")
