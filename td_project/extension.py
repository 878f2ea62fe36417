"""The component's extension: starts and stops the backend, sends what the user does, shows what the backend says.

Nothing here waits: the backend is looked after frame by frame, and only files of this machine are read.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import td  # pyright: ignore[reportMissingImports]  TouchDesigner's own

SUBSCRIBE_SECONDS = 1.0
"""Between two tries to be heard by a backend that begins."""
RENEW_SECONDS = 20.0
"""Between two signs of life; the backend forgets who is silent for a minute."""
STOP_SECONDS = 15.0
"""A backend that was asked to end is given so long, then it is killed."""
SILENT_SECONDS = 5.0
"""Without a word for so long a backend that was heard before counts as silent."""
LOG_SECONDS = 1.0
LOG_TAIL = 4000
"""Bytes of its log that are shown."""
GONE_FRAMES = 2
"""So long after an extension's end it is looked whether its component still exists."""
LAST_LOOK_FRAMES = 60
"""Between two looks at a backend whose component is no more."""
SEPARATOR = ";"
CLOSE = 1e-6
SESSION = ("Start", "Stop", "Restart", "Install")
AT_REST = ("stopped", "failed")
INPUT = 0
PICK = {"": INPUT, "spout": 1, "memory": 2}
"""Inputs of the switch in front of the Out TOP, by how frames travel."""
WINDOWS = sys.platform == "win32"
NO_WINDOW = 0x08000000 if WINDOWS else 0  # CREATE_NO_WINDOW


