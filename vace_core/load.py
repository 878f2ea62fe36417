"""Loads a pipeline's model: the bundled pocket model, or one of published weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .checkpoints.options import LoadOptions
from .checkpoints.store import Store
from .config import Pipeline, pipeline_named
from .errors import CheckpointError

if TYPE_CHECKING:
    from .model import Model


def load(
    pipeline: str | Pipeline = "pocket",
    device: str = "cpu",
    store: Store | None = None,
    options: LoadOptions = LoadOptions(),  # noqa: B008  frozen
) -> Model:
    """Load a pipeline's weights onto a device ("cpu", "cuda", "cuda:1", "mps").

    pipeline: a preset's name, or a preset with another rule in its place. store: where published weights lie; the
    pocket model brings its own. Raises ValueError for an unknown pipeline or options that the device or pipeline
    cannot do, and CheckpointError where weights are missing or not the expected ones.
    """
    preset = pipeline_named(pipeline) if isinstance(pipeline, str) else pipeline
    # Imported here, so that importing vace_core costs nothing.
    import torch

    from .compilation import compiler_for
    from .warm_up import with_compiler

    place = torch.device(device)
    compiler = compiler_for(place, options.compile, plays_loras=bool(options.loras))
    if preset.name == "pocket":
        from .pocket.loading import load_pocket

        return with_compiler(load_pocket(preset, place, options), compiler)
    if store is None:
        raise CheckpointError(f"{preset.name} is loaded from published weights: say in which folders they are")
    from .checkpoints.published import load_published

    return with_compiler(load_published(preset, place, store, options), compiler)
