"""The command line: `python -m backend COMMAND`. Exit codes: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from bridge.control.dmx.receiver import DmxWanted
from bridge.control.parameters import Control, ControlError
from bridge.video.protocol import BridgeError
from bridge.web.access import Network, network

from ..controls.settings import field_of
from ..controls.table import LIVE_ONLY, TABLE, markdown
from ..engine.options import add_model_options, add_pipeline_option, model_options
from ..imaging.fitting import rounded_size
from ..models.folders import DATA_FOLDER
from ..runtime.plugins import register_video
from .doctor.command import add_doctor
from .evaluate import add_evaluate
from .models import add_models
from .status_line import StatusLine

if TYPE_CHECKING:
    from ..front.front import RunOptions
    from ..steering.steering import SteeringOptions

CLIP = Path(__file__).parents[1] / "clips" / "cup.mp4"
OWN_OPTIONS = ("/vace/source", "/vace/lora/")
"""How the addresses begin of controls that have an option of their own."""
RUN_ROWS = [row for row in TABLE if not row.address.startswith(OWN_OPTIONS)]
HOSTS = "spout:NAME | touch:NAME | syphon:NAME | ndi:NAME | shm:NAME"
OSC = "127.0.0.1:9000"
OSCQUERY = "127.0.0.1:9001"
PANEL = "127.0.0.1:8080"
RENDER_ROWS = [row for row in RUN_ROWS if row.acts != "at once" and not row.address.startswith(LIVE_ONLY)]
DONE, FAILED, USAGE = 0, 1, 2
STDIN = 0


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. argparse itself exits with 2 for what it can't read."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    verbose = getattr(options, "verbose", False)
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format="%(message)s", stream=sys.stderr)
    register_video()
    try:
        return options.command(options, parser)
    except (BridgeError, ValueError, OSError) as error:
        print(f"vace: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("vace: stopped; what was written is whole up to here", file=sys.stderr)
        return FAILED


def console() -> int:
    """The command `vace-live` of an editable installation."""
    return main(sys.argv[1:])


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend", description="VACE Live")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="the live program"))
    _add_render(commands.add_parser("render", help="the same, from file to file, offline"))
    _add_bench(commands.add_parser("bench", help="measure this machine, side by side with a plain path"))
    add_evaluate(commands.add_parser("evaluate", help="whether outputs follow what they are asked for, in figures"))
    _add_soak(commands.add_parser("soak", help="a badly behaved host, for minutes or hours, and what it broke"))
    _add_controls(commands.add_parser("controls", help="the table of controls"))
    _add_layouts(commands.add_parser("layouts", help="surfaces for TouchOSC and Open Stage Control"))
    add_doctor(commands.add_parser("doctor", help="what is wrong with this machine, and what mends it"))
    add_models(commands.add_parser("models", help="published weights: list, download, verify"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=run)
    parser.add_argument(
        "--source",
        default=f"file:{CLIP}",
        help=f"testcard: | file:PATH | camera:N | {HOSTS} (default: a bundled clip)",
    )
    parser.add_argument(
        "--sink", action="append", default=[], help=f"file:PATH | {HOSTS} | null: ; may be given several times"
    )
    for name, shown in (("control", "control video"), ("mask", "mask")):
        parser.add_argument(
            f"--{name}-sink",
            action="append",
            default=[],
            metavar="SINK",
            help=f"where the {shown} goes, in step with the output; may be given several times",
        )
    parser.add_argument("--fps", type=float, help="frames out per second (default: the source's rate)")
    parser.add_argument("--osc", default=OSC, metavar="HOST:PORT", help=f"default {OSC}; off for none")
    parser.add_argument(
        "--oscquery", metavar="HOST:PORT", help=f"default {OSCQUERY}, or off where --osc is off; off for none"
    )
    parser.add_argument("--osc-tcp", default="off", metavar="HOST:PORT", help="OSC by TCP too (default off)")
    parser.add_argument(
        "--osc-allow",
        action="append",
        default=[],
        metavar="CIDR",
        help="who may steer from other machines, 192.168.1.0/24 or 192.168.1.7; may be given several times",
    )
    parser.add_argument("--panel", default=PANEL, metavar="HOST:PORT", help=f"default {PANEL}; off for none")
    parser.add_argument("--recordings", type=Path, default=Path("recordings"), help="folder that /vace/record fills")
    parser.add_argument(
        "--midi", action="append", default=[], metavar="PORT", help="a MIDI input, by part of its name; may be repeated"
    )
    desk = parser.add_mutually_exclusive_group()
    for protocol, name in (("sacn", "sACN (E1.31)"), ("artnet", "Art-Net")):
        doc = f"a universe of a lighting desk by {name}, on an address of this machine (default 127.0.0.1)"
        desk.add_argument(f"--{protocol}", metavar="UNIVERSE[@ADDRESS]", help=doc)
    parser.add_argument("--dmx-patch", type=Path, metavar="FILE", help='which channel sets what: {"1": "/vace/scale"}')
    parser.add_argument("--presets", metavar="FILE", help="where they are kept (default: your data folder); or off")
    parser.add_argument("--restore", action="store_true", help="begin with the values that the last run had")
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end when standard input does, with the program that feeds it"
    )
    _add_common(parser)
    add_control_options(parser, RUN_ROWS)


def _add_render(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=render)
    parser.add_argument("input", metavar="IN", help="a video file")
    parser.add_argument("output", metavar="OUT", help="an .mp4 to write")
    parser.add_argument("--negative", default="", help="used by pipelines with guidance only; none of these has any")
    parser.add_argument("--frames", type=int, help="no more than the first so many")
    _add_common(parser)
    add_control_options(parser, RENDER_ROWS)


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("--width", type=int, help="pixels, a multiple of 16 (default: the pipeline's)")
    parser.add_argument("--height", type=int, help="pixels, a multiple of 16 (default: the pipeline's)")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")
    parser.add_argument("--verbose", action="store_true", help="log more")


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=bench)
    add_pipeline_option(parser)
    parser.add_argument("--random-weights", action="store_true", help="at full size without the checkpoint")
    parser.add_argument("--size", metavar="HxW", help="pixels, multiples of 16 (default: the pipeline's)")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps; auto takes a GPU if there is one")
    parser.add_argument("--quick", action="store_true", help="the same measures, smaller, in about a minute and a half")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the rows")


def _add_soak(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=soak)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--chaos", action="store_true", help="kill the engine and send rubbish by OSC, too")
    parser.add_argument("--seed", type=int, default=0, help="the same seed has the same whims")
    add_pipeline_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")


def _add_controls(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=controls)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--markdown", action="store_true", help="as it stands in the docs")


def _add_layouts(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=layouts)
    parser.add_argument("directory", metavar="DIR", help="where to write them; made if it is not there")
    parser.add_argument(
        "--osc", default=OSC, metavar="HOST:PORT", help=f"where Open Stage Control sends to (default {OSC})"
    )


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """The live program, until Ctrl-C or for --seconds."""
    from ..front.front import Front

    settled = run_options(options, parser)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    if options.until_stdin_ends:
        threading.Thread(target=_wait_for_end_of_stdin, args=(stop,), daemon=True).start()
    with Front(settled) as front:
        if front.panel_url:
            print(f"panel: {front.panel_url}", file=sys.stderr)
        with StatusLine(front.status, sys.stderr):
            front.wait(options.seconds, stop)
    if options.json:
        print(json.dumps(front.status()))
    if front.failure:
        print(f"vace: {front.failure}", file=sys.stderr)
    return FAILED if front.failure else DONE


def _wait_for_end_of_stdin(stop: threading.Event) -> None:
    """Read past Python's own buffer: a thread that holds its lock at the interpreter's end brings that down."""
    with contextlib.suppress(OSError):  # it was closed already
        while os.read(STDIN, 1024):
            pass
    stop.set()


def run_options(options: argparse.Namespace, parser: argparse.ArgumentParser) -> RunOptions:
    """The options of `run` as the front takes them; ends with a usage error for what makes no sense."""
    from ..front.front import RunOptions

    _check_positive(options, parser, "fps", "width", "height", "seconds")
    if options.osc == "off" and options.osc_tcp != "off":
        parser.error("--osc-tcp goes with OSC by UDP; leave out --osc off")
    choice, strengths = model_options(options, parser)
    return RunOptions(
        source=options.source,
        sinks=tuple(options.sink),
        control_sinks=tuple(options.control_sink),
        mask_sinks=tuple(options.mask_sink),
        model=choice,
        height=options.height,
        width=options.width,
        fps=options.fps,
        panel=host_and_port(options.panel, parser, "--panel"),
        steering=_steering_options(options, parser),
        restore=options.restore,
        values=strengths | control_values(options, parser, RUN_ROWS),
        recordings=options.recordings,
        verbose=options.verbose,
    )


def _steering_options(options: argparse.Namespace, parser: argparse.ArgumentParser) -> SteeringOptions:
    from ..steering.steering import SteeringOptions

    oscquery = options.oscquery or ("off" if options.osc == "off" else OSCQUERY)
    return SteeringOptions(
        osc=host_and_port(options.osc, parser, "--osc"),
        osc_tcp=host_and_port(options.osc_tcp, parser, "--osc-tcp"),
        osc_allow=tuple(_network(text, parser) for text in options.osc_allow),
        oscquery=host_and_port(oscquery, parser, "--oscquery"),
        midi=tuple(options.midi),
        dmx=_dmx(options, parser),
        dmx_patch=options.dmx_patch,
        presets=_presets_file(options, parser),
    )


def render(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """File to file."""
    from ..offline.render import RenderOptions, render_file

    _check_positive(options, parser, "width", "height", "frames")
    if options.negative:
        print("vace: --negative has no effect: no pipeline here runs with guidance", file=sys.stderr)
    choice, strengths = model_options(options, parser)
    figures = render_file(
        RenderOptions(
            source=Path(options.input.removeprefix("file:")),
            target=Path(options.output.removeprefix("file:")),
            model=choice,
            height=options.height,
            width=options.width,
            frames=options.frames,
            values=strengths | control_values(options, parser, RENDER_ROWS),
        )
    )
    if options.json:
        print(json.dumps(figures))
    return DONE


def bench(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Rows as they are measured, or one JSON object at the end."""
    size = None if options.size is None else height_and_width(options.size, parser)
    from ..engine.load import chosen_device
    from ..measure.bench.run import BenchOptions, machine, measure

    device = chosen_device(options.device)
    rows = []
    for row in measure(BenchOptions(options.pipeline, options.random_weights, size, device, options.quick)):
        rows.append(row)
        print(", ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)
    if options.json:
        print(json.dumps({"machine": machine(), "rows": rows}))
    return DONE


def soak(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Exit code 1 if anything was lost."""
    from ..measure.soak.soak import soak as run_soak

    _check_positive(options, parser, "minutes")
    figures = run_soak(options.minutes, options.chaos, options.seed, options.pipeline)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items() if name != "lost"))
        print("\n".join(f"lost: {line}" for line in figures["lost"]) or "nothing was lost")
    return FAILED if figures["lost"] else DONE


def controls(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """The table, for a program, for the docs, or for a person."""
    if options.json:
        print(json.dumps({"controls": [row.describe() for row in TABLE]}))
    elif options.markdown:
        print(markdown())
    else:
        for row in TABLE:
            print(f"{row.address:22} {row.type:8} {row.doc}")
    return DONE


def layouts(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Write the surfaces, and say which files they are."""
    from bridge.layouts.files import write_layouts

    target = host_and_port(options.osc, parser, "--osc")
    if target is None:
        parser.error(f"layouts --osc takes HOST:PORT, got {options.osc!r}; for example --osc {OSC}")
    for path in write_layouts(TABLE, Path(options.directory), target):
        print(path)
    return DONE


def add_control_options(parser: argparse.ArgumentParser, rows: Iterable[Control]) -> None:
    """One option for every control that holds a value: /vace/mask/source is --mask-source (and --mask)."""
    group = parser.add_argument_group("first values of the controls")
    for row in rows:
        names = ["--" + field_of(row.address).replace("_", "-")]
        if row.address == "/vace/mask/source":
            names.append("--mask")
        if not row.holds:
            continue
        doc = row.doc.replace("%", "%%")
        if row.type == "bool":
            group.add_argument(*names, action=argparse.BooleanOptionalAction, default=None, help=doc)
        elif row.type == "strings":
            group.add_argument(*names, action="append", help=f"{doc} May be given several times.")
        else:
            group.add_argument(*names, metavar=row.type.upper(), help=doc)


def control_values(
    options: argparse.Namespace, parser: argparse.ArgumentParser, rows: Iterable[Control]
) -> dict[str, object]:
    """The controls' values as given, by address; a usage error for what a control can't take, a line for a clamp."""
    values: dict[str, object] = {}
    for row in rows:
        given = getattr(options, field_of(row.address), None)
        if given is None or not row.holds:
            continue
        try:
            accepted = row.accept(given)
        except ControlError as error:
            parser.error(str(error))
        if accepted.report:
            print(f"vace: {accepted.report}", file=sys.stderr)
        values[row.address] = accepted.value
    return values


def host_and_port(text: str, parser: argparse.ArgumentParser, option: str) -> tuple[str, int] | None:
    """ "127.0.0.1:9000" -> ("127.0.0.1", 9000); "9000" is on 127.0.0.1; "off" -> None."""
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        parser.error(f"{option} takes HOST:PORT or off, got {text!r}; for example {option} {OSC}")
    return host.strip("[]") or "127.0.0.1", int(port)


def _network(text: str, parser: argparse.ArgumentParser) -> Network:
    try:
        return network(text)
    except ValueError as error:
        parser.error(f"--osc-allow: {error}")


def _dmx(options: argparse.Namespace, parser: argparse.ArgumentParser) -> DmxWanted | None:
    if (options.sacn is None and options.artnet is None) != (options.dmx_patch is None):
        parser.error("--dmx-patch goes with --sacn or --artnet; give both or neither")
    try:
        if options.sacn is not None:
            return DmxWanted.parse("sacn", options.sacn)
        return None if options.artnet is None else DmxWanted.parse("artnet", options.artnet)
    except BridgeError as error:
        parser.error(str(error))


def _presets_file(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Path | None:
    if options.presets == "off":
        if options.restore:
            parser.error("--restore needs the file that --presets names, got off")
        return None
    if options.presets:
        return Path(options.presets)
    return platformdirs.user_data_path(DATA_FOLDER, appauthor=False) / "presets.json"


def height_and_width(text: str, parser: argparse.ArgumentParser) -> tuple[int, int]:
    """ "128x192" -> (128, 192), rounded to multiples of 16."""
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        parser.error(f"--size takes HEIGHTxWIDTH, got {text!r}; for example --size 128x192")
    return rounded_size(int(height), int(width))


def _check_positive(options: argparse.Namespace, parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        if value is not None and not value > 0:
            parser.error(f"--{name} must be more than 0, got {value:g}")
