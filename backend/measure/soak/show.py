"""The real program, as the soak starts it: with a folder, ports and names of its own, never the user's."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

RUN = ("-m", "backend", "run")
"""How the program is started, after the interpreter's name."""
END_SECONDS, GONE_SECONDS = 20.0, 5.0
"""How long a show that was told to end may take, and the processes that it had started from then on."""
POLL_SECONDS = 0.05
LOG_LINES = 3
"""Of the log's end, in the message of a program that failed."""
SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Ended:
    """How a show ended. figures: what it printed. left_behind: what should be gone, a line each."""

    returncode: int
    obeyed: bool
    figures: str
    log: list[str]
    left_behind: list[str]

    def parsed(self) -> dict[str, Any]:
        """The figures; RuntimeError, with the end of the log, if there are none."""
        try:
            return json.loads(self.figures)
        except ValueError:
            said = " | ".join(self.log[-LOG_LINES:])
            raise RuntimeError(f"the program ended with {self.returncode} and no figures: {said}") from None


class Show:
    """A running program from `with` to its end. It hears OSC by UDP and TCP, has its page, and ends with its stdin.

    options: more of those of `run`. source: what it restyles. environment: variables besides those that are set.
    """

    def __init__(
        self,
        source: str,
        options: Iterable[str] = (),
        run: tuple[str, ...] = RUN,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vacesoak"))
        self.source, self.sink = source, f"vacesoak{secrets.token_hex(4)}"
        self.osc, self.osc_tcp, self.panel, oscquery = free_ports(4)
        self.log = self.folder / "log.txt"
        self._figures = self.folder / "figures.json"
        self._environment = {**os.environ, **(environment or {})}
        self._command = [sys.executable, *run, "--source", source, "--sink", f"shm:{self.sink}", "--json"]
        for option, port in (
            ("osc", self.osc),
            ("osc-tcp", self.osc_tcp),
            ("oscquery", oscquery),
            ("panel", self.panel),
        ):
            self._command += [f"--{option}", f"127.0.0.1:{port}"]
        self._command += ["--presets", str(self.folder / "presets.json"), "--recordings", str(self.recordings)]
        self._command += ["--log", str(self.folder / "show.log")]
        self._command += ["--until-stdin-ends", *options]
        self._engine: int | None = None
        self._ended: Ended | None = None

    def __enter__(self) -> Show:
        with self.log.open("wb") as log, self._figures.open("wb") as figures:
            self._program = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=figures, stderr=log, env=self._environment
            )
        self.process = psutil.Process(self._program.pid)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def recordings(self) -> Path:
        """The folder that it records into."""
        return self.folder / "recordings"

    @property
    def alive(self) -> bool:
        return self._program.poll() is None

    def front(self) -> psutil.Process:
        """The process that gives the frames: what was started, or what that looks after if it supervises."""
        with suppress(psutil.Error):
            for child in self.process.children():
                if "run" in child.cmdline() and not _spawned(child):
                    return child
        return self.process

    def engine(self) -> psutil.Process | None:
        """The process that has torch in its memory: none of the others that the front starts has it."""
        with suppress(psutil.Error):
            for child in self.front().children():
                if child.pid == self._engine or (_spawned(child) and _has_torch(child)):
                    self._engine = child.pid
                    return child
        return None

    def end(self) -> Ended:
        """Let it end, by its stdin, or kill it; its folder is removed. Safe to call twice."""
        if self._ended is None:
            self._ended = self._end()
        return self._ended

    def _end(self) -> Ended:
        family, rings = [self.process, *_children(self.process)], self.rings()
        with suppress(OSError):
            self._program.stdin.close()  # type: ignore[union-attr]
        try:
            self._program.wait(END_SECONDS)
            obeyed = True
        except subprocess.TimeoutExpired:
            obeyed = False
        gone = time.monotonic() + GONE_SECONDS
        while time.monotonic() < gone and any(map(runs, family)):
            time.sleep(POLL_SECONDS)
        left = [f"process {process.pid}" for process in family if runs(process)]
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        self._program.wait()
        left += [f"shared memory {path.name}" for path in sorted(rings) if path.exists()]
        left += [f"file {path.name}" for path in self.folder.rglob("*") if "unfinished" in path.name]
        ended = Ended(
            returncode=self._program.returncode,
            obeyed=obeyed,
            figures=self._figures.read_text(encoding="utf-8"),
            log=self.log_lines(),
            left_behind=left,
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        return ended

    def log_lines(self) -> list[str]:
        """What it has logged up to now."""
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def rings(self) -> set[Path]:
        """The segments of shared memory that the front has made, where those are files that can be seen."""
        with suppress(psutil.Error, NotImplementedError):
            maps = self.front().memory_maps()
            opened = {Path(part.path) for part in maps if Path(part.path).parent == SHARED_MEMORY}
            return {path for path in opened if f"shm:{path.name}" != self.source}
        return set()


def free_ports(count: int) -> list[int]:
    """So many that are free now, for datagrams and connections; all different."""
    probes = []
    try:
        while len(probes) < 2 * count:
            stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            stream.bind(("127.0.0.1", 0))
            try:
                datagram.bind(stream.getsockname())
            except OSError:  # it is taken for datagrams alone
                stream.close()
                datagram.close()
                continue
            probes += [stream, datagram]
        return [probe.getsockname()[1] for probe in probes[::2]]
    finally:
        for probe in probes:
            probe.close()


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _spawned(process: psutil.Process) -> bool:
    return any("spawn_main" in part for part in process.cmdline())


def _has_torch(process: psutil.Process) -> bool:
    return any("libtorch" in part.path or "torch_cpu" in part.path for part in process.memory_maps())


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
