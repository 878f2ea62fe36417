"""`run`: the live program."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.video.ring import sweep_left_behind

from ..runtime.endings import on_end, when_stdin_ends
from ..runtime.logs import show_logging
from .options import BROKEN, DONE, FAILED
from .run_options import add_run_options, log_file, run_options
from .status_line import StatusLine

if TYPE_CHECKING:
    from ..front.options import RunOptions

log = logging.getLogger(__name__)


def add_run(parser: argparse.ArgumentParser) -> None:
    """`run` and its options."""
    parser.set_defaults(command=run)
    add_run_options(parser)


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """The live program, until Ctrl-C or for --seconds."""
    if options.supervise:  # `__main__` takes it before anything else is imported
        parser.error("--supervise can't be shortened; write it out")
    settled = run_options(options, parser)
    stop = threading.Event()
    closed = on_end(stop.set)
    if options.until_stdin_ends:
        when_stdin_ends(stop.set)
    try:
        with show_logging(log_file(options)) as path:
            return _show(replace(settled, log=path), options, stop)
    finally:
        closed()


def _show(settled: RunOptions, options: argparse.Namespace, stop: threading.Event) -> int:
    from ..front.build import open_front

    sweep_left_behind()
    with open_front(settled) as front:
        if front.panel_url:
            print(f"panel: {front.panel_url}", file=sys.stderr)
        oscquery = front.steering.oscquery and front.steering.oscquery.url_elsewhere
        for what, url in (("panel", front.panel_url_elsewhere), ("OSCQuery", oscquery)):
            if url:
                print(f"{what}, from other machines: {url}", file=sys.stderr)
        try:
            with StatusLine(front.status, sys.stderr):
                front.wait(options.seconds, stop)
        except Exception:  # whatever it is, what was begun is closed, and --supervise begins again
            log.exception("the show broke off")
            return BROKEN
    if options.json:
        print(json.dumps(front.status().as_dict() | {"events": front.events.as_list()}))
    if front.failure:
        print(f"vace: {front.failure}", file=sys.stderr)
    return FAILED if front.failure else DONE