class Backend:
    """One backend process. Its standard input is held open: it ends by itself when that is closed, or we are gone."""

    def __init__(self, command: list[str], folder: str, log: Path, transport: str) -> None:
        self.log = log
        self.transport = transport
        """How its frames travel: "spout" or "memory"; "" for an installation, which has none."""
        log.parent.mkdir(parents=True, exist_ok=True)
        # What TouchDesigner tells its own Python where things are would mislead another one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment.update(PYTHONUNBUFFERED="1", PYTHONUTF8="1")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                creationflags=NO_WINDOW,
                start_new_session=not WINDOWS,
            )
        self.ending: float | None = None
        self._killed = False

    def end(self) -> None:
        """Ask it to end, cleanly; safe to call again."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
            self.ending = time.monotonic()

    def code(self) -> int | None:
        """Its exit code, None while it runs. One that does not end in time is killed."""
        if self.ending is not None and time.monotonic() - self.ending > STOP_SECONDS and not self._killed:
            self._killed = True
            self._kill()
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

    def _kill(self) -> None:
        """With what it has started: an installation runs pip, and on Windows start.py stays above the program."""
        if WINDOWS:
            subprocess.Popen(["taskkill", "/T", "/F", "/PID", str(self.process.pid)], creationflags=NO_WINDOW)
        else:
            os.killpg(self.process.pid, signal.SIGKILL)


class VaceLive:
    def __init__(self, ownerComp) -> None:
        self.ownerComp = ownerComp
        self._rows = self._read_rows()
        self._by_address = {row["address"]: row for row in self._rows.values() if row["role"] != "send"}
        self._received: dict[str, object] = {}
        self._heard = 0.0
        self._subscribed = 0.0
        self._looked = 0.0
        self._restarting = False
        self._ready = False

    def onDestroyTD(self) -> None:
        """The extension ends: it is made anew, or the component is deleted, which shows some frames later."""
        _later(GONE_FRAMES, _leave_if_gone, self.ownerComp, self._key)

    # What the pages' buttons do, for scripts too: op('vace_live').Start()

    def Start(self) -> None:
        """Start the backend, unless it runs."""
        if self._backend is not None:
            return
        try:
            command = self._command()
        except OSError as reason:
            self._fail(f"no port is free for OSC ({reason})")
            return
        self._launch(command, "starting", str(self.ownerComp.par.Transport.eval()))

    def Stop(self) -> None:
        """End the backend; the Out TOP shows the input again."""
        self._restarting = False
        if self._backend is not None:
            self._backend.end()
            self._set("State", "stopping")
            self._route()

    def Restart(self) -> None:
        if self._backend is None:
            self.Start()
            return
        self.Stop()
        self._restarting = True

    def Install(self) -> None:
        """Only what the first start does before it runs: make the environment and install the packages."""
        if self._backend is None:
            self._launch([*self._python(), "start.py", "controls"], "installing", "")

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
            if self.ownerComp.par.State.eval() not in AT_REST:  # saved, or copied, while it ran
                self._at_rest("stopped")
            return
        code = backend.code()
        if code is not None:
            self._ended(backend, code)
            return
        now = time.monotonic()
        if now - self._looked > LOG_SECONDS:
            self._looked = now
            self._show_log(backend)
        if backend.ending is not None or not backend.transport:
            return
        if not self._ready:
            if now - self._subscribed > SUBSCRIBE_SECONDS:
                self._subscribe()
            return
        if now - self._subscribed > RENEW_SECONDS:
            self._subscribed = now
            self.Send("/vace/ping")
        if now - self._heard > SILENT_SECONDS:
            self._set("State", "silent")
        if self.ownerComp.par.Followclock.eval():
            self.Send("/vace/tick", int(frame))

    def Receive(self, address: str, args) -> None:
        """A message from the backend."""
        if self._backend is None or self._backend.ending is not None:
            return
        self._heard = time.monotonic()
        if address == "/vace/status" and len(args) >= 4:
            self._status(*args[:4])
        elif address == "/vace/error" and len(args) >= 2:
            self._set("Lasterror", f"{args[0]}: {args[1]}")
            self._call("onError", address=args[0], reason=args[1])
        elif address in self._by_address and self._ready:
            self._apply(self._by_address[address], args)
            self._call("onValue", address=address, args=list(args))
            if address == "/vace/prompt" and args:
                self._call("onPrompt", prompt=args[0])

    def Changed(self, par) -> None:
        """The user has moved a parameter, or we have, because the backend said so: that is not sent back."""
        if par.name == "Active":
            self._route()
        if not self._ready:  # it will be sent all of them
            return
        if par.name == "Followclock":
            self.Send("/vace/output/follow", "tick" if par.eval() else "auto")
        row = self._rows.get(par.name)
        if row is None or row["role"] != "value":
            return
        value = par.eval()
        if par.name in self._received and _same(self._received.pop(par.name), value):
            return
        self.Send(row["address"], *_arguments(row["kind"], value))

    def Pulsed(self, par) -> None:
        """The user has pressed a button."""
        if par.name in SESSION:
            getattr(self, par.name)()
            return
        row = self._rows.get(par.name)
        if row is None or not self._ready:
            return
        if row["role"] == "send":
            held = self._by_address[row["address"]]
            self.Send(row["address"], *_arguments(row["kind"], self.ownerComp.par[held["name"]].eval()))
        else:
            self.Send(row["address"], 1)
            self.Send(row["address"], 0)

    def Leave(self) -> None:
        """The project goes: the backend ends as well."""
        _end(self._key)

    # Inside.

    @property
    def _key(self) -> int:
        """What tells this component from others, as long as TouchDesigner runs; a copy has another."""
        return self.ownerComp.id

    @property
    def _backend(self):
        return _processes().get(self._key)

    def _launch(self, command: list[str], state: str, transport: str) -> None:
        folder = self._folder()
        if not (folder / "start.py").is_file():
            self._fail(f"{folder} has no start.py; set Folder to where VACE Live is")
            return
        self._heard = self._subscribed = 0.0
        self._ready = False
        log = folder / "out" / f"touchdesigner-{os.getpid()}-{self._key}.log"
        try:
            backend = Backend(command, str(folder), log, transport)
        except OSError as reason:
            self._fail(f"{command[0]} could not be started ({reason}); set Python to a Python 3.11 or newer")
            return
        _processes()[self._key] = backend
        self._set("State", state)
        self._set("Lasterror", "")
        self._route()

    def _command(self) -> list[str]:
        """The backend's command line; sets names and ports of our own operators to go with it."""
        comp = self.ownerComp
        tag = f"{os.getpid()}-{self._key}"
        there, back = f"vace-in-{tag}", f"vace-out-{tag}"
        scheme = "touch" if comp.par.Transport.eval() == "memory" else "spout"
        for operator, name in (("spout_out", there), ("memory_out", there), ("spout_in", back), ("memory_in", back)):
            parameter = "sendername" if operator.startswith("spout") else "name"
            if comp.op(operator) is not None:
                comp.op(operator).par[parameter].val = name
        osc = int(comp.par.Oscport.eval()) or _free_port()
        comp.op("osc_out").par.port.val = osc
        comp.op("osc_in").par.port.val = _free_port()
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
        return ["py", "-3"] if WINDOWS else ["python3"]

    def _folder(self) -> Path:
        return Path(str(self.ownerComp.par.Folder.eval()))

    def _ended(self, backend: Backend, code: int) -> None:
        _processes().pop(self._key, None)
        asked, lines = backend.ending is not None, backend.last_lines()
        installed = not backend.transport and code == 0
        self._show_log(backend)
        self._at_rest("stopped" if asked or installed else "failed")
        if not asked and not installed:
            self._set("Lasterror", lines.splitlines()[-1] if lines else f"the backend ended with code {code}")
        self._call("onStopped", code=code, log=lines)
        if self._restarting:
            self._restarting = False
            self.Start()

    def _at_rest(self, state: str) -> None:
        self._ready = False
        self._set("State", state)
        for name in ("Outputfps", "Enginefps", "Latency"):
            self._set(name, 0.0)
        self._route()

    def _show_log(self, backend: Backend) -> None:
        lines = backend.last_lines()
        dat = self.ownerComp.op("log")
        if lines != dat.text:
            dat.text = lines
            self._set("Lastline", lines.splitlines()[-1] if lines else "")

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
            self._route()
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
            if row["role"] == "value" and row["address"] != "/vace/source":
                value = self.ownerComp.par[row["name"]].eval()
                self.Send(row["address"], *_arguments(row["kind"], value))
        if self.ownerComp.par.Followclock.eval():
            self.Send("/vace/output/follow", "tick")

    def _apply(self, row: dict, args) -> None:
        """Show a value that the backend has, if it is another one."""
        par = self.ownerComp.par[row["name"]]
        # To set a parameter takes the user's expression, export or binding away.
        if row["role"] != "value" or par.mode != td.ParMode.CONSTANT:
            return
        value = _joined(row["kind"], args)
        if value is None or _same(par.eval(), value):
            return
        self._received[row["name"]] = value
        par.val = bool(value) if row["kind"] == "bool" else value

    def _route(self) -> None:
        """Frames go out while a backend runs, and come in once it has said a word; else the input is shown."""
        comp, backend = self.ownerComp, self._backend
        transport = ""
        if backend is not None and backend.ending is None and comp.par.Active.eval():
            transport = backend.transport
        comp.op("pick").par.index.val = PICK[transport] if self._ready else INPUT
        for name, operator in (("spout", "spout_out"), ("memory", "memory_out")):
            if comp.op(operator) is not None:
                comp.op(operator).par.active.val = transport == name

    def _fail(self, reason: str) -> None:
        self._set("State", "failed")
        self._set("Lasterror", reason)
        self._call("onError", address="", reason=reason)

    def _set(self, name: str, value) -> None:
        self.ownerComp.par[name].val = value

    def _call(self, name: str, **info) -> None:
        """The user's callback of that name, if there is one; its mistakes are his, and told, and stop nothing here."""
        dat = self.ownerComp.par.Callbackdat.eval() or self.ownerComp.op("callbacks")
        try:
            function = getattr(dat.module, name, None)
            if function is not None:
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


