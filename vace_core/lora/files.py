"""LoRAs: small changes to a transformer's weights, read from a file and merged.

W' = W + strength * (alpha / rank) * up @ down (Hu et al., 2021). `lora.live` keeps them beside the weights
instead, with a strength that changes while a show runs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoints.layouts import KNOWN, recognise
from ..checkpoints.lazy_tensor import LazyTensor, all_finite
from ..checkpoints.weights import Weights, open_weights
from ..config import Architecture
from ..errors import CheckpointError
from ..transformer import CausalWan
from .keys import STYLES, Modules, split
from .settings import Settings, read_settings

SHOWN = 10
"""Keys that an error names."""
FOREIGN = (
    (re.compile(r"_img\b|img_emb"), "it belongs to an image-to-video model"),
    (re.compile(r"^(lora_te|text_encoder|te\d?[._])"), "it changes the text encoder too"),
    (re.compile(r"vace_"), "it changes context blocks that this model does not have"),
    (re.compile(r"hada_|lokr_|oft_|lora_mid|dora_scale|magnitude"), "it is a LoHa, LoKr, OFT or DoRA, not a LoRA"),
)
"""What keys that are not known tell about their file."""
SMALLEST_SCALE, LARGEST_SCALE = 1e-6, 1e3
"""Of alpha / rank, its sign aside: a smaller one changes nothing, a larger one leaves nothing of the model."""
RANK_OF_ANY_LAYER = 256
"""A rank above both sizes of a layer says no more than the larger size would, but small layers often have this one."""


@dataclass(frozen=True)
class Adapter:
    """The low-rank change of one linear layer or convolution: `scale * up @ down`."""

    down: LazyTensor
    """[rank, in]; a convolution's has its kernel's shape."""
    up: LazyTensor
    """[out, rank]."""
    scale: float
    """alpha / rank."""

    @property
    def rank(self) -> int:
        return self.down.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """(out, in)."""
        return self.up.shape[0], math.prod(self.down.shape[1:])

    def read(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """down [rank, in] and up [out, rank]."""
        return read(self.down, device, dtype).flatten(1), read(self.up, device, dtype).flatten(1)


@dataclass(frozen=True)
class Lora:
    """What a file changes, by the names of `CausalWan`. Its numbers are read from the file when they are needed."""

    name: str
    adapters: Mapping[str, Adapter]
    """By module: "blocks.0.self_attn.q"."""
    deltas: Mapping[str, LazyTensor]
    """Whole changes by parameter ("blocks.0.norm3.bias"), each of its shape. Most LoRAs have none."""


def read_lora(path: Path, architecture: Architecture) -> Lora:
    """Read a LoRA for a transformer of this architecture, from safetensors or a torch file.

    Without alpha in the file, that of PEFT's adapter_config.json beside it or of diffusers' header counts, else the
    rank. Raises CheckpointError naming all that does not belong to the model: nothing is left out silently.
    """
    weights = open_weights(path)
    settings = read_settings(weights)
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in CausalWan(architecture).state_dict().items()}
    contents = _sort(weights, Modules(shapes))
    contents.wrong.extend(_misfits(contents.parts, shapes))
    if contents.unknown or contents.wrong or not contents.parts:
        raise CheckpointError(_complaint(weights, contents, architecture.dim))
    adapters = {
        module: _adapter(roles, contents.spelled[module], settings)
        for module, roles in contents.parts.items()
        if "down" in roles
    }
    absurd = [f"{module} {one.scale:g}" for module, one in adapters.items() if not _is_sensible(one.scale)]
    if absurd:
        raise CheckpointError(
            f"{path}: alpha / rank of {len(absurd)} modules is 0, not finite or beyond all sense (first: "
            f"{absurd[:SHOWN]}), expected {SMALLEST_SCALE:g} to {LARGEST_SCALE:g}; correct alpha, or get the file again"
        )
    return Lora(path.stem, adapters, dict(_deltas(contents.parts)))


@torch.no_grad()
def merge(transformer: CausalWan, lora: Lora, strength: float = 1.0) -> None:
    """Add a LoRA to the weights for good, tensor by tensor: computed in float32, rounded once to the weights' dtype.

    Raises CheckpointError, before anything is written, where the LoRA is for another model or a weight that it changes
    is quantised already; and at the first weight that would not be finite any more, when others are written.
    """
    weights = require_fit(transformer, lora, [f"{module}.weight" for module in lora.adapters])
    for module, adapter in lora.adapters.items():
        weight = weights[f"{module}.weight"]
        down, up = adapter.read(weight.device, torch.float32)
        merged = torch.addmm(weight.flatten(1).float(), up, down, alpha=strength * adapter.scale)
        _write(weight, merged.view_as(weight), lora, f"{module}.weight")
    for key, stored in lora.deltas.items():
        weight = weights[key]
        changed = torch.add(weight.float(), read(stored, weight.device, torch.float32), alpha=strength)
        _write(weight, changed, lora, key)


def _write(weight: Tensor, changed: Tensor, lora: Lora, key: str) -> None:
    rounded = changed.to(weight.dtype)
    if not all_finite(rounded):
        raise CheckpointError(f"LoRA {lora.name} makes {key} too large for {weight.dtype}; leave it out")
    weight.copy_(rounded)


def read(stored: LazyTensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A tensor of the file, where and as it is wanted. CheckpointError where it is not finite there."""
    out = torch.empty(stored.shape, dtype=dtype, device=device)
    stored.copy_to(out)
    return out


