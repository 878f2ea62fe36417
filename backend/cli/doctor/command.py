"""The command `doctor`: it looks at everything, prints what it found, and exits with 1 if there is a fault."""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict

from .finding import Finding
from .report import text

DONE, FAILED = 0, 1


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Add the options of `doctor`."""
    parser.set_defaults(command=doctor)
    parser.add_argument("--json", action="store_true", help="print one JSON object with what was found")


def doctor(options: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Examine this machine. The exit code is 1 if anything is a fault; notes do not count."""
    from .checks import CHECKS, examine

    findings = examine(CHECKS)
    if options.json:
        print(json.dumps(described(findings)))
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a folder's name may have letters that a console has not
        print(text(findings, shutil.get_terminal_size((100, 24)).columns))
    return DONE if is_well(findings) else FAILED


def described(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the object that --json prints."""
    return {"ok": is_well(findings), "checks": [asdict(finding) for finding in findings]}


def is_well(findings: Sequence[Finding]) -> bool:
    """Return whether none of the findings is a fault."""
    return all(finding.state != "fault" for finding in findings)
