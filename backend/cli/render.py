"""`render`: from file to file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .control_options import RENDER_ROWS, add_control_options, control_values
from .model_options import add_model_options, model_options
from .options import DONE, add_size_options, check_positive


def add_render(parser: argparse.ArgumentParser) -> None:
    """The options of `render`."""
    parser.set_defaults(command=render)
    parser.add_argument("input", metavar="IN", help="a video file")
    parser.add_argument("output", metavar="OUT", help="an .mp4 to write")
    parser.add_argument("--frames", type=int, help="no more than the first so many")
    add_model_options(parser)
    add_size_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")
    parser.add_argument("--verbose", action="store_true", help="log more")
    add_control_options(parser, RENDER_ROWS)


def render(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """File to file."""
    from ..offline.render import RenderOptions, render_file

    check_positive(options, parser, "width", "height", "frames")
    model, strengths = model_options(options, parser)
    figures = render_file(
        RenderOptions(
            source=Path(options.input.removeprefix("file:")),
            target=Path(options.output.removeprefix("file:")),
            model=model,
            height=options.height,
            width=options.width,
            frames=options.frames,
            values=strengths | control_values(options, parser, RENDER_ROWS),
        )
    )
    if options.json:
        print(json.dumps(figures))
    return DONE
