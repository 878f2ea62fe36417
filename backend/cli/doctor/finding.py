"""One thing that was looked at, and the commands that fixes are made of."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import backend

ROOT = Path(str(backend.__file__)).resolve().parents[1]
"""The folder that the program lies in, with start.py and .venv."""
REDISTRIBUTABLE = "https://aka.ms/vs/17/release/vc_redist.x64.exe"
"""Visual C++'s, which the DLLs of PyTorch, OpenCV and Spout need on Windows."""
State = Literal["ok", "fault", "note"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    A fault stops a show or spoils it, and its fix says what to do. A note is worth knowing and stops nothing; its fix
    says how to change it, or is empty.
    """

    name: str
    state: State
    found: str
    fix: str = ""


def ok(name: str, found: str) -> Finding:
    """Return the finding that nothing is to be done."""
    return Finding(name, "ok", found)


def note(name: str, found: str, fix: str = "") -> Finding:
    """Return a finding that is no fault."""
    return Finding(name, "note", found, fix)


def fault(name: str, found: str, fix: str) -> Finding:
    """Return the finding that something is broken, with what mends it."""
    return Finding(name, "fault", found, fix)


def pip(arguments: str, executable: str = sys.executable, root: Path = ROOT) -> str:
    """Return a command for the pip that installs beside this program; by start.py, if it runs in the .venv there."""
    if Path(executable).is_relative_to(root / ".venv"):
        return f"python start.py pip {arguments}"
    return f"{shlex.quote(executable)} -m pip {arguments}"


def install(package: str) -> str:
    """Return the command that installs a package beside this program."""
    return pip(f"install {package}")


def set_up(torch: str = "", platform: str = sys.platform) -> str:
    """Return the command that sets the program up again; torch: the build to take, "cuda" or "cpu"."""
    if not torch:
        return "python start.py doctor"
    if platform == "win32":
        return f'$env:VACE_TORCH="{torch}"; python start.py doctor (in PowerShell)'
    return f"VACE_TORCH={torch} python start.py doctor"


def gigabytes(size: float) -> str:
    """Return a number of bytes in words, such as "5.7 GB"."""
    return f"{size / 1e9:.1f} GB"


def joined(words: list[str]) -> str:
    """Return words as a sentence has them: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