def require_fit(transformer: CausalWan, lora: Lora, written: Iterable[str] = ()) -> dict[str, Tensor]:
    """The transformer's weights, all that the LoRA changes among them and of its sizes.

    written: weights that will be written, so that they must not be quantised; those of `deltas` always are. Raises
    CheckpointError otherwise.
    """
    weights = transformer.state_dict()
    sizes = {f"{name}.weight": adapter.size for name, adapter in lora.adapters.items()}
    wrong = [
        f"{key} {size}" for key, size in sizes.items() if key not in weights or weights[key].flatten(1).shape != size
    ]
    wrong += [
        f"{key} {stored.shape}"
        for key, stored in lora.deltas.items()
        if key not in weights or weights[key].shape != stored.shape
    ]
    if wrong:
        raise CheckpointError(
            f"LoRA {lora.name} changes {len(wrong)} weights that this model does not have in that size (first: "
            f"{wrong[:SHOWN]}); read it for this model's architecture"
        )
    quantised = [key for key in (*written, *lora.deltas) if not weights[key].is_floating_point()]
    if quantised:
        raise CheckpointError(
            f"LoRA {lora.name} cannot be added to {len(quantised)} weights that are quantised already (first: "
            f"{quantised[:SHOWN]}); merge it before quantising (one that is low-rank only may also be used live)"
        )
    return weights


Parts = dict[str, dict[str, LazyTensor]]
"""The tensors of a file by module and role (`keys.ROLES`)."""


