import json
from dataclasses import replace

from bridge.control.osc.counters import OscCounters
from tests.backend.front.quiet_status import QUIET

NAMES = """
state output_fps engine_fps distinct_fps distinct_ms_p99 latency_ms seconds pipeline device mode width height target_fps
clock clock_fps clock_changes chunk_ms chunks restarts faults last_fault ticks ticks_missed tick_error_p99_ms
ticks_starved ticks_mixed delay_ms source source_fps source_losses source_size_changes sent not_sent recording
failed_sinks tempo beat tempo_source waiting_for_the_beat
"""
COUNTERS = "packets messages damaged refused ignored subscribers connections closed faults"


def test_the_names_that_scripts_and_the_page_read_stay_as_they_are():
    assert list(QUIET.as_dict()) == NAMES.split()
    assert json.loads(json.dumps(QUIET.as_dict())) == QUIET.as_dict()


def test_what_osc_has_counted_is_told_only_where_there_is_osc():
    status = replace(QUIET, osc=OscCounters(packets=3)).as_dict()
    assert list(status) == [*NAMES.split(), *(f"osc_{name}" for name in COUNTERS.split())]
    assert status["osc_packets"] == 3


def test_the_heartbeat_is_state_two_rates_and_the_latency():
    assert QUIET.heartbeat() == ["running", 30.0, 26.5, 640]
