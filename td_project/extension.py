"""The component's extension: starts and stops the backend, sends what the user does, shows what the backend says.

Nothing here waits: the backend is looked after frame by frame, and only files of this machine are read.
"""
# `me` is this DAT, given by TouchDesigner.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import td  # pyright: ignore[reportMissingImports]  TouchDesigner's own

process = me.parent().op("process").module
values = me.parent().op("values").module
command = me.parent().op("command").module
sync = me.parent().op("sync").module
frames = me.parent().op("frames").module
pages = me.parent().op("pages").module

SUBSCRIBE_SECONDS = 1.0
"""Between two tries to be heard by a backend that begins."""
RENEW_SECONDS = 2.0
"""Between two questions for the presets, which others save too; a backend forgets who is silent for a minute."""
SILENT_SECONDS = 5.0
"""Without a word for so long a backend that was heard before counts as silent."""
LOG_SECONDS = 1.0
GONE_FRAMES = 2
"""So long after an extension's end it is looked whether its component still exists."""
SESSION = ("Start", "Stop", "Restart", "Install", "Downloadmodel", "Openpage", "Openlog")
AT_REST = ("stopped", "failed")
SWITCHING = ("Active", "Masksource", "Controlsource")
"""Parameters that decide which operators send."""
NO_PYTHON = (
    "no Python 3.12, 3.11 or 3.13 was found; install 3.12 from python.org, with the py launcher that it offers, or "
    "choose a python.exe at Python on the page Model"
)


