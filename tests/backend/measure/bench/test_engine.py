"""The rows of the engine: both paths show the same, or the row says that they do not; memory is ours alone."""

from dataclasses import replace

import pytest
import torch

from backend.measure.bench import engine, memory, plain
from backend.measure.bench.controls import MODES, controls_of
from backend.measure.bench.engine import chunk_rows, mode_row
from backend.measure.bench.limit import Rates
from backend.measure.bench.plain import PlainStream
from backend.measure.bench.policies import without_policy
from backend.measure.bench.sameness import ALLOWED, difference, not_the_same
from tests.vace_core.small import model, step
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

RATES = Rates(1e9, 1e9)
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def small(dtype: torch.dtype = torch.float32, name: str = "pocket") -> Model:
    made = model(without_policy(PIPELINES[name]), recache=False)
    return replace(made, transformer=made.transformer.to(dtype), dtype=dtype)


def test_every_mode_has_a_row_with_what_it_costs_beside_no_control():
    rows = list(chunk_rows(model(PIPELINES["krea-realtime"]), 32, 48, 1, RATES))
    assert [row["name"] for row in rows] == [f"chunk, {mode}" for mode in MODES]
    assert not_the_same(rows) == []
    assert rows[0]["vace_overhead"] == 0
    assert all(row["ours_ms"] > 0 and row["of_limit_percent"] > 0 for row in rows)


@pytest.mark.parametrize("name", ["longlive", "streamdiffusion-v2", "reward-forcing", "causal-forcing-2step", "pocket"])
def test_the_plain_path_makes_the_same_pictures_by_every_rule(name):
    rule = small(name=name)
    ours, path = Stream(rule, 32, 48), PlainStream(rule, 32, 48)
    for n in range(12):
        controls = controls_of(MODES[n % 3], ours, n)
        assert difference(step(ours, controls).frames, path.step(controls)) < 1e-5, n


def test_the_plain_path_encodes_a_prompt_once_and_rotates_old_keys_only_where_their_positions_move(monkeypatch):
    rotated = []
    own = plain.rotate
    monkeypatch.setattr(plain, "rotate", lambda x, t: rotated.append(x.shape[2]) or own(x, t))
    counts = {}
    for name in ("longlive", "pocket"):
        rule = small(name=name)
        stream, path = Stream(rule, 32, 48), PlainStream(rule, 32, 48)
        for n in range(6):
            rotated.clear()
            path.step(controls_of(MODES[0], stream, n))
            stream.state.chunks += 1
        assert rule.text.calls == 1  # pyright: ignore[reportAttributeAccessIssue]
        passes = len(rule.transformer.blocks) * (1 + len(rule.pipeline.steps))
        counts[name] = len(rotated) - passes
    assert counts == {"longlive": 0, "pocket": 4}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_pictures_that_differ_are_told_in_every_number_format(dtype, monkeypatch):
    assert not_the_same([mode_row(small(dtype), 32, 48, 2, MODES[1], RATES)]) == []
    own = PlainStream._encode

    def one_row_off(self: PlainStream, controls: Controls) -> torch.Tensor:
        context = own(self, controls)
        assert context is not None
        return context.roll(1, dims=3)

    monkeypatch.setattr(PlainStream, "_encode", one_row_off)
    row = mode_row(small(dtype), 32, 48, 2, MODES[1], RATES)
    assert row["difference"] > ALLOWED[dtype]
    assert not_the_same([row]) == [f"chunk, {MODES[1]}"]


def test_a_picture_that_is_no_number_is_not_the_same():
    nothing = torch.full((1, 3, 4, 8, 8), float("nan"))
    assert difference(nothing, nothing) == float("inf")


def test_the_peak_of_memory_is_counted_anew_for_each_row_and_before_there_is_a_plain_stream(monkeypatch):
    said = []
    monkeypatch.setattr(engine, "reset_peak", lambda device: said.append("reset"))
    monkeypatch.setattr(engine, "peak_gb", lambda device: said.append("peak") or 1.25)
    own = PlainStream.__init__
    monkeypatch.setattr(PlainStream, "__init__", lambda self, *given: said.append("plain") or own(self, *given))
    rows = list(chunk_rows(small(), 32, 48, 1, RATES))
    assert said == ["reset", "peak", "plain"] * len(MODES)
    assert [row["vram_gb"] for row in rows] == [1.25] * len(MODES)


def test_the_peak_is_what_cuda_counted_since_it_was_reset(monkeypatch):
    said = []
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: said.append(device))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**30)
    memory.reset_peak(torch.device("cuda:1"))
    assert said == [torch.device("cuda:1")]
    assert memory.peak_gb(torch.device("cuda:1")) == 3.0
    assert memory.peak_gb(torch.device("cpu")) is None


def test_paths_take_turns_in_both_orders(monkeypatch):
    said = []
    own = PlainStream.step
    monkeypatch.setattr(PlainStream, "step", lambda self, controls: said.append("plain") or own(self, controls))
    frames = engine.frames_of
    monkeypatch.setattr(engine, "frames_of", lambda stream, controls: said.append("ours") or frames(stream, controls))
    mode_row(small(), 32, 48, 3, MODES[0], RATES)
    assert said[-6:] == ["ours", "plain", "plain", "ours", "ours", "plain"]
