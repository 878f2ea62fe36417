"""The parts of a latency."""

from dataclasses import replace

import pytest

from backend.engine.messages import ChunkReport
from backend.front.latency import LatencyMs, StagesMs, StageWindows

STAGES = {"annotate": 0.05, "encode": 0.02, "denoise": 0.3, "decode": 0.03}
REPORT = ChunkReport(7, 12, "control", fill=0.46, generate=0.41, settle=0.1, period=0.5, stages=STAGES)  # type: ignore[arg-type]


def test_the_stages_of_a_chunk_and_what_lies_between_them_are_its_time():
    windows = StageWindows()
    windows.add(REPORT)
    stages = windows.medians()
    assert (stages.fill, stages.annotate, stages.encode, stages.denoise, stages.decode) == (460, 50, 20, 300, 30)
    assert stages.hand_out == pytest.approx(10)
    assert stages.generate == pytest.approx(410)


def test_a_chunk_that_finished_no_frames_says_nothing_of_the_latency():
    windows = StageWindows()
    windows.add(REPORT)
    windows.add(replace(REPORT, frames=0, fill=9.0, stages={}))
    windows.add(replace(REPORT, frames=0, fill=9.0, stages={}))
    assert windows.medians().fill == pytest.approx(460)


def test_what_no_stage_accounts_for_is_waiting_and_all_parts_add_up():
    stages = StagesMs(fill=460, annotate=50, encode=20, denoise=300, decode=30, hand_out=10)
    latency = LatencyMs.of(1000, stages, 20)
    assert latency.wait == 110
    assert stages.fill + stages.generate + latency.wait + latency.tick == latency.whole


def test_a_first_chunk_that_took_longer_than_the_picture_is_old_has_not_waited():
    assert LatencyMs.of(100, StagesMs(fill=460), 20).wait == 0