@dataclass
class _Contents:
    """A file's keys, sorted."""

    parts: Parts = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    """Each module as the file spells it."""
    unknown: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What is the matter with the known ones, in words."""


def _sort(weights: Weights, modules: Modules) -> _Contents:
    contents = _Contents()
    for key, stored in weights.tensors.items():
        spelled, role = split(key) or ("", "")
        module = modules.find(spelled)
        if module is None:
            contents.unknown.append(key)
        elif role in contents.parts.setdefault(module, {}):
            contents.wrong.append(f"{key} says again what another key says of {module}")
        else:
            contents.parts[module][role] = stored
            contents.spelled[module] = spelled
    return contents


def _deltas(parts: Parts) -> Iterator[tuple[str, LazyTensor]]:
    for module, roles in parts.items():
        for role in ("weight", "bias", "modulation"):
            if role in roles:
                yield f"{module}.{role}", roles[role]


def _misfits(parts: Parts, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """What does not fit the model, in words."""
    for key, stored in _deltas(parts):
        if stored.shape != shapes.get(key):
            yield f"{key}: change {stored.shape}, expected {shapes.get(key, 'no such parameter')}"
    for module, roles in parts.items():
        low = sorted(roles.keys() & {"down", "up", "alpha"})
        expected = shapes.get(f"{module}.weight", ())
        whole = [role for role in roles if role != "alpha" and not roles[role].dtype.is_floating_point]
        if whole:
            yield f"{module}: {whole[0]} in {roles[whole[0]].dtype}, expected floating point"
        if not low:
            continue
        if not {"down", "up"} <= roles.keys():
            yield f"{module}: {' and '.join(low)} only, expected down and up"
        elif len(expected) < 2:
            yield f"{module}: a low-rank change, expected of linear layers and convolutions only"
        elif not _fits(roles, expected):
            found = ", ".join(f"{role} {roles[role].shape}" for role in low)
            inner = math.prod(expected[1:])
            yield (
                f"{module}: {found}, expected down (rank, {inner}), up ({expected[0]}, rank), alpha one number, a rank "
                f"of at most {_largest_rank(expected)}"
            )


def _fits(roles: Mapping[str, LazyTensor], expected: tuple[int, ...]) -> bool:
    down, up = roles["down"].shape, roles["up"].shape
    if len(down) < 2 or len(up) < 2 or ("alpha" in roles and math.prod(roles["alpha"].shape) != 1):
        return False
    rank = down[0]
    return (
        0 < rank <= _largest_rank(expected)
        and math.prod(down[1:]) == math.prod(expected[1:])
        and (up[0], math.prod(up[1:])) == (expected[0], rank)
    )


def _largest_rank(shape: tuple[int, ...]) -> int:
    return max(shape[0], math.prod(shape[1:]), RANK_OF_ANY_LAYER)


def _adapter(roles: Mapping[str, LazyTensor], spelled: str, settings: Settings) -> Adapter:
    down, up = roles["down"], roles["up"]
    rank = down.shape[0]
    if "alpha" in roles:
        return Adapter(down, up, float(roles["alpha"].read().double()) / rank)
    return Adapter(down, up, settings.scale(spelled, rank))


def _is_sensible(scale: float) -> bool:
    return SMALLEST_SCALE <= abs(scale) <= LARGEST_SCALE


def _complaint(weights: Weights, contents: _Contents, dim: int) -> str:
    """All that is the matter with a file. dim: the model's width."""
    unknown, wrong = contents.unknown, contents.wrong
    says = [f"{weights.path} is no LoRA for this model"]
    if unknown:
        says.append(f"{len(unknown)} keys are not known (first: {unknown[:SHOWN]})")
    if wrong:
        says.append(f"{len(wrong)} do not fit (first: {wrong[:SHOWN]})")
    width = _width(contents.parts)
    if width is not None and width != dim:
        kind = next((f"Wan {name}" for name, known in KNOWN.items() if known.dim == width), "another model")
        says.append(f"it looks like one for {kind}, {width} wide, where this model is {dim} wide")
    says += [words for pattern, words in FOREIGN if any(pattern.search(key) for key in unknown)]
    if not contents.parts and (layout := recognise(weights)) is not None:
        says.append(f"it looks like {layout}")
    if unknown:
        says.append(f"the key styles that are known: {', '.join(STYLES)}")
    return "; ".join(says)


def _width(parts: Parts) -> int | None:
    """The width of the model that a LoRA was made for, by what its queries, keys and values read."""
    for module, roles in parts.items():
        if re.search(r"self_attn\.[qkv]$", module) and "down" in roles:
            return math.prod(roles["down"].shape[1:])
    return None
