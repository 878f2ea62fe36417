"""Write requirements.lock: all that requirements.txt brings, with the hash of every file, for every platform.

    python start.py python docs/scripts/lock.py

A release is installed with it so: python start.py pip install --require-hashes -r requirements.lock. Versions that are
locked already stay, unless requirements.txt says otherwise. uv, which makes it, comes with `python start.py test`.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = "3.11"
COMMAND = "python start.py python docs/scripts/lock.py"


def main() -> int:
    """The exit code is uv's."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "requirements.txt", "--output-file", "requirements.lock"]
    command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--quiet"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", COMMAND]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
