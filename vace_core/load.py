"""Loads a pipeline's model: the bundled pocket model, or one of published weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .checkpoints.options import LoadOptions
from .checkpoints.store import Store
from .config import Pipeline, pipeline_named
from .errors import CheckpointError

if TYPE_CHECKING:
    from .model import Model
    from .text import TextEncoder


def load(
    pipeline: str | Pipeline = "pocket",
    device: str = "cpu",
    store: Store | None = None,
    options: LoadOptions = LoadOptions(),  # noqa: B008  frozen
    text: TextEncoder | None = None,
) -> Model:
    """Load a pipeline's weights onto a device ("cpu", "cuda", "cuda:1", "mps").

    pipeline: a preset's name, or a preset with another rule in its place. store: where published weights lie; the
    pocket model brings its own. text: what encodes prompts in place of the pipeline's own, of which a published one is
    not loaded then. Raises ValueError for an unknown pipeline or options that the device or pipeline cannot do, and
    CheckpointError where weights are missing or not the expected ones.
    """
    preset = pipeline_named(pipeline) if isinstance(pipeline, str) else pipeline
    # Imported here, so that importing vace_core costs nothing.
    import torch

    from .compilation import compiler_for
    from .cuda_graphs import graphs_for
    from .transformer.quantised import warn_where_slower
    from .warm_up import with_compiler

    place = torch.device(device)
    graphs = graphs_for(place, options.graphs)
    compiler = compiler_for(place, options.compile, plays_loras=bool(options.loras))
    if preset.name == "pocket":
        from .pocket.loading import load_pocket

        model = load_pocket(preset, place, options)
        model = model if text is None else replace(model, text=text)
    elif options.precision != "auto":
        raise ValueError(
            f"precision {options.precision!r} is for the pocket model; {preset.name} has the number format that it was "
            "published in, so leave it at auto"
        )
    elif store is None:
        raise CheckpointError(f"{preset.name} is loaded from published weights: say in which folders they are")
    else:
        from .checkpoints.published import load_published

        model = load_published(preset, place, store, options, text)
    warn_where_slower((model.transformer, model.text), place)
    return with_compiler(replace(model, graphs=graphs), compiler)
