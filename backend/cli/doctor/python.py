"""Python itself, and whether the packages that are installed are those that the program was tested with."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable
from importlib import metadata

from .finding import ROOT, Finding, fault, joined, note, ok, set_up

OLDEST, NEWEST = (3, 11), (3, 14)
"""As in start.py, which must be readable without the program."""
PIN = re.compile(r"^([\w.-]+)==([\w.]+)(\s*;)?", re.MULTILINE)
NAMED = 4
"""So many packages are named; of more, how many there are."""


def python_version(version: tuple[int, int], bits: int) -> Finding:
    """Check the interpreter. A newer one may lack packages that have no wheels for it."""
    words = f"Python {version[0]}.{version[1]}"
    oldest, newest = (".".join(map(str, one)) for one in (OLDEST, NEWEST))
    command = "py -3.11 start.py" if sys.platform == "win32" else "python3.11 start.py"
    fix = f"Install Python 3.11, 64 bit, from python.org and run: {command}"
    if not OLDEST <= version <= NEWEST:
        return fault("Python", f"This is {words}; the program needs {oldest} to {newest}.", fix)
    if bits < 64:
        return fault("Python", f"This is {words} with {bits} bits; PyTorch needs 64.", fix)
    return ok("Python", f"{words} is one that every package has been made for.")


def packages(requirements: str, installed: Callable[[str], str | None]) -> Finding:
    """Check what is installed against the pins. requirements: the text of requirements.txt.

    Lines that are for some machines only are left out here; the checks of what they bring look at those.
    """
    pins = [(name, version) for name, version, marker in PIN.findall(requirements) if not marker]
    missing, other = [], []
    for name, version in pins:
        found = installed(name)
        if found is None:
            missing.append(name)
        elif found.partition("+")[0] != version:
            other.append(f"{name} {found} (tested with {version})")
    if missing:
        return fault("Packages", f"{_named(missing)} missing.", f"Run: {set_up()}")
    if other:
        return note("Packages", f"Another version than was tested: {joined(other[:NAMED])}.", f"Run: {set_up()}")
    return ok("Packages", f"All {len(pins)} are here, in the versions that were tested.")


def check_python() -> Finding:
    """Check the interpreter that runs this."""
    return python_version(sys.version_info[:2], int(platform.architecture()[0].removesuffix("bit")))


def check_packages() -> Finding:
    """Check the environment that this runs in. Raises OSError where requirements.txt is not there."""
    return packages((ROOT / "requirements.txt").read_text(encoding="utf-8"), installed_version)


def installed_version(name: str) -> str | None:
    """Return the version of a package that is installed, without importing it; None if it is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _named(names: list[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{joined(names)} {verb}" if len(names) <= NAMED else f"{len(names)} packages, {names[0]} among them, are"
