"""The rules that are measured beside each other."""

from backend.measure.bench.policies import distinct_rules, policy_rows
from tests.vace_core.small import ARCHITECTURE, model
from vace_core.config import PIPELINES


def test_every_pipeline_is_measured_once_and_those_with_one_rule_together():
    rules = distinct_rules(ARCHITECTURE)
    named = [name for names, _ in rules for name in names]
    assert sorted(named) == sorted(PIPELINES)
    assert ["self-forcing", "causal-forcing"] in [names for names, _ in rules]


def test_the_wait_for_a_chunk_of_one_latent_frame_is_a_third(monkeypatch):
    for name in set(PIPELINES) - {"causal-forcing", "causal-forcing-framewise"}:
        monkeypatch.delitem(PIPELINES, name)
    rows = {row["name"]: row for row in policy_rows(model(), 32, 48, chunks=1)}
    chunkwise, framewise = (rows[f"memory of {name}"] for name in ("causal-forcing", "causal-forcing-framewise"))
    assert (chunkwise["latent_frames"], framewise["latent_frames"]) == (3, 1)
    waits = [row["latency_ms"] - row["ours_ms"] for row in (chunkwise, framewise)]
    assert [round(wait) for wait in waits] == [500, 167]
