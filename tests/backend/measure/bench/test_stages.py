"""The time of a chunk is shared out among its stages, and its latency follows from them."""

from collections import Counter

import pytest

from backend.measure.bench import stages
from backend.measure.bench.stages import STAGES, Stopwatch, latency, stage_rows
from tests.vace_core.small import model
from vace_core.config import PIPELINES


def test_a_stage_within_another_is_not_counted_twice():
    ticks = iter((1.0, 3.0, 6.0, 10.0))
    watch = Stopwatch(lambda: None, lambda: next(ticks))
    with watch.measure("denoise"):
        with watch.measure("decode"):
            pass
    assert watch.seconds == {"denoise": 2.0 + 4.0, "decode": 3.0}


def test_a_device_is_waited_for_before_the_clock_is_read():
    said = []
    watch = Stopwatch(lambda: said.append("wait"), lambda: said.append("clock") or 0.0)
    with watch.measure("encode"):
        said.append("work")
    assert said == ["wait", "clock", "work", "wait", "clock"]


def test_every_pipeline_has_all_its_stages_and_the_framewise_one_waits_for_a_third(monkeypatch):
    entered = Counter()

    class Counted(Stopwatch):
        def measure(self, stage: str):
            entered[stage] += 1
            return super().measure(stage)

    monkeypatch.setattr(stages, "Stopwatch", Counted)
    own, chunkwise, framewise = stage_rows(model(), 48, 64, chunks=1)
    assert set(entered) == set(STAGES)
    for row in (own, chunkwise, framewise):
        assert all(row[f"{stage.replace(' ', '_')}_ms"] > 0 for stage in STAGES)
    assert (chunkwise["latent_frames"], framewise["latent_frames"]) == (3, 1)
    waits = [row["even_ms"] - row["first_frame_ms"] for row in (chunkwise, framewise)]
    assert waits == pytest.approx([1000 * 11 / 24, 1000 * 3 / 24], abs=0.11)


def test_the_first_frame_of_a_chunk_waits_longest_for_its_picture_and_the_last_as_long_as_it_takes_to_make():
    row = latency(PIPELINES["causal-forcing-framewise"], 150.0, 50.0, pieces=1)
    assert row["frames_ms"] == [325.0, 283.3, 241.7, 200.0]
    assert (row["first_frame_ms"], row["even_ms"]) == (200.0, 325.0)


def test_a_chunk_that_is_decoded_in_pieces_shows_its_first_frames_sooner_and_its_last_ones_as_late():
    whole, pieces = (latency(PIPELINES["causal-forcing"], 150.0, 60.0, pieces=n) for n in (1, 3))
    assert (whole["first_frame_ms"], pieces["first_frame_ms"]) == (210.0, 170.0)
    sooner = [round(one - other, 1) for one, other in zip(whole["frames_ms"], pieces["frames_ms"], strict=True)]
    assert sooner == [40.0] * 4 + [20.0] * 4 + [0.0] * 4
    assert (whole["even_ms"], pieces["even_ms"]) == (668.3, 628.3)
    slow = latency(PIPELINES["causal-forcing"], 0.0, 1200.0, pieces=3)
    assert slow["even_ms"] == slow["frames_ms"][8] == max(slow["frames_ms"])


def test_pictures_wait_for_all_stages_but_the_clean_pass():
    row = next(stage_rows(model(), 48, 64, chunks=1))
    before = sum(row[f"{stage}_ms"] for stage in ("annotate", "encode", "context", "denoise", "decode"))
    assert row["frames_ms"][-1] == pytest.approx(before, abs=0.1)
    assert row["first_frame_ms"] == pytest.approx(before - row["decode_ms"] * 2 / 3, abs=0.1)