class VaceLive:
    def __init__(self, ownerComp) -> None:
        self.ownerComp = ownerComp
        self._sync = sync.Sync(ownerComp, self.Send)
        self._pages = pages.Pages(ownerComp)
        self._heard = self._subscribed = self._looked = 0.0
        self._restarting = self._ready = False
        self._waiting: tuple = ()
        if self._backend is not None:  # the extension was made anew while it runs
            self._sync.wiring = self._backend.wiring

    def onDestroyTD(self) -> None:
        """The extension ends: it is made anew, or the component is deleted, which shows some frames later."""
        process.later(GONE_FRAMES, _leave_if_gone, self.ownerComp, self._key)

    # What the pages' buttons do, for scripts too: op('vace_live').Start()

    def Start(self) -> None:
        """Start the backend, unless it runs."""
        if self._backend is not None:
            return
        try:
            line = self.Command()
        except OSError as reason:
            self._pages.fail(f"no port is free ({reason})")
            return
        self._launch(line, "starting", str(self.ownerComp.par.Transport.eval()))

    def Stop(self) -> None:
        """End the backend; the Out TOP shows the input again."""
        self._restarting = False
        if self._backend is not None:
            self._backend.end()
            self._pages.set("State", "stopping")
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
            self._launch(["start.py", "controls"], "installing", "")

    def Downloadmodel(self) -> None:
        """The weights of the chosen pipeline, into VACE Live's own folder for them; what is there already stays."""
        if self._backend is None:
            line = ["start.py", "models", "download", str(self.ownerComp.par.Pipeline.eval())]
            folder = str(self.ownerComp.par.Modelfolder.eval())
            self._launch(line + (["--models", folder] if folder else []), "downloading", "")

    def Openpage(self) -> None:
        """The page, in the system's browser."""
        address = str(self.ownerComp.par.Pageaddress.eval())
        if address:
            td.ui.viewFile(address)
        else:
            self._pages.set("Lasterror", "there is no page: press Start first, and leave Page in the browser on")

    def Openlog(self) -> None:
        """The log of the last start, in the system's editor."""
        log = self._log()
        if log.is_file():
            td.ui.viewFile(str(log))
        else:
            self._pages.set("Lasterror", f"there is no log yet; it will be {log}")

    def Command(self) -> list[str]:
        """What start.py is given; sets names and ports of our own operators to go with it."""
        comp = self.ownerComp
        kind = str(comp.par.Transport.eval())
        scheme = "touch" if kind == "memory" else "syphon" if sys.platform == "darwin" else "spout"
        page = comp.par.Page.eval()
        name = values.program_name(comp.path, str(comp.par.Programname.eval()))
        wiring = self._sync.wiring = command.Wiring(
            tag=f"{os.getpid()}-{self._key}",
            name=name,
            osc=process.free_port(int(comp.par.Oscport.eval()), socket.SOCK_DGRAM),
            panel=process.free_port(int(comp.par.Panelport.eval()), socket.SOCK_STREAM) if page else 0,
            scheme=scheme,
            presets=str(comp.par.Presetfile.eval()) or str(self._folder() / "presets" / f"{name}.json"),
        )
        frames.name_operators(comp, wiring)
        comp.op("osc_out").par.port.val = wiring.osc
        comp.op("osc_in").par.port.val = process.free_port(0, socket.SOCK_DGRAM)
        self._pages.set("Oscaddress", f"127.0.0.1:{wiring.osc}")
        self._pages.set("Pageaddress", f"http://127.0.0.1:{wiring.panel}" if wiring.panel else "")
        self._pages.set("Runsas", name)
        return command.command_line(comp.par, wiring, values.words(str(comp.par.Arguments.eval())))

    @property
    def Running(self) -> bool:
        return self._backend is not None

    def Send(self, address: str, *arguments) -> None:
        """Any OSC message to the backend."""
        self.ownerComp.op("osc_out").sendOSC(address, list(arguments))

    def Figures(self) -> dict[str, float]:
        """What the CHOP shows; see figures.py."""
        return self._pages.channels()

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
            self._pages.log(backend.last_lines())
        if backend.ending is not None or not backend.transport:
            return
        if not self._ready:
            if now - self._subscribed > SUBSCRIBE_SECONDS:
                self._subscribe()
            return
        self._sync.send_changed()
        self._pages.cook()
        if now - self._subscribed > RENEW_SECONDS:
            self._subscribed = now
            self.Send(sync.PRESETS)
        if now - self._heard > SILENT_SECONDS:
            self._pages.set("State", "silent")
        if self.ownerComp.par.Followclock.eval():
            self.Send("/vace/tick", int(frame))

    def Receive(self, address: str, args) -> None:
        """A message from the backend."""
        if self._backend is None or self._backend.ending is not None:
            return
        self._heard = time.monotonic()
        if address == "/vace/status" and len(args) >= 4:
            if not self._ready:
                self._begin()
            self._pages.status(*args[: 6 if len(args) >= 6 else 4])
        elif address == "/vace/error" and len(args) >= 2:
            self._pages.error(args[0], args[1])
        elif address == sync.PRESETS:
            self._sync.list_presets([str(name) for name in args if name is not None])  # None: there are none
        elif address in self._sync and self._ready:
            self._sync.apply(address, args)
            self._pages.call("onValue", address=address, args=list(args))
            if address == "/vace/prompt" and args:
                self._pages.call("onPrompt", prompt=args[0])

    def Changed(self, par) -> None:
        """The user has moved a parameter, or we have, because the backend said so: that is not sent back."""
        if par.name in SWITCHING:
            self._route()
        if not self._ready:  # it will be sent all of them
            return
        if par.name == "Followclock":
            self.Send("/vace/output/follow", "tick" if par.eval() else "auto")
        self._sync.changed(par)

    def Pulsed(self, par) -> None:
        """The user has pressed a button."""
        if par.name in SESSION:
            getattr(self, par.name)()
            return
        if self._ready:
            reason = self._sync.pulsed(par, self._folder() / "out" / "pictures")
            if reason:
                self._pages.set("Lasterror", reason)

    def Leave(self) -> None:
        """The project goes: the backend ends as well."""
        process.end(self._key)

    # Inside: the backend's life.

    @property
    def _key(self) -> int:
        """What tells this component from others, as long as TouchDesigner runs; a copy has another."""
        return self.ownerComp.id

    @property
    def _backend(self):
        return process.processes().get(self._key)

    def _launch(self, line: list[str], state: str, transport: str) -> None:
        folder = self._folder()
        if not (folder / "start.py").is_file():
            self._pages.fail(f"{folder} has no start.py; set Folder on the page Model to where VACE Live is")
            return
        self._waiting = (process.pythons(str(self.ownerComp.par.Python.eval())), line, state, transport)
        self._try_next()

    def _try_next(self) -> None:
        """Start with the next Python of those that may be there."""
        (python, *others), line, state, transport = self._waiting
        self._waiting = (others, line, state, transport)
        self._heard = self._subscribed = 0.0
        self._ready = False
        try:
            backend = process.Backend([*python, *line], str(self._folder()), self._log(), transport)
        except OSError as reason:
            if others:
                self._try_next()
            else:
                chosen = str(self.ownerComp.par.Python.eval())
                self._pages.fail(f"{chosen} could not be started ({reason}); set Python" if chosen else NO_PYTHON)
            return
        backend.wiring = self._sync.wiring
        process.processes()[self._key] = backend
        self._pages.set("State", state)
        self._pages.set("Lasterror", "")
        self._route()

    def _ended(self, backend, code: int) -> None:
        process.processes().pop(self._key, None)
        asked, lines = backend.ending is not None, backend.last_lines()
        if code == process.NO_SUCH_PYTHON and not asked and self._waiting:
            if self._waiting[0]:
                self._try_next()
                return
            lines = NO_PYTHON
        installed = not backend.transport and code == 0
        self._pages.log(backend.last_lines())
        self._at_rest("stopped" if asked or installed else "failed")
        if not asked and not installed:
            self._pages.set("Lasterror", lines.splitlines()[-1] if lines else f"the backend ended with code {code}")
        self._pages.call("onStopped", code=code, log=lines)
        if self._restarting:
            self._restarting = False
            self.Start()

    def _at_rest(self, state: str) -> None:
        self._ready = False
        self._pages.at_rest(state)
        self._route()

    def _folder(self) -> Path:
        return Path(str(self.ownerComp.par.Folder.eval()))

    def _log(self) -> Path:
        return self._folder() / "out" / f"touchdesigner-{os.getpid()}-{self._key}.log"

    # Inside: messages.

    def _subscribe(self) -> None:
        """Be told of every value, and of all that changes."""
        self._subscribed = time.monotonic()
        self.Send("/vace/subscribe", int(self.ownerComp.op("osc_in").par.port.eval()))

    def _begin(self) -> None:
        """The first word of a backend: it takes the project's values, and then says all it has once more."""
        self._ready = True
        self._sync.send_all()
        if self.ownerComp.par.Followclock.eval():
            self.Send("/vace/output/follow", "tick")
        self._subscribe()
        self._route()

    # Inside: frames.

    def _route(self) -> None:
        backend, transport = self._backend, ""
        if backend is not None and backend.ending is None and self.ownerComp.par.Active.eval():
            transport = backend.transport
        frames.route(self.ownerComp, transport, self._ready, self._sync.wants)


def _leave_if_gone(comp, key: int) -> None:
    if not comp.valid:
        process.end(key)
