import json
from dataclasses import replace

import pytest

from backend.front.status import show_state
from bridge.control.osc.counters import OscCounters
from tests.backend.front.quiet_status import QUIET

NAMES = """
state output_fps engine_fps distinct_fps distinct_ms_p99 latency_ms gather_ms generate_ms annotate_ms encode_ms
denoise_ms decode_ms wait_ms tick_ms seconds pipeline device precision attention graphs graphs_recorded mode width
height target_fps clock clock_fps clock_changes chunk_ms chunks restarts hangs degraded loading faults last_fault
ticks ticks_missed tick_error_p99_ms ticks_starved ticks_mixed delay_ms
source source_fps source_size source_cut source_losses source_size_changes sent not_sent recording memory_mb threads
handles failed_sinks
tempo beat tempo_source waiting_for_the_beat cue
"""
COUNTERS = "packets messages damaged refused ignored subscribers connections closed faults"


def test_the_names_that_scripts_and_the_page_read_stay_as_they_are():
    assert list(QUIET.as_dict()) == NAMES.split()
    assert json.loads(json.dumps(QUIET.as_dict())) == QUIET.as_dict()


def test_what_osc_has_counted_is_told_only_where_there_is_osc():
    status = replace(QUIET, osc=OscCounters(packets=3)).as_dict()
    assert list(status) == [*NAMES.split(), *(f"osc_{name}" for name in COUNTERS.split())]
    assert status["osc_packets"] == 3


def test_the_heartbeat_is_state_two_rates_the_latency_and_the_beat():
    assert QUIET.heartbeat() == ["running", 30.0, 26.5, 640, QUIET.tempo, QUIET.beat]


@pytest.mark.parametrize(
    ("engine", "source_lost", "idle_for", "state"),
    [
        ("running", False, 0.1, "running"),
        ("running", True, 0.1, "source lost"),
        ("degraded", True, 0.1, "source lost"),
        ("stalled", True, 0.1, "source lost"),
        ("stalled", False, 0.1, "stalled"),
        ("restarting", True, 0.1, "restarting"),
        ("failed", True, 0.1, "failed"),
        ("running", False, 3.0, "no output"),
        ("failed", True, 3.0, "no output"),
        ("stopped", False, 3.0, "stopped"),
    ],
)
def test_the_state_is_what_came_out(engine, source_lost, idle_for, state):
    assert show_state(engine, source_lost, idle_for) == state
