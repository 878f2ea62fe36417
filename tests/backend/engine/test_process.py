"""The engine's own process."""

import math
import multiprocessing
import pickle
from multiprocessing.context import BaseContext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from backend.engine import process
from backend.engine.messages import Beat, EngineStart, Failed, Ready, RingNames, RunsOn
from backend.engine.options import ModelOptions
from backend.engine.shared_connection import SharedConnection
from vace_core.checkpoints.options import LoadOptions


def damaged(path: Path) -> Path:
    """A LoRA as it may lie on a disk that has failed."""
    content = {"diffusion_model.blocks.0.self_attn.q.lora_A.weight": torch.ones(2, 192)}
    content["diffusion_model.blocks.0.self_attn.q.lora_B.weight"] = torch.full((192, 2), math.nan)
    if path.suffix == ".pt":
        path.write_bytes(pickle.dumps(content)[:200])
    else:
        save_file(content, path)
    return path


@pytest.mark.parametrize("name", ["nan.safetensors", "torn.pt", "absent.pt"])
def test_an_engine_that_loads_a_damaged_file_says_so_and_does_not_die_of_it(
    tmp_path: Path, forking: BaseContext, name: str
):
    path = tmp_path / name
    if name != "absent.pt":
        damaged(path)
    ours, theirs = multiprocessing.Pipe()
    options = ModelOptions(device="cpu", weights=LoadOptions(loras=(path,)))
    start = EngineStart("backend.engine.load:load", options, 64, 96, 30.0, RingNames("", "", "", ""))
    child = forking.Process(target=process.main, args=(theirs, start), daemon=True)  # type: ignore[attr-defined]
    child.start()
    theirs.close()
    while isinstance(told := ours.recv(), Beat):
        pass
    child.join(60)
    assert isinstance(told, Failed)
    assert name in told.reason
    assert child.exitcode == 0


class Loop:
    """An engine loop that is told what to raise."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self) -> None:
        raise self._error


@pytest.mark.parametrize("error", [RuntimeError("out of the blue"), EOFError()], ids=["unknown", "the front is gone"])
def test_an_engine_that_cannot_go_on_says_of_what_it_ends(monkeypatch: pytest.MonkeyPatch, error: Exception):
    ours, theirs = multiprocessing.Pipe()
    model = SimpleNamespace(device="cpu", close=lambda: None)
    pipeline = SimpleNamespace(warm_up=lambda _: None, runs_on=RunsOn("", "", 0))
    monkeypatch.setattr(process, "load_model", lambda *_: model)
    monkeypatch.setattr(process, "SizedPipeline", lambda *_: pipeline)
    monkeypatch.setattr(process, "EngineLoop", lambda *_: Loop(error))
    heartbeat = SimpleNamespace(enter=lambda _: None)
    start = EngineStart("", ModelOptions(device="cpu"), 64, 96, 30.0, RingNames("", "", "", ""))
    with pytest.raises(type(error)):
        process._run(SharedConnection(theirs), start, heartbeat)  # type: ignore[arg-type]
    theirs.close()
    told = [ours.recv() for _ in range(1 if isinstance(error, EOFError) else 2)]
    assert isinstance(told[0], Ready)
    assert [one.reason for one in told[1:]] == (
        [] if isinstance(error, EOFError) else ["has met what it cannot go on after (out of the blue)"]
    )
