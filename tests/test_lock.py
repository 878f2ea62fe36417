"""The lock of a release agrees with requirements.txt, and the audit of it says what it has not seen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
STALE = "requirements.txt has changed since: run `python start.py python docs/scripts/lock.py`"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, list[str]]:
    """The lines of each package in the lock, by its name with its version."""
    packages: dict[str, list[str]] = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([\w.-]+)==([^\s;\\]+)", line):
            current = packages.setdefault(f"{normal(found[1])}=={found[2]}", [])
        elif line and not line.startswith("#"):
            current.append(line.strip())
    return packages


def required() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {f"{normal(found[1])}=={found[2]}" for line in lines if (found := re.match(r"([\w.-]+)==([\w.]+)", line))}


def test_the_lock_holds_what_is_required_and_nothing_that_no_longer_is():
    packages = locked()
    asked = {name for name, lines in packages.items() if any("-r requirements.txt" in line for line in lines)}
    assert asked == required(), STALE


def test_every_package_in_the_lock_has_hashes():
    assert not [name for name, lines in locked().items() if not any("--hash=sha256:" in line for line in lines)]


def test_the_lock_names_no_host_and_the_command_that_makes_it():
    text = LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "python start.py python docs/scripts/lock.py" in text


def audited(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    """What the audit says where pip-audit does what the script does."""
    head = "import json, sys\nout = sys.argv[sys.argv.index('--output') + 1]\n"
    (tmp_path / "pip_audit.py").write_text(head + script)
    return subprocess.run(
        [sys.executable, "docs/scripts/audit.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def reporting(*packages: dict, code: int = 0) -> str:
    return f"json.dump({json.dumps({'dependencies': packages})}, open(out, 'w'))\nsys.exit({code})"


SOUND = {"name": "sound", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNSEEN = {"name": "unseen", "skip_reason": "not found"}


def test_an_audit_without_a_finding_says_how_much_it_has_seen(tmp_path: Path):
    ran = audited(tmp_path, reporting(SOUND))
    assert (ran.returncode, ran.stdout) == (0, "audit: 1 of 1 packages audited\n")


def test_a_known_vulnerability_fails_and_says_what_mends_it(tmp_path: Path):
    ran = audited(tmp_path, reporting(SOUND, BAD, UNSEEN, code=1))
    assert ran.returncode == 1
    assert "audit: bad 2 has CVE-1; mended in 3\n" in ran.stdout


def test_packages_that_nobody_knows_are_not_said_to_be_sound(tmp_path: Path):
    ran = audited(tmp_path, reporting(SOUND, UNSEEN))
    assert ran.returncode == 0
    assert "1 of 2 packages audited" in ran.stdout
    assert "NOT audited" in ran.stdout
    assert "unseen" in ran.stdout


@pytest.mark.parametrize(
    "error",
    [
        "requests.exceptions.ProxyError: HTTPSConnectionPool(host='x', port=443)",
        "ERROR:pip_audit._cli:Could not connect to the vulnerability feed",
    ],
)
def test_offline_is_said_and_does_not_fail(tmp_path: Path, error: str):
    ran = audited(tmp_path, f"sys.exit({error!r})")
    assert (ran.returncode, ran.stdout) == (
        0,
        "audit: NOT audited: the list of vulnerabilities can't be reached from here\n",
    )


def test_a_lock_that_cannot_be_read_fails(tmp_path: Path):
    ran = audited(tmp_path, "sys.exit('ERROR:pip_audit._cli:requirement x does not contain a hash')")
    assert (ran.returncode, ran.stdout) == (1, "audit: ERROR:pip_audit._cli:requirement x does not contain a hash\n")
