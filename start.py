"""Start VACE Live on a fresh machine: Windows, macOS or Linux, with nothing but Python.

    python start.py                      the live program: bundled model, bundled clip
    python start.py test                 install the developers' tools, then lint, types and the quick tests
    python start.py test ARGS ...        only the tests that pytest's arguments choose: -m slow, tests/bridge, -k osc
    python start.py COMMAND ...          any backend command: render, controls, bench ... (try: run --help)

The first run makes .venv beside this file and installs requirements.txt into it; later runs see
by a stamp that nothing has changed and start at once. It is safe to run again after any failure.

VACE_TORCH=cpu or VACE_TORCH=cuda in the environment chooses the PyTorch build; without it,
CUDA is taken where nvidia-smi lists a GPU.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "vace-live.json"
PYTHONS = ((3, 11), (3, 14))  # the oldest and newest that every pinned package has wheels for
TORCH_INDEX = "https://download.pytorch.org/whl/"  # PyTorch's own index; PyPI has one build a platform
TORCH_INDEX_FOLDER = {"cpu": "cpu", "cuda": "cu130"}
CHECKS = (["ruff", "check", "."], ["pyright"])
TESTS = ["pytest", "-n", "logical", "--maxprocesses", "4"]


def main(arguments):
    """Set up what `arguments` need and run them; the exit code is theirs, 1 if set-up failed."""
    if arguments in (["-h"], ["--help"]):
        print((__doc__ or "").strip())
        return 0
    testing = arguments[:1] == ["test"]
    try:
        check_python()
        set_up("requirements-dev.txt" if testing else "requirements.txt")
    except SetupError as error:
        say(error)
        return 1
    except KeyboardInterrupt:
        say("stopped before the set-up was done; the next run goes on from here")
        return 130
    if testing:
        return run_checks(arguments[1:])
    return run_backend(arguments or ["run"])


class SetupError(Exception):
    """The machine can't be set up as it is; the message says what to do."""


def say(line):
    """Tell the person what happens now; on stderr, so that `--json` keeps stdout to itself."""
    print("start: %s" % line, file=sys.stderr, flush=True)


def check_python():
    """Raise SetupError unless this interpreter can run the pinned packages."""
    oldest, newest = PYTHONS
    if not oldest <= sys.version_info[:2] <= newest:
        raise SetupError(
            "this is Python %s; VACE Live needs Python %d.%d to %d.%d (3.11 is tested). "
            "Install one from python.org or your package manager, then run it with start.py, "
            "for example: python3.11 start.py  (Windows: py -3.11 start.py)"
            % ((platform.python_version(),) + oldest + newest)
        )
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise SetupError("PyTorch is no longer made for Macs with Intel processors; use an Apple silicon Mac")


def set_up(requirements):
    """Make .venv hold what the file `requirements` pins; do nothing if its stamp says it does."""
    wanted = stamp_for(requirements)
    if wanted in read_stamps():
        return
    if not venv_works() or any(stamp["torch"] != wanted["torch"] for stamp in read_stamps()):
        say("making %s with Python %s" % (VENV, platform.python_version()))
        make_venv()
    install_torch(wanted["torch"])
    say("installing %s" % requirements)
    pip("install", "-r", str(ROOT / requirements))
    # The developers' file includes the plain one, so its stamp stands for both.
    done = [wanted] if requirements == "requirements.txt" else [wanted, stamp_for("requirements.txt")]
    STAMP.write_text(json.dumps(done, indent=1), encoding="utf-8")
    say("ready")


def stamp_for(requirements):
    """What must not have changed for an installation of `requirements` to still hold."""
    digest = hashlib.sha256()
    for name in sorted({"requirements.txt", requirements}):
        digest.update((ROOT / name).read_bytes())
    python = "%d.%d" % sys.version_info[:2]
    return {"file": requirements, "sha256": digest.hexdigest(), "python": python, "torch": torch_build()}


