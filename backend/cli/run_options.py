"""The options of `run`, and the settled ones that a show is opened with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from bridge.control.dmx.receiver import DmxWanted
from bridge.control.media_folders import MediaFolders
from bridge.errors import BridgeError
from bridge.web.access import Network, network
from bridge.web.hosts import is_loopback
from bridge.web.token import Token, checked

from ..models.folders import DATA_FOLDER
from ..runtime.program_name import DEFAULT, check_name
from .control_options import RUN_ROWS, add_control_options, control_values
from .model_options import add_model_options, model_options
from .options import OSC, add_devices_option, add_size_options, check_fps, check_positive, host_and_port

if TYPE_CHECKING:
    from ..front.options import RunOptions
    from ..steering.steering import SteeringOptions

CLIP = Path(__file__).parents[1] / "clips" / "cup.mp4"
BUNDLED = f"file:{CLIP}"
HOSTS = "spout:NAME | touch:NAME | syphon:NAME | ndi:NAME | shm:NAME"
OSCQUERY = "127.0.0.1:9001"
PANEL = "127.0.0.1:8080"
SHORTEST_TOKEN = 8


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declare them, in the order in which --help lists them."""
    parser.add_argument(
        "--source",
        default=BUNDLED,
        help=f"testcard: | file:PATH | camera:N | {HOSTS} (default: a bundled clip)",
    )
    parser.add_argument(
        "--sink",
        action="append",
        default=[],
        help=f"window: | screen:N | file:PATH | {HOSTS} | vcam: | null: ; may be given several times",
    )
    for name, shown in (("control", "control video"), ("mask", "mask")):
        parser.add_argument(
            f"--{name}-sink",
            action="append",
            default=[],
            metavar="SINK",
            help=f"where the {shown} goes, in step with the output; may be given several times",
        )
    parser.add_argument(
        "--tour",
        action=argparse.BooleanOptionalAction,
        help="another look and control every few seconds, until you change one (default: for the bundled clip alone)",
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
    parser.add_argument(
        "--osc-token",
        metavar="TEXT",
        help="who sends /vace/token TEXT first may steer from other machines, too; keep it secret",
    )
    parser.add_argument(
        "--media",
        action="append",
        default=[],
        type=Path,
        metavar="FOLDER",
        help="a folder whose pictures and videos may be named from other machines; may be given several times",
    )
    parser.add_argument("--panel", default=PANEL, metavar="HOST:PORT", help=f"default {PANEL}; off for none")
    parser.add_argument(
        "--panel-token",
        metavar="TEXT",
        help="what other machines must know to use the page and OSCQuery, where these listen beyond this one "
        "(default: a new one at each start, which is printed)",
    )
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
    parser.add_argument(
        "--restore",
        nargs="?",
        choices=("look", "all"),
        const="look",
        default="no",
        help="begin with the values that the last run had; all: also with its source, blackout and the like, and "
        "before those of other options, as if it had not ended",
    )
    parser.add_argument(
        "--name",
        default=DEFAULT,
        help=f"of this program beside others on this machine, for what it keeps and its log (default {DEFAULT})",
    )
    parser.add_argument("--log", metavar="FILE", help="log into this file too (default: in your log folder); or off")
    parser.add_argument("--supervise", action="store_true", help="start the show again, as it was, whenever it dies")
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end when standard input does, with the program that feeds it"
    )
    add_model_options(parser)
    add_devices_option(parser)
    add_size_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")
    parser.add_argument("--verbose", action="store_true", help="log more")
    add_control_options(parser, RUN_ROWS)


def log_file(options: argparse.Namespace) -> Path | None:
    """Where the log goes besides the terminal; None for nowhere."""
    if options.log == "off":
        return None
    return Path(options.log or platformdirs.user_log_path(DATA_FOLDER, appauthor=False) / f"{options.name}.log")


def run_options(options: argparse.Namespace, parser: argparse.ArgumentParser) -> RunOptions:
    """The options of `run` as the front takes them; ends with a usage error for what makes no sense."""
    from ..front.options import RunOptions

    check_positive(options, parser, "width", "height", "seconds")
    check_fps(options, parser)
    try:
        check_name(options.name)
    except ValueError as error:
        parser.error(f"--name: {error}")
    if options.osc == "off" and options.osc_tcp != "off":
        parser.error("--osc-tcp goes with OSC by UDP; leave out --osc off")
    model, strengths = model_options(options, parser)
    values = strengths | control_values(options, parser, RUN_ROWS)
    untouched = options.source == BUNDLED and not values and options.restore == "no"
    return RunOptions(
        source=options.source,
        sinks=tuple(options.sink),
        control_sinks=tuple(options.control_sink),
        mask_sinks=tuple(options.mask_sink),
        model=model,
        height=options.height,
        width=options.width,
        fps=options.fps,
        fit=options.fit,
        panel=host_and_port(options.panel, parser, "--panel"),
        steering=_steering_options(options, parser),
        restore=options.restore,
        values=values,
        recordings=options.recordings,
        verbose=options.verbose,
        tour=untouched if options.tour is None else options.tour,
    )


def _steering_options(options: argparse.Namespace, parser: argparse.ArgumentParser) -> SteeringOptions:
    from ..steering.steering import SteeringOptions

    oscquery = options.oscquery or ("off" if options.osc == "off" else OSCQUERY)
    return SteeringOptions(
        osc=host_and_port(options.osc, parser, "--osc"),
        osc_tcp=host_and_port(options.osc_tcp, parser, "--osc-tcp"),
        osc_allow=tuple(_network(text, parser) for text in options.osc_allow),
        osc_token=_token(options, parser),
        media=_media(options, parser),
        oscquery=host_and_port(oscquery, parser, "--oscquery"),
        midi=tuple(options.midi),
        dmx=_dmx(options, parser),
        dmx_patch=options.dmx_patch,
        presets=_presets_file(options, parser),
        token=_web_token(options, parser, oscquery),
        name=options.name,
    )


def _web_token(options: argparse.Namespace, parser: argparse.ArgumentParser, oscquery: str) -> Token | None:
    """What other machines have to know; None where nothing that asks for it listens to them."""
    addresses = (host_and_port(options.panel, parser, "--panel"), host_and_port(oscquery, parser, "--oscquery"))
    beyond = any(address is not None and not is_loopback(address[0]) for address in addresses)
    try:
        if options.panel_token is not None:
            return Token(checked(options.panel_token))
        return Token.fresh() if beyond else None
    except ValueError as error:
        parser.error(f"--panel-token: {error}")


def _network(text: str, parser: argparse.ArgumentParser) -> Network:
    try:
        return network(text)
    except ValueError as error:
        parser.error(f"--osc-allow: {error}")


def _token(options: argparse.Namespace, parser: argparse.ArgumentParser) -> str | None:
    if options.osc_token is not None and len(options.osc_token) < SHORTEST_TOKEN:
        parser.error(f"--osc-token takes {SHORTEST_TOKEN} characters or more, so that nobody guesses it")
    return options.osc_token


def _media(options: argparse.Namespace, parser: argparse.ArgumentParser) -> tuple[Path, ...]:
    try:
        MediaFolders(options.media)
    except ValueError as error:
        parser.error(str(error))
    return tuple(options.media)


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
        if options.restore == "look":
            parser.error("--restore needs the file that --presets names, got off")
        return None
    if options.presets:
        return Path(options.presets)
    return platformdirs.user_data_path(DATA_FOLDER, appauthor=False) / "presets.json"