def _end(key: int) -> None:
    backend = _processes().pop(key, None)
    if backend is not None:
        backend.end()
        _see_off(backend)


def _see_off(backend: Backend) -> None:
    """Until it is gone; nobody else looks after it now."""
    if backend.code() is None:
        _later(LAST_LOOK_FRAMES, _see_off, backend)


def _leave_if_gone(comp, key: int) -> None:
    if not comp.valid:
        _end(key)


def _later(frames: int, function, *arguments) -> None:
    """Call it so many frames from now, on TouchDesigner's thread, whether or not a component is left by then."""
    td.run("args[0](*args[1:])", function, *arguments, delayFrames=frames, delayRef=td.op.TDResources)


def _arguments(kind: str, value) -> list:
    if kind == "strings":
        return [part.strip() for part in str(value).split(SEPARATOR) if part.strip()]
    if kind == "bool":
        return [int(value)]
    return [value]


def _joined(kind: str, args):
    """What a parameter shows for the arguments of a message; several are one text, None is nothing."""
    if kind == "strings":
        return SEPARATOR.join(map(str, args))
    if kind == "floats":
        return " ".join(f"{float(number):g}" for number in args)
    return args[0] if args else None


def _same(a, b) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return str(a) == str(b)
    return abs(float(a) - float(b)) <= CLOSE * max(1.0, abs(float(a)))


def _free_port() -> int:
    """A UDP port of this machine that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