def read_stamps():
    """The stamps of what .venv holds; none if it was never finished or does not run."""
    try:
        stamps = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return stamps if venv_works() else []


def torch_build():
    """'cuda' or 'cpu': as VACE_TORCH says, else by whether nvidia-smi lists a GPU."""
    asked = os.environ.get("VACE_TORCH", "")
    if asked not in ("", "cpu", "cuda"):
        raise SetupError("VACE_TORCH is '%s'; it can be 'cpu' or 'cuda', or unset to look for a GPU" % asked)
    if asked:
        return asked
    return "cuda" if sys.platform != "darwin" and nvidia_gpu() else "cpu"


def nvidia_gpu():
    """True if the NVIDIA driver's own tool runs here and lists a GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        listed = subprocess.run([tool, "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and b"GPU 0" in listed.stdout


def venv_python():
    """The interpreter inside .venv, whether or not it is there yet."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_works():
    """True if .venv has pip and is of this Python version; false too for one whose Python has moved."""
    probe = "import pip, sys; sys.exit(sys.version_info[:2] != (%d, %d))" % sys.version_info[:2]
    try:
        return subprocess.run([str(venv_python()), "-c", probe], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def make_venv():
    """Make .venv anew; a broken one is replaced."""
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if made.returncode != 0:
        raise SetupError(
            "the environment %s could not be made. On Debian and Ubuntu first run: "
            "sudo apt install python3-venv  (elsewhere: see the lines above)" % VENV
        )


def install_torch(build):
    """Install the pinned PyTorch as the asked build; from PyTorch's index where PyPI has another one."""
    pin = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    if pin is None:
        raise SetupError("requirements.txt has no line 'torch==VERSION'; restore it from the repository")
    say("installing %s for %s; this is the largest part" % (pin[0], "CUDA" if build == "cuda" else "the CPU"))
    if build == "cpu" and sys.platform != "linux":
        pip("install", pin[0])  # on macOS and Windows PyPI's own build is the plain one
    elif not has_build(pin[0], build):
        pip("install", pin[0], "--index-url", TORCH_INDEX + TORCH_INDEX_FOLDER[build])


def has_build(pin, build):
    """Try the index that pip is set up with, as on machines with a mirror; false if it lacks this build."""
    exact = "%s+%s" % (pin, TORCH_INDEX_FOLDER[build])
    command = [str(venv_python()), "-m", "pip", "install", "--quiet", exact]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def pip(*arguments):
    """Run pip inside .venv, its output on stderr; raise SetupError if it fails."""
    command = [str(venv_python()), "-m", "pip", "--disable-pip-version-check"] + list(arguments)
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise SetupError(
            "pip failed (its reason is above): %s\nstart: check the network and the free disk space, "
            "then run start.py again; it goes on where it stopped" % " ".join(command[2:])
        )


def run_checks(pytest_arguments):
    """Lint, types and tests, each shown; the first that fails gives the exit code. With arguments only the tests."""
    environment = dict(os.environ)
    environment.setdefault("OMP_NUM_THREADS", "1")  # one process a core is several times faster than threads that share
    checks = [TESTS + pytest_arguments] if pytest_arguments else [*CHECKS, TESTS]
    for check in checks:
        command = [str(venv_python()), "-m"] + check
        say(" ".join(command[2:]))
        code = subprocess.run(command, cwd=str(ROOT), env=environment).returncode
        if code != 0:
            return code
    return 0


def run_backend(arguments):
    """Become `python -m backend ARGUMENTS`, in the folder the person is in."""
    command = [str(venv_python()), "-m", "backend"] + arguments
    environment = dict(os.environ)
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    if os.name != "nt":
        os.execve(command[0], command, environment)  # signals then reach the program itself
    program = subprocess.Popen(command, env=environment)
    while True:
        try:
            return program.wait()
        except KeyboardInterrupt:
            continue  # the program got the Ctrl-C too and is ending cleanly


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
