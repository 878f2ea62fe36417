"""A bare machine's rows: both pipelines, each mode, each attention kernel that is right, in the device's formats."""

from dataclasses import replace

import pytest
import torch

from backend.measure.bench import matrix, models
from backend.measure.bench.controls import MODES
from backend.measure.bench.matrix import matrix_rows, right_kernels
from backend.measure.bench.models import random_model
from backend.measure.bench.sameness import not_the_same
from tests.vace_core.recorded_graphs import RecordedGraphs
from tests.vace_core.small import ARCHITECTURE, model
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.config import PIPELINES
from vace_core.transformer.attention_check import AttentionChoice, Trial

CPU = torch.device("cpu")


def test_each_pipeline_has_its_rows_in_every_mode(monkeypatch):
    monkeypatch.setattr(matrix, "random_model", lambda name, device: model(PIPELINES[name], recache=False))
    rows = list(matrix_rows((32, 48), CPU, chunks=1))
    names = [row["name"] for row in rows]
    for pipeline in ("longlive", "krea-realtime"):
        assert f"{pipeline}, rates of the device, float32" in names
        assert {f"{pipeline}, attention sdpa, chunk, {mode}" for mode in MODES} <= set(names)
        assert any(name.startswith(f"{pipeline}, stages of a chunk") for name in names)
    assert not_the_same(rows) == []


def test_where_there_are_graphs_each_mode_has_a_row_with_and_one_without_them(monkeypatch):
    graphs = RecordedGraphs()
    monkeypatch.setattr(matrix, "random_model", lambda name, device: model(PIPELINES[name], recache=False))
    monkeypatch.setattr(matrix, "graphs_for", lambda device, wanted: lambda device: graphs)
    rows = list(matrix_rows((32, 48), CPU, chunks=2))
    names = {row["name"] for row in rows}
    for mode in MODES:
        assert {f"longlive, attention sdpa, {way}chunk, {mode}" for way in ("", "graphs, ")} <= names
    assert graphs.replayed > 0
    assert not_the_same(rows) == []


def test_kernels_that_were_refused_or_take_a_bias_only_have_no_rows_and_the_chosen_one_comes_first(monkeypatch):
    trials = (
        Trial("flash", False),
        Trial("sage1", False, refused="it is off by 0.2"),
        Trial("cudnn", False),
        Trial("efficient", True),
    )
    choice = AttentionChoice("cudnn", "efficient", trials)
    monkeypatch.setattr("vace_core.stream.choose_attention", lambda *given: choice)
    assert right_kernels(model(), 32, 48) == ["cudnn", "flash"]


@pytest.mark.parametrize(("device", "formats"), [("cpu", ("float32", "float32")), ("cuda", ("bfloat16", "float16"))])
def test_random_weights_have_the_formats_of_published_ones(device: str, formats: tuple[str, str], monkeypatch):
    class Device:
        """Says that it is of that type, and makes its tensors on the CPU."""

        type = device

        def __enter__(self) -> None:
            pass

        def __exit__(self, *raised: object) -> None:
            pass

    small = replace(PIPELINES["longlive"], architecture=ARCHITECTURE)
    monkeypatch.setattr(models, "pipeline_named", lambda name: small)
    monkeypatch.setattr(models, "number_format", lambda device: torch.bfloat16)
    made = random_model("longlive", Device())  # pyright: ignore[reportArgumentType]
    autoencoder = made.autoencoder
    assert isinstance(autoencoder, TinyAutoencoder)
    found = {parameter.dtype for parameter in made.transformer.parameters()}, autoencoder.dtype
    assert found == ({getattr(torch, formats[0])}, getattr(torch, formats[1]))
    assert made.dtype == getattr(torch, formats[0])
    assert torch.get_default_dtype() == torch.float32
