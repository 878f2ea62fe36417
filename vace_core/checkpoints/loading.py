"""Modules from opened weights files, whatever names the files use: strict, and never two copies in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import torch
from torch import Tensor, nn

from ..autoencoder.tiny import TimeGrow, TinyAutoencoder, TinySizes
from ..autoencoder.wan import WanAutoencoder
from ..config import Architecture
from ..errors import CheckpointError
from ..text.float8 import Float8Embedding, Float8Linear
from ..text.umt5_encoder import Umt5Encoder, Umt5Sizes
from ..transformer import CausalWan
from . import layouts
from .autoencoder import LIGHT, WIDTH
from .layouts import Layout, in_names, recognise
from .lazy_tensor import LazyTensor
from .load_state import Part, fill, on_meta
from .names import is_buffer
from .scaled import ScaledTensor
from .text import SPIECE, TIED, TRANSFORMERS, published_keys
from .transformer import CONTEXT
from .weights import Weights

LARGEST = 2**20
"""Of any size of a text encoder: four times its vocabulary."""


def load_transformer(
    architecture: Architecture,
    base: Weights,
    vace: Weights | None,
    device: torch.device,
    dtype: torch.dtype,
    finish: Callable[[CausalWan, str], None] | None = None,
) -> CausalWan:
    """The main blocks from `base`, the context blocks from `vace`: a module file, or a full VACE checkpoint.

    vace: None where `base` is a full VACE checkpoint, or the architecture has no context blocks. What a full checkpoint
    holds of the other part is left unread. finish: see `fill`. Raises CheckpointError.
    """
    model = on_meta(lambda: CausalWan(architecture), dtype)
    keys = model.state_dict().keys()
    if vace is None:
        parts = [_part(base, keys, str(Layout(layouts.TRANSFORMER, None, architecture)))]
    else:
        context = {key for key in keys if _is_context(key)}
        main = Layout(layouts.TRANSFORMER, None, replace(architecture, vace_layers=()))
        parts = [
            _part(base, keys - context, str(main), lambda key: not _is_context(key)),
            _part(vace, context, str(Layout(layouts.VACE, None, architecture)), _is_context),
        ]
    fill(model, parts, device, finish)
    return model


def load_autoencoder(
    weights: Weights, kind: str, device: torch.device, dtype: torch.dtype
) -> TinyAutoencoder | WanAutoencoder:
    """kind: one of `options.AUTOENCODERS`. Raises CheckpointError."""
    if kind in ("taew2_1", "lighttae"):
        tiny = on_meta(lambda: TinyAutoencoder(TinySizes(wan_space=kind == "lighttae")), dtype)
        fill(tiny, [_part(_last_rows(weights, tiny), tiny.state_dict().keys(), layouts.TINY_AUTOENCODER)], device)
        return tiny
    width, expected = {
        "wan": (WIDTH, layouts.WAN_AUTOENCODER),
        "lightvae": (LIGHT, layouts.LIGHT_AUTOENCODER),
    }[kind]
    wan = on_meta(lambda: WanAutoencoder(width), dtype)
    fill(wan, [_part(weights, wan.state_dict().keys(), expected)], device)
    return wan


def load_text_encoder(
    weights: Weights, width: int, device: torch.device, dtype: torch.dtype, keep_float8: bool = True
) -> Umt5Encoder:
    """A UMT5 encoder of the sizes that the file's shapes tell; width: of an embedding, as the transformer takes it.

    keep_float8: matrices that the file has in float8_e4m3fn stay so in memory, and are widened to `dtype` in use.
    Raises CheckpointError.
    """
    layout = recognise(weights)
    weights = _in_transformers_names(weights, layout).only(lambda key: key not in (TIED, SPIECE))
    expected = f"{layouts.TEXT} of width {width}"
    sizes = _umt5(weights)
    if sizes is None or sizes.width != width:
        looks = f"looks like {layout}" if layout else "is nothing that is known here"
        given = f" of width {sizes.width}" if sizes else ""
        raise CheckpointError(f"{weights.path} {looks}{given}, expected {expected}; get umt5-xxl's encoder")
    encoder = on_meta(lambda: Umt5Encoder(sizes), dtype)
    scales = _to_keep_narrow(encoder, weights) if keep_float8 else {}
    stored = {key: _as_stored(one) if key in scales else one for key, one in weights.tensors.items()}
    keys = encoder.state_dict().keys() - {TIED}
    fill(encoder, [Part(replace(weights, tensors=stored), keys, expected, layout)], device)
    for key, scale in scales.items():
        name = key.removesuffix(".weight")
        layer = encoder.get_submodule(name)
        assert isinstance(layer, nn.Linear | nn.Embedding)
        if layer is encoder.shared:
            encoder.replace_table(Float8Embedding(layer.weight, dtype, scale))
        else:
            encoder.set_submodule(name, Float8Linear(layer.weight, scale))
    return encoder


def _in_transformers_names(weights: Weights, layout: Layout | None) -> Weights:
    if layout is None or layout.part != layouts.TEXT or layout.naming is TRANSFORMERS:
        return weights
    layers = len({key.split(".")[2] for key in weights.tensors if key.startswith("enc.blk.")})
    published = in_names(weights, layout, published_keys(layers))
    return replace(published, tensors=TRANSFORMERS.to(published.tensors))


def _part(
    weights: Weights, keys: Collection[str], expected: str, wanted: Callable[[str], bool] = lambda key: True
) -> Part:
    layout = recognise(weights)
    named = in_names(weights.only(wanted), layout, keys)
    return Part(named.only(lambda key: key in keys or not is_buffer(key)), keys, expected, layout)


def _is_context(key: str) -> bool:
    return key.startswith(CONTEXT)


def _last_rows(weights: Weights, tiny: TinyAutoencoder) -> Weights:
    """taew2_1 may hold more frames to grow into than are used; the last ones count."""
    tensors = dict(weights.tensors)
    for name, module in tiny.named_modules():
        stored = tensors.get(f"{name}.conv.weight")
        if isinstance(module, TimeGrow) and stored and _grows(stored.shape, tuple(module.conv.weight.shape)):
            tensors[f"{name}.conv.weight"] = _last(stored, module.conv.out_channels)
    return replace(weights, tensors=tensors)


def _grows(shape: tuple[int, ...], own: tuple[int, ...]) -> bool:
    return shape[1:] == own[1:] and shape[0] in (2 * own[0], 4 * own[0])


def _last(stored: LazyTensor, rows: int) -> LazyTensor:
    return replace(stored, shape=(rows, *stored.shape[1:]), pieces=lambda: iter([stored.read()[-rows:].flatten()]))


def _umt5(weights: Weights) -> Umt5Sizes | None:
    """The sizes of a text encoder in transformers' names, from its first block; None where it has none."""
    block = "encoder.block.0.layer."
    attention = block + "0.SelfAttention."
    keys = ("shared.weight", f"{attention}q.weight", f"{attention}relative_attention_bias.weight")
    shapes = [weights.tensors[key].shape for key in keys if key in weights.tensors]
    wide = weights.tensors.get(f"{block}1.DenseReluDense.wi_0.weight")
    if wide is None or [len(shape) for shape in (*shapes, wide.shape)] != [2, 2, 2, 2]:
        return None
    (vocabulary, width), (inner, _), (buckets, heads) = shapes
    if not all(0 < size <= LARGEST for size in (vocabulary, width, inner, buckets, heads, wide.shape[0])):
        return None
    return Umt5Sizes(
        vocabulary=vocabulary,
        width=width,
        head=inner // heads,
        inner=wide.shape[0],
        heads=heads,
        layers=len({key.split(".")[2] for key in weights.tensors if key.startswith("encoder.block.")}),
        buckets=buckets,
    )


def _to_keep_narrow(encoder: Umt5Encoder, weights: Weights) -> dict[str, Tensor | None]:
    """The weights of layers that the file has in float8, by key, with their scales; on the unfilled encoder they
    become that, too."""
    scales: dict[str, Tensor | None] = {}
    for name, layer in encoder.named_modules():
        given = weights.tensors.get(f"{name}.weight")
        if given is None or _as_stored(given).dtype != torch.float8_e4m3fn:
            continue
        if isinstance(layer, nn.Linear) or layer is encoder.shared:
            assert isinstance(layer, nn.Linear | nn.Embedding)
            layer.weight = nn.Parameter(layer.weight.to(torch.float8_e4m3fn), requires_grad=False)
            scales[f"{name}.weight"] = given.read_scale() if isinstance(given, ScaledTensor) else None
    return scales


def _as_stored(given: LazyTensor) -> LazyTensor:
    return given.narrow if isinstance(given, ScaledTensor) else given
