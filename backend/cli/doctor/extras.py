"""What reads and writes video files, and the packages that a user may add."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, util

from .finding import REDISTRIBUTABLE, Finding, fault, install, joined, note, ok, set_up

ENCODER, DECODER = "libx264", "h264"
N_EDITION = "https://support.microsoft.com/windows/media-feature-pack"


@dataclass(frozen=True)
class Extra:
    """A package that is not installed with the program. platform: where it applies, "" for everywhere."""

    name: str
    module: str
    package: str
    does: str
    platform: str = ""


EXTRAS = (
    Extra("NDI", "cyndilib", "cyndilib==0.1.3", "ndi:NAME as source and sink"),
    Extra("Syphon", "syphon", "syphon-python==0.1.1", "syphon:NAME as source and sink", "darwin"),
    Extra("Virtual camera", "pyvirtualcam", "pyvirtualcam==0.15.0", "vcam: as a sink (it is under the GPL)"),
    Extra("Ableton Link", "aalink", "aalink", "the beat of other programs (it is under the GPL)"),
    Extra("RAFT", "torchvision", "torchvision", "--flow raft, in the version that belongs to this PyTorch"),
    Extra("YOLO", "ultralytics", "ultralytics", "--detector yolo (it is under the AGPL-3.0)"),
)


def extra(wanted: Extra, has: Callable[[str], bool]) -> Finding:
    """Tell whether a package is here, and how it comes here. Its absence is no fault."""
    if has(wanted.module):
        return ok(wanted.name, f"The package {wanted.module} is installed: {wanted.does}.")
    return note(
        wanted.name,
        f"The package {wanted.module} is not installed; it is for {wanted.does}.",
        f"If wanted: {install(wanted.package)}",
    )


def midi(inputs: list[str], error: str) -> Finding:
    """Tell which MIDI inputs there are. error: why MIDI cannot be used at all."""
    if error:
        return note("MIDI", f"{error[:1].upper()}{error[1:]}.")
    if not inputs:
        return note("MIDI", "It works, and no input is plugged in.")
    return ok("MIDI", f"There is {joined(inputs)}.")


def codecs(has_encoder: bool, has_decoder: bool, error: str, platform: str = sys.platform) -> Finding:
    """Check that video files can be read and written. error: why PyAV or OpenCV cannot be imported."""
    name = "Video files"
    if error and platform == "win32":
        fix = (
            "Install the Visual C++ redistributable, and on an N edition of Windows the media feature pack: "
            f"{REDISTRIBUTABLE} and {N_EDITION}"
        )
        return fault(name, f"What reads them cannot be loaded: {error.rstrip('.')}.", fix)
    if error:
        return fault(name, f"What reads them cannot be loaded: {error.rstrip('.')}.", f"Run: {set_up()}")
    missing = [word for word, there in (("written", has_encoder), ("read", has_decoder)) if not there]
    if missing:
        found = f"This PyAV was built without H.264, so files cannot be {joined(missing)}."
        return fault(
            name, found, f"Take the one from PyPI: {install('--force-reinstall --no-deps --only-binary av av')}"
        )
    return ok(name, f"H.264 is read and written ({ENCODER}).")


def check_codecs() -> Finding:
    """Check PyAV's own FFmpeg; another on this machine is not used."""
    try:
        import_module("cv2")
        av = import_module("av")
    except (ImportError, OSError) as reason:
        return codecs(False, False, str(reason))
    return codecs(_has(av, ENCODER, "w"), _has(av, DECODER, "r"), "")


def _has(av: object, codec: str, mode: str) -> bool:
    try:
        av.codec.Codec(codec, mode)  # type: ignore[attr-defined]
    except ValueError:
        return False
    return True


def check_midi() -> Finding:
    """Ask for the MIDI inputs of this machine."""
    from bridge.control.midi_input import port_names
    from bridge.errors import BridgeError

    try:
        return midi(port_names(), "")
    except BridgeError as reason:
        return midi([], str(reason))


def check_extras() -> list[Finding]:
    """Look for each package that may be added, without importing it."""
    wanted = [row for row in EXTRAS if row.platform in ("", sys.platform)]
    return [extra(row, lambda module: util.find_spec(module) is not None) for row in wanted]
