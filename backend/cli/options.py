"""Options that several commands have, and how their words are read."""

from __future__ import annotations

import argparse

from bridge.video.pace import FASTEST, SLOWEST
from vace_core.config import pipeline_names

from ..engine.options import devices_trouble
from ..imaging.fitting import FITS, rounded_size

DONE, FAILED, BROKEN = 0, 1, 3
"""Exit codes. 1: it could not begin or do what it was asked; 3: it had begun, and a fault of the program ended it. For
wrong usage argparse itself ends with 2."""
OSC = "127.0.0.1:9000"
"""Where a show hears OSC unless it is told otherwise."""


def add_pipeline_option(parser: argparse._ActionsContainer) -> None:
    """Which of the published pipelines, or the bundled one, makes the frames."""
    parser.add_argument("--pipeline", default="pocket", choices=pipeline_names())


def add_device_option(parser: argparse._ActionsContainer) -> None:
    """Where the model runs."""
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps; auto takes a GPU if there is one")


def add_devices_option(parser: argparse._ActionsContainer) -> None:
    """For the commands whose streams several devices can make together."""
    parser.add_argument(
        "--devices",
        default=(),
        type=lambda text: tuple(text.split(",")),
        metavar="A,B",
        help="in place of --device, several that make one stream together, such as cuda:0,cuda:1 (or cpu,cpu)",
    )


def several_devices(options: argparse.Namespace, parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """Those of --devices, none where a command does not take it; a usage error for what makes no sense."""
    devices = getattr(options, "devices", ())
    if devices and options.device != "auto":
        parser.error(f"--device {options.device} is one device and --devices are several; give one of the two")
    if devices and (trouble := devices_trouble(devices)):
        parser.error(f"--devices {','.join(devices)}: {trouble}")
    return devices


def add_size_options(parser: argparse.ArgumentParser) -> None:
    """The size of the frames that are made."""
    default = "the pipeline's, in the shape of an input that would lose a fifth"
    parser.add_argument("--width", type=int, help=f"pixels, a multiple of 16 (default: {default})")
    parser.add_argument("--height", type=int, help=f"pixels, a multiple of 16 (default: {default})")
    parser.add_argument(
        "--fit",
        default=FITS[0],
        choices=FITS,
        help="how an input of another shape is fitted: cut off, whole with black beside it, or out of shape",
    )


def host_and_port(text: str, parser: argparse.ArgumentParser, option: str) -> tuple[str, int] | None:
    """ "127.0.0.1:9000" -> ("127.0.0.1", 9000); "9000" is on 127.0.0.1; "off" -> None; else a usage error."""
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        parser.error(f"{option} takes HOST:PORT or off, got {text!r}; for example {option} {OSC}")
    return host.strip("[]") or "127.0.0.1", int(port)


def height_and_width(text: str, parser: argparse.ArgumentParser) -> tuple[int, int]:
    """ "128x192" -> (128, 192) pixels, rounded to multiples of 16; a usage error for what is no size."""
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        parser.error(f"--size takes HEIGHTxWIDTH, got {text!r}; for example --size 128x192")
    return rounded_size(int(height), int(width))


def check_fps(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """A usage error for a rate that no output can be shown at."""
    if options.fps is not None and not SLOWEST <= options.fps <= FASTEST:
        parser.error(
            f"--fps takes {SLOWEST:g} to {FASTEST:g} frames a second, got {options.fps:g}; for example --fps 30"
        )


def check_positive(options: argparse.Namespace, parser: argparse.ArgumentParser, *names: str) -> None:
    """A usage error for the first of these options that is given and not more than 0."""
    for name in names:
        value = getattr(options, name)
        if value is not None and not value > 0:
            parser.error(f"--{name} must be more than 0, got {value:g}")
