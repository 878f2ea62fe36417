"""The generated part of docs/reference/pipelines.md: rules from the presets, sizes and licences from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass

import torch

from vace_core.checkpoints.catalogue import BF16, FILES, PUBLISHED, WeightFile, files_of
from vace_core.config import PIPELINES, Architecture, Pipeline
from vace_core.constants import PIXELS_PER_LATENT
from vace_core.memory import WindowMemory
from vace_core.transformer import CausalWan

from .progress import gigabytes

NOT_RULES = ("name", "architecture")


def markdown() -> str:
    """The tables, each under its heading."""
    presets = [PIPELINES[name] for name in PUBLISHED if name in PIPELINES]
    parts = (
        ("Rules", _rules(presets)),
        ("Sizes", _sizes(presets)),
        ("Licences and commands", _commands()),
        ("Files", _files()),
    )
    return "\n\n".join(f"## {title}\n\n{table}" for title, table in parts)


def _rules(presets: Sequence[Pipeline]) -> str:
    """One row for each field of a preset."""
    rows: dict[str, Callable[[Pipeline], str]] = {"transformer": lambda preset: _shape(preset.architecture)}
    for field in fields(Pipeline):
        if field.name not in NOT_RULES:
            rows[field.name.replace("_", " ")] = lambda preset, name=field.name: _value(getattr(preset, name))
    heads = ("", *(f"`{preset.name}`" for preset in presets))
    return _table(heads, ((title, *map(tell, presets)) for title, tell in rows.items()))


def _shape(architecture: Architecture) -> str:
    a = architecture
    return f"{a.layers} blocks of {a.dim}, {len(a.vace_layers)} context blocks"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_value(one) for one in value) or "-"
    if is_dataclass(value):
        return ", ".join(
            f"{field.name.replace('_', ' ')} {_value(getattr(value, field.name))}" for field in fields(value)
        )
    return "-" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


def _sizes(presets: Sequence[Pipeline]) -> str:
    """On disk by the catalogue; in memory from the sizes of weights and buffers, in bfloat16."""
    rows = []
    for preset in presets:
        files = files_of(preset.name)
        weights = BF16 * parameters(preset.architecture) + files["autoencoder"].size
        memory = memory_bytes(preset)
        rows.append(
            (
                f"`{preset.name}`",
                gigabytes(sum(file.size for file in files.values())),
                gigabytes(weights),
                f"{gigabytes(memory)} at {preset.height}x{preset.width}",
                gigabytes(weights + memory),
                gigabytes(files["text"].size),
            )
        )
    return _table(("", "to download", "weights", "what is remembered", "both", "text encoder"), rows)


def parameters(architecture: Architecture) -> int:
    """Of the transformer with its context blocks, counted in the module itself."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in CausalWan(architecture).parameters())


def memory_bytes(preset: Pipeline) -> int:
    """Of what a stream of the preset's size remembers between chunks, in bfloat16."""
    size = (preset.height // PIXELS_PER_LATENT, preset.width // PIXELS_PER_LATENT)
    memory = WindowMemory(preset.architecture, *size, preset)
    return memory.init_state(1, "meta", torch.bfloat16).nbytes()


def _commands() -> str:
    """By the weights that are the pipeline's own."""
    rows = []
    for name in PUBLISHED:
        base = files_of(name)["base"]
        consent = " --accept-licence" if base.restricted else ""
        download, run = f"models download {name}{consent}", f"run --pipeline {name}"
        rows.append((f"`{name}`", base.licence, f"`python start.py {download}`", f"`python start.py {run}`"))
    return _table(("", "licence of its own weights", "once", "then"), rows)


def _files() -> str:
    return _table(
        ("name", "what it holds", "where it is", "about", "licence", "known from"),
        (
            (
                f"`{file.name}`",
                file.holds or "the tokenizer",
                _place(file),
                f"{file.size:,} bytes" if file.exact else gigabytes(file.size),
                file.licence,
                file.known_from,
            )
            for file in FILES.values()
        ),
    )


def _place(file: WeightFile) -> str:
    mirrors = "".join(f", also in {mirror}" for mirror in file.repositories[1:])
    return f"{file.repository}: `{file.path}`{mirrors}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
