"""Look for known vulnerabilities in what requirements.lock holds, with pip-audit.

    python start.py python docs/scripts/audit.py [LOCK]

Exit code 1 for a known vulnerability, and for a lock that can't be read. Where the list of vulnerabilities can't be
had, as offline or behind a mirror that has none, it says so and ends with 0: no change that is checked is to blame.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_ANSWER = ("requests.exceptions.", "Could not connect", "not redirecting properly", "ServiceError", "your network")
"""What stands in the last lines of pip-audit's error where nobody answers it."""


def main(arguments: list[str]) -> int:
    """Audit the lock, and say what came of it."""
    lock = Path(arguments[0]) if arguments else ROOT / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        command += ["--requirement", str(lock), "--format", "json", "--output", str(found)]
        ran = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
        report = json.loads(found.read_text(encoding="utf-8")) if found.exists() else None
    code, lines = judge_error(ran.stderr) if report is None else judge(report["dependencies"])
    sys.stdout.writelines(f"audit: {line}\n" for line in lines)
    return code


def judge(packages: list[dict]) -> tuple[int, list[str]]:
    """The exit code and what is to be said of what pip-audit has found of each package."""
    bad = [
        f"{package['name']} {package['version']} has {flaw['id']}; mended in {_versions(flaw)}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    lines = [*bad, f"{len(packages) - len(skipped)} of {len(packages)} packages audited"]
    if skipped:
        lines.append(f"NOT audited, as no list of vulnerabilities that can be reached knows them: {', '.join(skipped)}")
    return int(bool(bad)), lines


def _versions(flaw: dict) -> str:
    return " or ".join(flaw["fix_versions"]) or "no version yet"


def judge_error(error: str) -> tuple[int, list[str]]:
    """As `judge`, where pip-audit ended without a report."""
    last = error.strip().splitlines()[-2:]
    if any(sign in line for line in last for sign in NO_ANSWER):
        return 0, ["NOT audited: the list of vulnerabilities can't be reached from here"]
    return 1, last


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
