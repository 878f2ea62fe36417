"""The component's extension: starts and stops the backend, sends what the user does, shows what the backend says.

Nothing here waits: the backend is looked after frame by frame, and only files of this machine are read.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

SUBSCRIBE_SECONDS = 1.0
"""Between two tries to be heard by a backend that begins."""
RENEW_SECONDS = 20.0
"""Between two signs of life; the backend forgets who is silent for a minute."""
STOP_SECONDS = 15.0
"""A backend that was asked to end is given so long, then it is killed."""
SILENT_SECONDS = 5.0
"""Without a word for so long a backend that was heard before counts as silent."""
LOG_SECONDS = 1.0
LOG_TAIL = 600
SEPARATOR = ";"
CLOSE = 1e-6
SESSION = {
    "Start": "Start",
    "Stop": "Stop",
    "Restart": "Restart",
    "Install": "Install",
}


class Backend:
    """One backend process. Its standard input is held open: it ends by itself when that is closed, or we are gone."""

    def __init__(self, command: list[str], folder: str, log: Path) -> None:
        flags = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, creationflags=flags
            )
        self.ending: float | None = None

    def end(self) -> None:
        """Ask it to end, cleanly; safe to call again."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
            self.ending = time.monotonic()

    def code(self) -> int | None:
        """Its exit code, None while it runs. One that does not end in time is killed."""
        if self.ending is not None and time.monotonic() - self.ending > STOP_SECONDS:
            self.process.kill()
        code = self.process.poll()
        if code is not None and self.process.stdin is not None:
            self.process.stdin.close()
        return code

    def last_lines(self) -> str:
        """The end of its log."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - LOG_TAIL))
                return file.read().decode("utf-8", "replace").replace("\r", "\n").strip()
        except OSError:
            return ""


class VaceLive:
    def __init__(self, ownerComp) -> None:
        self.ownerComp = ownerComp
        self._rows = self._read_rows()
        self._by_address = {row["address"]: row for row in self._rows.values() if row["kind"] != "send"}
        self._received: dict[str, object] = {}
        self._heard = 0.0
        self._subscribed = 0.0
        self._looked = 0.0
        self._restarting = False
        self._ready = False

    # What the pages' buttons do, for scripts too: op('vace_live').Start()

    def Start(self) -> None:
        """Start the backend, unless it runs."""
        if self._backend is not None:
            return
        try:
            command = self._command()
        except ValueError as reason:
            self._fail(str(reason))
            return
        self._launch(command, "starting")

    def Stop(self) -> None:
        """End the backend; the Out TOP keeps its last picture."""
        self._restarting = False
        if self._backend is not None:
            self._backend.end()
            self._set("State", "stopping")

    def Restart(self) -> None:
        if self._backend is None:
            self.Start()
            return
        self.Stop()
        self._restarting = True

    def Install(self) -> None:
        """Only what the first start does before it runs: make the environment and install the packages."""
        if self._backend is None:
            self._launch([*self._python(), "start.py", "controls"], "installing")

    @property
    def Running(self) -> bool:
        return self._backend is not None

    def Send(self, address: str, *arguments) -> None:
        """Any OSC message to the backend."""
        self.ownerComp.op("osc_out").sendOSC(address, list(arguments))

    # Called by the DATs.

    def ProjectStarted(self) -> None:
        if self.ownerComp.par.Startwithproject.eval():
            self.Start()

    def Frame(self, frame) -> None:
        """Once a frame: look after the backend, keep the subscription, be the clock."""
        backend = self._backend
        if backend is None:
            return
        code = backend.code()
        if code is not None:
            self._ended(backend, code)
            return
        now = time.monotonic()
        if self._ready and now - self._subscribed > RENEW_SECONDS:
            self._subscribed = now
            self.Send("/vace/ping")
        elif not self._ready and now - self._subscribed > SUBSCRIBE_SECONDS:
            self._subscribe()
        if self._ready and now - self._heard > SILENT_SECONDS:
            self._set("State", "silent")
        if not self._ready and backend.ending is None and now - self._looked > LOG_SECONDS:
            self._looked = now
            self._set("Lastline", backend.last_lines().splitlines()[-1:] or "")
        if self._ready and self.ownerComp.par.Followclock.eval():
            self.Send("/vace/tick", int(frame))

    def Receive(self, address: str, args) -> None:
        """A message from the backend."""
        self._heard = time.monotonic()
        if address == "/vace/status" and len(args) >= 4:
            self._status(*args[:4])
        elif address == "/vace/error" and len(args) >= 2:
            self._set("Lasterror", f"{args[0]}: {args[1]}")
            self._call("onError", address=args[0], reason=args[1])
        elif address in self._by_address and self._ready:
            self._take(self._by_address[address], args)
            self._call("onValue", address=address, args=list(args))

    def Changed(self, par) -> None:
        """The user has moved a parameter, or we have, because the backend said so: that is not sent back."""
        row = self._rows.get(par.name)
        if row is None or row["kind"] in ("event", "send", "trigger"):
            if par.name == "Followclock":
                self._follow_clock()
            elif par.name == "Transport":
                self._choose_transport()
            return
        value = par.eval()
        if par.name in self._received and _same(self._received.pop(par.name), value):
            return
        self.Send(row["address"], *_arguments(row["kind"], value))

    def Pulsed(self, par) -> None:
        """The user has pressed a button."""
        if par.name in SESSION:
            getattr(self, SESSION[par.name])()
            return
        row = self._rows.get(par.name)
        if row is None:
            return
        if row["kind"] == "send":
            held = self._by_address[row["address"]]
            self.Send(row["address"], *_arguments("string", self.ownerComp.par[held["name"]].eval()))
        else:
            self.Send(row["address"], 1)
            self.Send(row["address"], 0)

    def Leave(self) -> None:
        """The component or the project goes: the backend ends as well."""
        backend = _processes().pop(self._key, None)
        if backend is not None:
            backend.end()

    # Inside.

    @property
    def _key(self) -> int:
        """What tells this component from others, as long as TouchDesigner runs; a copy has another."""
        return self.ownerComp.id

    @property
    def _backend(self):
        return _processes().get(self._key)

    def _launch(self, command: list[str], state: str) -> None:
        folder = self._folder()
        if not (folder / "start.py").is_file():
            self._fail(f"{folder} has no start.py; set Folder to where VACE Live is")
            return
        self._heard = self._subscribed = 0.0
        self._ready = False
        try:
            backend = Backend(command, str(folder), folder / "out" / f"touchdesigner-{os.getpid()}-{self._key}.log")
        except OSError as reason:
            self._fail(f"{command[0]} could not be started ({reason}); set Python to a Python 3.11 or newer")
            return
        _processes()[self._key] = backend
        self._set("State", state)
        self._set("Lasterror", "")

    def _command(self) -> list[str]:
        """The backend's command line; sets names and ports of our own operators to go with it."""
        comp = self.ownerComp
        tag = f"{os.getpid()}-{self._key}"
        there, back = f"vace-in-{tag}", f"vace-out-{tag}"
        scheme = "spout" if comp.par.Transport.eval() == "spout" else "touch"
        for operator, name in (("spout_out", there), ("memory_out", there), ("spout_in", back), ("memory_in", back)):
            parameter = "sendername" if operator.startswith("spout") else "name"
            comp.op(operator).par[parameter].val = name
        osc = int(comp.par.Oscport.eval()) or _free_port()
        comp.op("osc_out").par.port.val = osc
        comp.op("osc_in").par.port.val = _free_port()
        self._choose_transport()
        command = [*self._python(), "start.py", "run", "--until-stdin-ends"]
        command += ["--source", f"{scheme}:{there}", "--sink", f"{scheme}:{back}", "--osc", f"127.0.0.1:{osc}"]
        command += ["--oscquery", "off", "--pipeline", str(comp.par.Pipeline.eval())]
        panel = int(comp.par.Panelport.eval())
        command += ["--panel", f"127.0.0.1:{panel}" if panel else "off"]
        for option, parameter in (("--width", "Width"), ("--height", "Height")):
            if int(comp.par[parameter].eval()):
                command += [option, str(int(comp.par[parameter].eval()))]
        return command

    def _python(self) -> list[str]:
        chosen = str(self.ownerComp.par.Python.eval())
        if chosen:
            return [chosen]
        return ["py", "-3"] if sys.platform == "win32" else ["python3"]

    def _folder(self) -> Path:
        return Path(str(self.ownerComp.par.Folder.eval()))

    def _ended(self, backend: Backend, code: int) -> None:
        _processes().pop(self._key, None)
        asked, lines = backend.ending is not None, backend.last_lines()
        installed = self.ownerComp.par.State.eval() == "installing" and code == 0
        self._set("State", "stopped" if asked or installed else "failed")
        if not asked and not installed:
            self._set("Lasterror", lines.splitlines()[-1] if lines else f"the backend ended with code {code}")
        self._call("onStopped", code=code, log=lines)
        if self._restarting:
            self._restarting = False
            self.Start()

    def _subscribe(self) -> None:
        """Be told of every value, and of all that changes."""
        self._subscribed = time.monotonic()
        self.Send("/vace/subscribe", int(self.ownerComp.op("osc_in").par.port.eval()))

    def _status(self, state, output_fps, engine_fps, latency_ms) -> None:
        if not self._ready:
            # The first word of a backend: it takes the project's values, and then says all it has once more.
            self._ready = True
            self._send_all()
            self._subscribe()
        was = self.ownerComp.par.State.eval()
        for name, value in (("State", state), ("Outputfps", output_fps), ("Enginefps", engine_fps)):
            self._set(name, value)
        self._set("Latency", latency_ms)
        if state == "running" and was != "running":
            self._call("onReady", state=state)
        self._call("onStatus", state=state, outputfps=output_fps, enginefps=engine_fps, latency=latency_ms)

    def _send_all(self) -> None:
        """A backend that has just begun takes the project's values."""
        for row in self._rows.values():
            if row["kind"] not in ("event", "send", "trigger") and row["address"] != "/vace/source":
                value = self.ownerComp.par[row["name"]].eval()
                self.Send(row["address"], *_arguments(row["kind"], value))
        self._follow_clock()

    def _take(self, row: dict, args) -> None:
        """Show a value that the backend has, if it is another one."""
        if row["kind"] in ("event", "trigger"):
            return
        value = SEPARATOR.join(map(str, args)) if row["kind"] == "strings" else args[0] if args else None
        par = self.ownerComp.par[row["name"]]
        if value is None or _same(par.eval(), value):
            return
        self._received[row["name"]] = value
        par.val = bool(value) if row["kind"] == "bool" else value

    def _follow_clock(self) -> None:
        if self.ownerComp.par.Followclock.eval():
            self.Send("/vace/output/follow", "tick")

    def _choose_transport(self) -> None:
        memory = self.ownerComp.par.Transport.eval() != "spout"
        self.ownerComp.op("pick").par.index.val = int(memory)
        for operator, wanted in (("spout_out", not memory), ("memory_out", memory), ("memory_in", memory)):
            self.ownerComp.op(operator).par.active.val = wanted

    def _fail(self, reason: str) -> None:
        self._set("State", "failed")
        self._set("Lasterror", reason)
        self._call("onError", address="", reason=reason)

    def _set(self, name: str, value) -> None:
        self.ownerComp.par[name].val = "".join(value) if isinstance(value, list) else value

    def _call(self, name: str, **info) -> None:
        """The user's callback of that name, if there is one; its mistakes are his, and told, and stop nothing here."""
        dat = self.ownerComp.par.Callbackdat.eval() or self.ownerComp.op("callbacks")
        function = getattr(dat.module, name, None)
        if function is not None:
            try:
                function(self.ownerComp, info)
            except Exception as error:  # noqa: BLE001 the user's code may raise anything
                self._set("Lasterror", f"{name} in {dat.path}: {error}")

    def _read_rows(self) -> dict[str, dict]:
        """Of the table DAT that the builder has filled, by parameter name."""
        table = self.ownerComp.op("controls")
        names = [cell.val for cell in table.row(0)]
        rows = (dict(zip(names, (cell.val for cell in table.row(i)))) for i in range(1, table.numRows))
        return {row["name"]: row for row in rows}


def _processes() -> dict[int, Backend]:
    """The backends of all components; kept where a re-initialised extension finds them again."""
    holder = sys.modules.setdefault("vace_live_processes", types.ModuleType("vace_live_processes"))
    return holder.__dict__.setdefault("backends", {})


def _arguments(kind: str, value) -> list:
    if kind == "strings":
        return [part.strip() for part in str(value).split(SEPARATOR) if part.strip()]
    if kind == "bool":
        return [int(value)]
    return [value]


def _same(a, b) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return str(a) == str(b)
    return abs(float(a) - float(b)) <= CLOSE * max(1.0, abs(float(a)))


def _free_port() -> int:
    """A UDP port of this machine that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
