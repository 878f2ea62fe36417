"""`evaluate`: whether outputs follow what they are asked for."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..controls.table import TABLE
from .model_options import add_model_options, model_options
from .options import DONE

if TYPE_CHECKING:
    from vace_core.model import Model

    from ..engine.options import ModelOptions

MODE = next(row for row in TABLE if row.address == "/vace/reference/mode")
PICTURE = ".jpg"


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    parser.set_defaults(command=run)
    add_model_options(parser)
    parser.add_argument("--quick", action="store_true", help="the same measures, smaller, in less than two minutes")
    doc = "a real clip that is measured besides the bundled one; may be given several times"
    parser.add_argument("--clip", type=Path, metavar="FILE", action="append", default=[], help=doc)
    parser.add_argument("--only", metavar="NAME,NAME", help="these measures (default: all), as --json names them")
    doc = f"how references are shown (default: {MODE.default})"
    parser.add_argument("--reference-mode", choices=MODE.choices, default=MODE.default, help=doc)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")
    parser.add_argument(
        "--markdown", type=Path, metavar="PATH", help="write the page of the docs there, and a sheet of pictures beside"
    )


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Figures to the log as they are measured; at the end one JSON object, or a page, if that is wanted."""
    from ..measure.evaluate.run import evaluate, known_measures
    from ..measure.evaluate.trial import FULL, QUICK, Trial

    chosen, strengths = model_options(options, parser)
    try:
        only = known_measures(options.only) if options.only else ()
    except ValueError as error:
        parser.error(f"--only: {error}")
    if options.markdown is not None and not options.markdown.parent.is_dir():
        parser.error(f"--markdown: there is no folder {options.markdown.parent}; make it first")
    missing = [str(path) for path in options.clip if not path.is_file()]
    if missing:
        parser.error(f"--clip: there is no file {missing[0]}")
    model, scope = _load(chosen, tuple(strengths.values())), QUICK if options.quick else FULL
    trial = Trial(model, scope, reference_mode=options.reference_mode, files=options.clip)
    figures = list(evaluate(trial, only))
    if options.json:
        print(json.dumps({figure.name: figure.row() for figure in figures}))
    if options.markdown is not None:
        from ..measure.evaluate.report import page, write_sheet

        sheet = options.markdown.with_suffix(PICTURE)
        options.markdown.write_text(page(figures, trial, sheet.name), encoding="utf-8")
        write_sheet(trial, sheet)
    return DONE


def _load(chosen: ModelOptions, strengths: tuple[object, ...]) -> Model:
    from vace_core.checkpoints.store import Store
    from vace_core.load import load

    from ..engine.load import chosen_device
    from ..models.folders import model_folders

    model = load(chosen.preset(), chosen_device(chosen.device), Store(model_folders(chosen.models)), chosen.weights)
    if model.loras is not None:
        loras = model.loras.beginning_at([float(str(strength)) for strength in strengths])
        return replace(model, loras=loras)
    return model
