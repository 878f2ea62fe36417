"""What a model is compiled for before its first chunk: the chunks of one stream, references beside them too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from .autoencoder.tiny import TinyAutoencoder
from .autoencoder.wan import WanAutoencoder
from .compilation import Compiler
from .conditioning import Reference
from .controls import Controls
from .model import Model
from .stream import Stream
from .transformer.block import Block, after_attention, before_attention


def with_compiler(model: Model, compiler: Compiler | None) -> Model:
    """The model with the regions of its blocks and of its autoencoder given to a compiler; None leaves it as it is.

    Blocks of one kind share what is compiled. Layers that have hooks are no part of that: see `lora.live`.
    """
    if compiler is None:
        return model
    for name, blocks in (("main blocks", model.transformer.blocks), ("context blocks", model.transformer.vace_blocks)):
        before = compiler.region(f"the {name} up to attention", before_attention)
        after = compiler.region(f"the {name} behind attention", after_attention)
        for block in blocks:
            assert isinstance(block, Block)
            block.before_attention, block.after_attention = before, after
    if isinstance(model.autoencoder, TinyAutoencoder | WanAutoencoder):
        for half in ("encoder", "decoder"):
            run = getattr(model.autoencoder, f"run_{half}")
            setattr(model.autoencoder, f"run_{half}", compiler.region(f"the {half}", run))
    return replace(model, compiler=compiler)


def warm_up(stream: Stream, tell: Callable[[str], object]) -> None:
    """Compile what the chunks of this stream need; it forgets them. tell: gets a line before each region.

    Without a compiler it does nothing. So many chunks are made as it takes until all are alike, then one with a
    reference.
    """
    compiler = stream.model.compiler
    if compiler is None:
        return
    shape, device = (3, stream.height, stream.width), stream.model.device
    picture = Reference(torch.zeros(shape, device=device))
    chunks = 2 + (len(stream.model.pipeline.steps) if stream.model.pipeline.stream_batch else 0)
    with compiler.compiling(tell):
        for references in (*[()] * chunks, (picture,)):
            control = torch.zeros((1, 3, stream.frames_wanted, *shape[1:]), device=device)
            stream.step(Controls(control=control, references=references, reference_mode=stream.reference_modes[0]))
            stream.settle()
    stream.reset()
