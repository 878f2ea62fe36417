"""LoRAs: small changes to a transformer's weights, read from a file of any usual form.

`lora.changes` says what the forms are, `lora.merging` adds one to the weights, and `lora.live` keeps them beside the
weights instead, with a strength that changes while a show runs.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..checkpoints.layouts import KNOWN, recognise
from ..checkpoints.lazy_tensor import LazyTensor
from ..checkpoints.weights import Weights, open_weights
from ..config import Architecture
from ..errors import CheckpointError
from ..transformer import CausalWan
from .building import change_of
from .changes import Adapter, Change
from .keys import STYLES, Modules, split
from .leftovers import IMAGE, IMAGE_CHANNELS, Leftovers, leftovers_of
from .settings import Settings, read_settings

log = logging.getLogger(__name__)

SHOWN = 10
"""Keys that an error names."""
SMALLEST_SCALE, LARGEST_SCALE = 1e-6, 1e3
"""Of alpha / rank, its sign aside: a smaller one changes nothing, a larger one leaves nothing of the model."""
PATCHES = "patch_embedding"


@dataclass(frozen=True)
class Lora:
    """What a file changes, by the names of `CausalWan`. Its numbers are read from the file when they are needed."""

    name: str
    adapters: Mapping[str, Change]
    """By module: "blocks.0.self_attn.q"."""
    deltas: Mapping[str, LazyTensor]
    """Whole changes by parameter ("blocks.0.norm3.bias"), each of its shape. Most LoRAs have none."""


def read_lora(path: Path, architecture: Architecture) -> Lora:
    """Read a LoRA for a transformer of this architecture, from safetensors or a torch file.

    Without alpha in the file, that of PEFT's adapter_config.json beside it or of diffusers' header counts, else the
    rank. What belongs to no part of this model is left out and told in the log, once. Raises CheckpointError naming
    all that does not fit the model, and where too little of the file is for it.
    """
    weights = open_weights(path)
    settings = read_settings(weights)
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in CausalWan(architecture).state_dict().items()}
    contents = _sort(weights, Modules(shapes))
    adapters = dict(_adapters(contents, shapes, settings))
    deltas = dict(_deltas(contents, adapters))
    contents.wrong.extend(_misfits(deltas, shapes))
    known = len(weights.tensors) - len(contents.unknown)
    blocks = {"blocks": architecture.layers, "vace_blocks": len(architecture.vace_layers)}
    leftovers = leftovers_of(contents.unknown, known, blocks)
    if leftovers.refused or contents.wrong or not contents.parts:
        raise CheckpointError(_complaint(weights, contents, leftovers, architecture))
    absurd = [f"{module} {one.scale:g}" for module, one in adapters.items() if not _is_sensible(one.scale)]
    if absurd:
        raise CheckpointError(
            f"{path}: alpha / rank of {len(absurd)} modules is 0, not finite or beyond all sense (first: "
            f"{absurd[:SHOWN]}), expected {SMALLEST_SCALE:g} to {LARGEST_SCALE:g}; correct alpha, or get the file again"
        )
    left_out = [*leftovers.left_out, *contents.of_images]
    if left_out:
        reasons = leftovers.reasons() + ([IMAGE] if contents.of_images and not leftovers.left_out else [])
        log.warning(
            "%s: %d of %d keys are left out (first: %s)%s; the rest is used",
            path, len(left_out), len(weights.tensors), left_out[:SHOWN], "".join(f"; {one}" for one in reasons),
        )  # fmt: skip
    return Lora(path.stem, adapters, deltas)


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
    of_images: list[str] = field(default_factory=list)
    """Keys of the patch embedding of an image-to-video model, which takes more channels."""


def _sort(weights: Weights, modules: Modules) -> _Contents:
    contents = _Contents()
    for key, stored in weights.tensors.items():
        spelled, role = split(key) or ("", "")
        module = modules.find(spelled)
        if module is None and role == "weight" and (found := modules.find_parameter(spelled)):
            module, role = found
        if module is None:
            contents.unknown.append(key)
        elif role in contents.parts.setdefault(module, {}):
            contents.wrong.append(f"{key} says again what another key says of {module}")
        else:
            contents.parts[module][role] = stored
            contents.spelled[module] = spelled
    if _takes_images(contents.parts.get(PATCHES, {})):
        contents.of_images = [key for key in weights.tensors if modules.find((split(key) or ("",))[0]) == PATCHES]
        del contents.parts[PATCHES]
    return contents


def _takes_images(roles: Mapping[str, LazyTensor]) -> bool:
    read = [roles[role].shape for role in ("down", "weight") if role in roles]
    return any(len(shape) > 1 and shape[1] == IMAGE_CHANNELS for shape in read)


def _adapters(
    contents: _Contents, shapes: Mapping[str, tuple[int, ...]], settings: Settings
) -> Iterator[tuple[str, Change]]:
    """What is wrong with one goes to `contents.wrong`."""
    for module, roles in contents.parts.items():
        whole = [role for role in roles if role != "alpha" and not roles[role].dtype.is_floating_point]
        if whole:
            contents.wrong.append(f"{module}: {whole[0]} in {roles[whole[0]].dtype}, expected floating point")
            continue
        try:
            change = change_of(roles, shapes.get(f"{module}.weight", ()), contents.spelled[module], settings)
        except CheckpointError:  # a number that is not finite, told by its key
            raise
        except ValueError as words:
            contents.wrong.append(f"{module}: {words}")
            continue
        if change is not None:
            yield module, change


def _deltas(contents: _Contents, adapters: Mapping[str, Change]) -> Iterator[tuple[str, LazyTensor]]:
    """Whole changes by parameter; a bias behind `up` is one, with the scale of the rest of it."""
    for module, roles in contents.parts.items():
        for role in ("weight", "bias", "modulation"):
            if role in roles:
                yield f"{module}.{role}", roles[role]
        if "up bias" in roles:
            change = adapters.get(module)
            if "bias" in roles or not isinstance(change, Adapter):
                contents.wrong.append(
                    f"{module}: a bias behind up, expected with down and up, and no other change of it"
                )
                continue
            stored = roles["up bias"]
            yield f"{module}.bias", LazyTensor.of(stored.read().float() * change.scale, stored.place)


def _misfits(deltas: Mapping[str, LazyTensor], shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """What of whole changes does not fit the model, in words."""
    for key, stored in deltas.items():
        if stored.shape != shapes.get(key):
            yield f"{key}: change {stored.shape}, expected {shapes.get(key, 'no such parameter')}"


def _is_sensible(scale: float) -> bool:
    return SMALLEST_SCALE <= abs(scale) <= LARGEST_SCALE


def _complaint(weights: Weights, contents: _Contents, leftovers: Leftovers, architecture: Architecture) -> str:
    """All that is the matter with a file."""
    unknown, wrong = leftovers.refused or leftovers.left_out, contents.wrong
    says = [f"{weights.path} is no LoRA for this model"]
    if unknown:
        says.append(f"{len(unknown)} keys are not known (first: {list(unknown[:SHOWN])})")
    if wrong:
        says.append(f"{len(wrong)} do not fit (first: {wrong[:SHOWN]})")
    width = _width(contents.parts)
    if width is not None and width != architecture.dim:
        says.append(
            f"it looks like one for {_named(width)}, where this model is {_named(architecture.dim)}: get one that was "
            "trained for that, or choose a pipeline of the other size"
        )
    says += leftovers.reasons()
    if not contents.parts and (layout := recognise(weights)) is not None:
        says.append(f"it looks like {layout}")
    if unknown:
        says.append(f"the key styles that are known: {', '.join(STYLES)}")
    return "; ".join(says)


def _named(width: int) -> str:
    kind = next((f"Wan {name}" for name, known in KNOWN.items() if known.dim == width), "another")
    return f"{kind}, {width} wide"


def _width(parts: Parts) -> int | None:
    """The width of the model that a LoRA was made for, by what its queries, keys and values read."""
    for module, roles in parts.items():
        if re.search(r"self_attn\.[qkv]$", module):
            for role in ("down", "hada_w1_b"):
                if role in roles:
                    return math.prod(roles[role].shape[1:])
    return None
