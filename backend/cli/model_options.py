"""The options of the commands that load a model: which one, and how."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

from vace_core.annotators.options import DEPTHS, DETECTORS, FLOWS, AnnotatorOptions
from vace_core.checkpoints.options import (
    ATTENTION,
    AUTOENCODERS,
    COMPILE,
    GRAPHS,
    KINDS,
    PRECISION,
    TEXT_DEVICES,
    LoadOptions,
    Quantise,
)
from vace_core.checkpoints.paths import expanded, is_file, is_folder
from vace_core.errors import CheckpointError

from ..controls.choices import LORAS
from ..engine.options import ModelOptions
from .options import add_device_option, add_pipeline_option, several_devices

PARTS = ("main", "context", "text")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Everything that `model_options` reads."""
    group = parser.add_argument_group("the model")
    add_pipeline_option(group)
    add_device_option(group)
    group.add_argument(
        "--models",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="look for weights here too; see `models`",
    )
    group.add_argument("--autoencoder", default=AUTOENCODERS[0], choices=AUTOENCODERS, help="of published pipelines")
    group.add_argument(
        "--lora",
        action="append",
        default=[],
        metavar="FILE[:STRENGTH]",
        help=f"up to {LORAS}, each with a strength that /vace/lora/1 and so on play while it runs (default 1)",
    )
    group.add_argument(
        "--merge-lora",
        action="append",
        default=[],
        metavar="FILE[:STRENGTH]",
        help="added to the weights at the start, at a strength that stays (default 1): any number, of any form",
    )
    group.add_argument(
        "--quantise",
        action="append",
        default=[],
        metavar="[PART=]KIND",
        help=f"{' or '.join(KINDS[1:])}, of one part ({', '.join(PARTS)}) or of all; may be given for each part; "
        "`doctor` says whether fp8 gains time here",
    )
    group.add_argument(
        "--precision",
        default=PRECISION[0],
        choices=PRECISION,
        help="what the bundled model multiplies in on a processor; auto: bfloat16 where the processor has it (default)",
    )
    group.add_argument(
        "--attention",
        default=ATTENTION[0],
        choices=ATTENTION,
        help="kernel; auto tries those that there are and takes the quickest that is right (default)",
    )
    group.add_argument(
        "--compile",
        default=COMPILE[0],
        choices=COMPILE,
        help="blocks and autoencoder, at the start; auto: on an NVIDIA GPU, where Triton is (default)",
    )
    group.add_argument(
        "--text-device", default=TEXT_DEVICES[-1], choices=TEXT_DEVICES, help="where prompts are encoded"
    )
    group.add_argument(
        "--graphs",
        default=GRAPHS[0],
        choices=GRAPHS,
        help="whether each network call is recorded as a CUDA graph and replayed (default: on an NVIDIA GPU; "
        "never with --devices)",
    )
    group.add_argument("--positions", choices=("absolute", "window"), help="in place of the pipeline's own")
    group.add_argument("--steps", choices=("warped", "raw"), help="in place of what the pipeline was trained with")
    group.add_argument(
        "--video-steps",
        choices=("full", "below"),
        help="where /vace/noise is below 1: all denoising steps, or those below that noise (default)",
    )
    group.add_argument(
        "--sparse-memory", type=int, default=0, metavar="N", help="memflow: each head attends to N remembered frames"
    )
    group.add_argument(
        "--stream-batch",
        action="store_true",
        help="streamdiffusion-v2: its steps as one batch, each on another chunk: more frames a second, a chunk later",
    )
    add_annotator_options(parser)


def add_annotator_options(parser: argparse.ArgumentParser) -> None:
    """Which networks make controls and masks; docs/reference/annotators.md says what each needs."""
    group = parser.add_argument_group("controls and masks made from the input")
    group.add_argument("--depth", default=DEPTHS[0], choices=DEPTHS, help="network (default: the bundled one)")
    group.add_argument("--flow", default=FLOWS[0], choices=FLOWS, help="method (default: OpenCV's, without weights)")
    group.add_argument("--detector", default=DETECTORS[0], choices=DETECTORS, help="of things, by class")


def model_options(
    options: argparse.Namespace, parser: argparse.ArgumentParser
) -> tuple[ModelOptions, dict[str, object]]:
    """What was chosen, and the LoRAs' first strengths as values of controls; a usage error for what makes no sense."""
    loras = [_lora("--lora", text, parser) for text in options.lora]
    if len(loras) > LORAS:
        parser.error(f"--lora may be given {LORAS} times, got {len(loras)}")
    chosen = ModelOptions(
        pipeline=options.pipeline,
        device=options.device,
        devices=several_devices(options, parser),
        models=tuple(options.models),
        weights=LoadOptions(
            autoencoder=options.autoencoder,
            loras=tuple(path for path, _ in loras),
            merged=tuple(_lora("--merge-lora", text, parser) for text in options.merge_lora),
            quantise=_quantise(options.quantise, parser),
            text_device=options.text_device,
            attention=options.attention,
            graphs=options.graphs,
            compile=options.compile,
            precision=options.precision,
        ),
        positions=options.positions or "",
        steps=options.steps or "",
        video_steps=options.video_steps or "",
        sparse=options.sparse_memory,
        stream_batch=options.stream_batch,
        annotators=AnnotatorOptions(options.depth, options.flow, options.detector),
    )
    try:
        chosen.preset()
    except ValueError as error:
        parser.error(str(error))
    return chosen, {f"/vace/lora/{n}": strength for n, (_, strength) in enumerate(loras, 1)}


def _lora(option: str, text: str, parser: argparse.ArgumentParser) -> tuple[Path, float]:
    """ "film.safetensors:0.8" -> its path and strength; a drive's colon is none."""
    path, _, strength = text.rpartition(":")
    try:
        chosen = (Path(path), float(strength)) if path else (Path(text), 1.0)
    except ValueError:
        chosen = (Path(text), 1.0)
    try:
        found = expanded(chosen[0])
    except CheckpointError as error:
        parser.error(f"{option} {text}: {error}")
    if not is_file(found) and not is_folder(found):
        parser.error(f"{option} {text}: there is no file {found}")
    if not math.isfinite(chosen[1]):
        parser.error(f"{option} {text}: the strength {chosen[1]} is no number, give one such as 0.8")
    return found, chosen[1]


def _quantise(given: list[str], parser: argparse.ArgumentParser) -> Quantise:
    """["int8", "text=fp8"] -> a kind for each part; later ones go before earlier ones."""
    chosen = Quantise()
    for text in given:
        part, _, kind = text.rpartition("=")
        if kind not in KINDS or part not in ("", *PARTS):
            parser.error(
                f"--quantise takes {', '.join(KINDS)}, or PART=KIND with PART one of {', '.join(PARTS)}, got {text!r}"
            )
        chosen = replace(chosen, **dict.fromkeys([part] if part else PARTS, kind))
    return chosen
