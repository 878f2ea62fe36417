"""A model that goes wrong when a file says so: out of memory in a chunk, or NaN in what the stream remembers.

The program is started with that model by `python -m backend.measure.soak.attacks.poisoned_program run ...`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.engine.model import EngineModel, StreamLike
    from backend.engine.options import ModelOptions

RUN = ("-m", "backend.measure.soak.attacks.poisoned_program", "run")
FOLDER = "VACE_SOAK_POISON"
"""The variable that names the folder of the files."""
MEMORY, NAN = "memory", "nan"


def poison(folder: Path, kind: str, chunks: int = 1) -> Path:
    """Have the next chunks go wrong; the file is gone once the last of them has."""
    file, written = folder / kind, folder / f"{kind}.written"
    written.write_text(str(chunks), encoding="ascii")
    written.replace(file)
    return file


def load(options: ModelOptions) -> EngineModel:
    """The real model, whose streams look for the files before each chunk."""
    from backend.engine.load import load as load_model

    model = load_model(options)
    return replace(model, open_stream=lambda height, width: _poisoned(model.open_stream(height, width)))


def _poisoned(stream: StreamLike) -> StreamLike:
    folder, step = Path(os.environ[FOLDER]), stream.step

    def poisoned_step(controls: Any, progress: Any) -> Any:
        if due(folder / MEMORY):
            import torch

            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB (by the soak)")
        if due(folder / NAN):
            _fill_with_nan(stream)
        return step(controls, progress)

    stream.step = poisoned_step
    return stream


def due(file: Path) -> bool:
    """Whether this chunk is to go wrong; it is counted."""
    with suppress(OSError, ValueError):
        chunks = int(file.read_text(encoding="ascii"))
        if chunks > 1:
            file.write_text(str(chunks - 1), encoding="ascii")
        else:
            file.unlink()
        return True
    return False


def _fill_with_nan(stream: Any) -> None:
    """What attention remembers, and the last clean latents."""
    import torch

    with torch.inference_mode():
        for layer in stream.state.memory.layers:
            for tensor in vars(layer).values():
                if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                    tensor.fill_(torch.nan)
        stream.state.history.fill_(torch.nan)
