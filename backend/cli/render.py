"""`render`: from file to file."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from bridge.files import without_scheme

from .control_options import RENDER_ROWS, add_control_options, control_values
from .model_options import add_model_options, model_options
from .options import DONE, FAILED, add_devices_option, add_size_options, check_positive

ENDINGS = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""Signals that ask a program to end, where a system has them; Ctrl-C raises KeyboardInterrupt by itself."""


def add_render(parser: argparse.ArgumentParser) -> None:
    """The options of `render`."""
    parser.set_defaults(command=render)
    parser.add_argument("input", metavar="IN", help="a video file")
    parser.add_argument("output", metavar="OUT", help="an .mp4 to write")
    parser.add_argument("--audio", action="store_true", help="keep the sound of IN")
    parser.add_argument("--frames", type=int, help="no more than the first so many")
    add_model_options(parser)
    add_devices_option(parser)
    add_size_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")
    parser.add_argument("--verbose", action="store_true", help="log more")
    add_control_options(parser, RENDER_ROWS)


def render(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """File to file."""
    from ..offline.render import RenderOptions, render_file

    check_positive(options, parser, "width", "height", "frames")
    model, strengths = model_options(options, parser)
    wanted = RenderOptions(
        source=without_scheme(options.input),
        target=without_scheme(options.output),
        model=model,
        height=options.height,
        fit=options.fit,
        width=options.width,
        frames=options.frames,
        audio=options.audio,
        values=strengths | control_values(options, parser, RENDER_ROWS),
    )
    try:
        with _ended_by_signals():
            figures = render_file(wanted)
    except KeyboardInterrupt:
        print(f"vace: stopped; {wanted.target} was not written, and nothing is left of it", file=sys.stderr)
        return FAILED
    if options.json:
        print(json.dumps(figures))
    return DONE


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Be told to end by a signal as by Ctrl-C, so that what is unfinished is cleared away."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = [name for name in ENDINGS if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
