"""A strict stand-in for TouchDesigner: it knows what the component uses, by its real name, and refuses all else.

Every name has its source (`Known.source`). It behaves as TouchDesigner where that has bitten others: changes of
parameters are told once a frame and not at once, setting a parameter takes its expression away, an extension's
`onDestroyTD` is called when it is made anew as well as when its component is deleted, an OSC In DAT brings a docked DAT
for its callbacks, relative paths start at an operator's neighbours unless they begin with "./". Importing this file
makes it the module `td`.
"""

from __future__ import annotations

import enum
import re
import socket
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.control.osc.packets import parse

DOCS = "Derivative's page of the operator or class"
SCRIPTS = "build scripts of others that are run live"
MEMORY = "remembered; wants one look in a real TouchDesigner"


@dataclass(frozen=True)
class Known:
    """A parameter that an operator has: what it is at first, and how we know."""

    value: Any
    source: str


def _known(source: str, **values: Any) -> dict[str, Known]:
    return {name: Known(value, source) for name, value in values.items()}


PARAMETERS: dict[str, dict[str, Known]] = {
    "baseCOMP": _known(
        DOCS, ext=1, ext0object="", ext0name="", ext0promote=False, reinitextensions=None, parentshortcut="",
        nodeview="default", opviewer="",
    ),
    "inTOP": _known(DOCS, label="") | _known(SCRIPTS, connectorder=0),
    "outTOP": _known(DOCS, label="") | _known(SCRIPTS, connectorder=0),
    "outCHOP": _known(DOCS, label="") | _known(SCRIPTS, connectorder=0),
    "scriptCHOP": _known(DOCS, callbacks="", setuppars=None),
    "switchTOP": _known(SCRIPTS, index=0) | _known(DOCS, blend=False),
    "syphonspoutoutTOP": _known(SCRIPTS, active=True, sendername=""),
    "syphonspoutinTOP": _known(SCRIPTS, usespoutactivesender=True, sendername=""),
    "sharedmemoutTOP": _known(DOCS, active=True, name="", memtype="global", downloadtype="nextframe"),
    "sharedmeminTOP": _known(SCRIPTS, name="", memtype="global"),
    "oscoutDAT": _known(
        DOCS, active=True, protocol="msging", address="localhost", port=10000, localaddress="", addscope=""
    ),
    "oscinDAT": _known(
        DOCS, active=True, protocol="msging", address="", port=10000, localaddress="", addscope="", typetag=False,
        splitbundle=False, splitmessage=False, bundletimestamp=False, callbacks="", maxlines=10,
    ),
    "textDAT": _known(DOCS, file="", syncfile=False, extension="dat") | _known(SCRIPTS, language="text"),
    "tableDAT": _known(DOCS, file="", syncfile=False),
    "executeDAT": _known(
        DOCS, active=True, start=False, create=False, exit=False, framestart=False, frameend=False
    ),
    "parameterexecuteDAT": _known(
        DOCS, active=True, op="", pars="*", custom=True, builtin=True, valuechange=False, valueschanged=False,
        onpulse=False, expressionchange=False, exportchange=False, enablechange=False, modechange=False,
    ),
}  # fmt: skip
NOT_LICENSED: set[str] = set()
"""Operator types that this licence refuses; tests put some in."""
DOCKED = {"oscinDAT", "scriptCHOP"}
"""Operator types that bring a DAT for their callbacks."""
INPUTS = {
    "inTOP": 0, "outTOP": 1, "outCHOP": 1, "scriptCHOP": 1, "switchTOP": 9, "syphonspoutoutTOP": 1,
    "sharedmemoutTOP": 1,
}  # fmt: skip
MENUS = {
    ("sharedmemoutTOP", "memtype"): ("local", "global"),
    ("sharedmeminTOP", "memtype"): ("local", "global"),
    ("baseCOMP", "nodeview"): ("default", "opviewer"),
}
CUSTOM_STYLES = ("Float", "Int", "Toggle", "Str", "StrMenu", "Menu", "Pulse", "Folder", "File", "DAT", "TOP", "RGB")
"""Of the methods of a page; Derivative's page of the Page class has each of them."""
REFERENCES = ("DAT", "TOP")
"""Styles whose value is an operator, by its path."""
SUFFIXES = {"RGB": ("r", "g", "b")}
"""Of several numbers side by side. Those of a Float of some size are 1, 2 and so on (`Page.styles`, the same page)."""
CUSTOM_NAME = re.compile(r"[A-Z][a-z0-9]*")
EMPTY: dict[str, Any] = {"Float": 0.0, "RGB": 0.0, "Int": 0, "Toggle": False, "Pulse": None}
PAR_ATTRIBUTES = {
    "val", "default", "label", "help", "readOnly", "startSection", "menuNames", "menuLabels", "min", "max", "clampMin",
    "clampMax", "normMin", "normMax", "expr", "mode",
}  # fmt: skip
CUSTOM_ONLY = PAR_ATTRIBUTES - {"val", "expr", "mode"}
"""What can be set of custom parameters alone."""
NUMBERS = ("Float", "Int", "RGB")
KINDS = {**dict.fromkeys(NUMBERS, (int, float)), "Toggle": (bool, int)}
KINDS |= dict.fromkeys(("Str", "StrMenu", "Folder", "File"), (str,))


class TdError(Exception):
    """TouchDesigner would have refused this."""


class ParMode(enum.Enum):
    CONSTANT = 0
    EXPRESSION = 1
    EXPORT = 2
    BIND = 3


class Par:
    """A parameter; setting what a real one does not have is an error."""

    def __init__(self, owner: Op, name: str, style: str, value: Any, choices: tuple[str, ...] | None = None) -> None:
        values = {
            "owner": owner, "name": name, "style": style, "_choices": choices, "_value": value, "default": value,
            "label": name, "help": "", "readOnly": False, "startSection": False, "menuNames": [], "menuLabels": [],
            "min": 0.0, "max": 1.0, "clampMin": False, "clampMax": False, "normMin": 0.0, "normMax": 1.0, "pulses": 0,
            "mode": ParMode.CONSTANT, "expr": "",
        }  # fmt: skip
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in PAR_ATTRIBUTES:
            raise TdError(f"a parameter has no attribute {name}")
        if name in CUSTOM_ONLY and self.style == "builtin":
            raise TdError(f"{self.owner.path}: {name} of {self.name} cannot be set, it is built in")
        if name == "val":
            self.__dict__["mode"] = ParMode.CONSTANT
            self._put(value)
            return
        if name == "expr":
            self.__dict__["mode"] = ParMode.EXPRESSION
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        if name == "val":
            return self.__dict__["_value"]
        raise AttributeError(f"a parameter has no attribute {name}")

    def eval(self) -> Any:
        if self.mode is ParMode.EXPRESSION:
            return eval(self.expr)
        if self.style in REFERENCES:
            return self.owner.neighbour(self._value) if self._value else None
        return self._value

    def pulse(self) -> None:
        if self.style not in ("Pulse", "builtin"):
            raise TdError(f"{self.name} is no pulse")
        self.__dict__["pulses"] += 1
        self.owner.pulsed(self)

    def destroy(self) -> None:
        if self.style == "builtin":
            raise TdError(f"{self.name} is built in and cannot be destroyed")
        del self.owner.par.__dict__["_pars"][self.name]
        for page in self.owner.customPages:
            page.pars[:] = [par for par in page.pars if par is not self]

    def _put(self, value: Any) -> None:
        choices = tuple(self.menuNames) if self.style == "Menu" else self._choices
        if self.style == "Pulse":
            raise TdError(f"{self.name} is a pulse and holds nothing")
        if choices is not None and value not in choices:
            raise TdError(f"{self.owner.path}: {self.name} has no choice {value!r}, only {choices}")
        if self.style in KINDS and not isinstance(value, KINDS[self.style]):
            raise TdError(f"{self.owner.path}: {self.name} ({self.style}) cannot hold {value!r}")
        if self.style in NUMBERS:
            value = max(value, self.min) if self.clampMin else value
            value = min(value, self.max) if self.clampMax else value
            value = int(value) if self.style == "Int" else float(value)
        changed = value != self._value
        self.__dict__["_value"] = value
        if self.owner.OPType == "baseCOMP" and self.name == "ext":
            self.owner.extension_blocks(int(value))
        if changed and self.style in CUSTOM_STYLES:
            self.owner.waiting[self.name] = self


class ParCollection:
    def __init__(self) -> None:
        self.__dict__["_pars"] = {}

    def __getattr__(self, name: str) -> Par:
        try:
            return self.__dict__["_pars"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Par:
        return self.__dict__["_pars"][name]

    def __setattr__(self, name: str, value: Any) -> None:
        getattr(self, name).val = value

    def __iter__(self) -> Iterator[Par]:
        return iter(self.__dict__["_pars"].values())


class Connector:
    def __init__(self, owner: Op) -> None:
        self.owner, self.connections = owner, []

    def connect(self, other: Connector) -> None:
        for old in other.connections:
            old.connections.remove(other)
        other.connections[:] = [self]
        if other not in self.connections:
            self.connections.append(other)

    def disconnect(self) -> None:
        for other in self.connections:
            other.connections.remove(self)
        self.connections.clear()


class Page:
    def __init__(self, comp: Op, name: str) -> None:
        self.name, self._comp, self.pars = name, comp, []

    def __getattr__(self, name: str) -> Any:
        style = name.removeprefix("append")
        if not name.startswith("append") or style not in CUSTOM_STYLES:
            raise AttributeError(f"a page has no method {name}")

        def append(parameter: str, label: str = "", size: int = 1) -> list[Par]:
            if size != 1 and style not in ("Float", "Int"):
                raise TdError(f"{style} has no size")
            if not CUSTOM_NAME.fullmatch(parameter):
                raise TdError(f"{parameter!r} is no custom parameter's name: a capital, then small letters and digits")
            numbered = tuple(str(number) for number in range(1, size + 1)) if size > 1 else ("",)
            return [self._append(parameter + suffix, style, label) for suffix in SUFFIXES.get(style, numbered)]

        return append

    def _append(self, name: str, style: str, label: str) -> Par:
        if name in self._comp.par.__dict__["_pars"]:
            raise TdError(f"there is a parameter {name} already")
        made = Par(self._comp, name, style, EMPTY.get(style, ""))
        made.label = label or name
        self._comp.par.__dict__["_pars"][name] = made
        self.pars.append(made)
        return made


class Cell:
    def __init__(self, val: str) -> None:
        self.val = val


class Op:
    """An operator of any kind; components hold others."""

    _next_id = 100

    def __init__(self, parent: Op | None, kind: str, name: str) -> None:
        Op._next_id += 1
        self.id, self.name, self.OPType, self._parent = Op._next_id, name, kind, parent
        self.valid = True
        self.children: dict[str, Op] = {}
        self.customPages: list[Page] = []
        self.nodeX = self.nodeY = 0
        self.par = ParCollection()
        for parameter, known in PARAMETERS.get(kind, {}).items():
            choices = MENUS.get((kind, parameter))
            self.par.__dict__["_pars"][parameter] = Par(self, parameter, "builtin", known.value, choices)
        self.inputConnectors = [Connector(self) for _ in range(INPUTS.get(kind, 0))]
        self.outputConnectors = [Connector(self)] if kind.endswith(("TOP", "CHOP")) else []
        self.viewer = False
        self.channels: dict[str, list[float]] = {}
        """Of a CHOP, as it cooked last."""
        self.numSamples = 0
        self.text = ""
        self._rows: list[list[str]] = []
        self._module: tuple[str, types.SimpleNamespace] | None = None
        self.saved: list[str] = []
        self._socket: socket.socket | None = None
        self.ext = types.SimpleNamespace()
        self.heard: list[Any] = []
        """For tests: what the user's callbacks were told."""
        self.waiting: dict[str, Par] = {}
        """Parameters that have changed since the last frame."""

    @property
    def path(self) -> str:
        return f"{self._parent.path.rstrip('/')}/{self.name}" if self._parent else f"/{self.name}"

    def parent(self) -> Any:
        return self._parent

    def op(self, path: str) -> Any:
        """A child, from a script."""
        name = path.removeprefix("./")
        return self if name == "." else self.children.get(name)

    def neighbour(self, path: str) -> Any:
        """What a path in a parameter of this operator means."""
        if path == "..":
            return self._parent
        if path.startswith("./"):
            return self.op(path)
        return None if self._parent is None else self._parent.op(path)

    def create(self, kind: str, name: str) -> Op:
        if kind not in PARAMETERS or kind in NOT_LICENSED:
            raise TdError(f"there is no operator type {kind}")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in self.children:
            raise TdError(f"{name!r} cannot be an operator's name, or is taken")
        made = self.children[name] = Op(self, kind, name)
        if kind in DOCKED:
            self.create("textDAT", f"{name}_callbacks").text = "# me - this DAT"
            if hasattr(made.par, "callbacks"):
                made.par.callbacks.val = f"{name}_callbacks"
        return made

    def destroy(self) -> None:
        for child in list(self.children.values()):
            child.destroy()
        self._end_extension()
        self.close()
        self.valid = False
        if self._parent is not None:
            self._parent.children.pop(self.name, None)

    def setInputs(self, sources: list[Op]) -> None:
        if len(sources) > len(self.inputConnectors):
            raise TdError(f"{self.path} takes {len(self.inputConnectors)} inputs")
        for connector in self.inputConnectors:
            connector.disconnect()
        for source, connector in zip(sources, self.inputConnectors, strict=False):
            source.outputConnectors[0].connect(connector)

    def appendCustomPage(self, name: str) -> Page:
        if any(page.name == name for page in self.customPages):
            raise TdError(f"there is a page {name} already")
        self.customPages.append(Page(self, name))
        return self.customPages[-1]

    def save(self, path: str) -> None:
        self.saved.append(path)
        if self.OPType.endswith("TOP"):
            Path(path).write_bytes(b"a picture")

    # Script CHOPs

    def cook(self, force: bool = False) -> None:
        """As a Script CHOP: its callbacks fill it."""
        if self.OPType != "scriptCHOP":
            raise TdError(f"{self.path}: nothing of ours cooks a {self.OPType}")
        self.neighbour(self.par.callbacks.eval()).module.onCook(self)

    def appendChan(self, name: str) -> list[float]:
        if self.OPType != "scriptCHOP" or name in self.channels:
            raise TdError(f"{self.path} takes no channel {name}")
        self.channels[name] = [0.0] * self.numSamples
        return self.channels[name]

    # DATs

    def clear(self) -> None:
        self._rows, self.channels = [], {}

    def appendRow(self, cells) -> None:
        self._rows.append([str(cell) for cell in cells])

    @property
    def numRows(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> list[Cell]:
        return [Cell(text) for text in self._rows[index]]

    def __getitem__(self, place: tuple[int, int]) -> Cell:
        return Cell(self._rows[place[0]][place[1]])

    @property
    def module(self) -> types.SimpleNamespace:
        """The DAT's text, run as a module once for each text it has; `me` is the DAT."""
        if self._module is None or self._module[0] != self.text:
            space: dict[str, Any] = {"me": self, "__name__": self.name}
            exec(compile(self.text, self.path, "exec"), space)
            self._module = (self.text, types.SimpleNamespace(**space))
        return self._module[1]

    def sendOSC(self, address: str, values: list[Any]) -> None:
        """As an OSC Out DAT: really sent, to where its parameters say."""
        if self.OPType != "oscoutDAT":
            raise TdError(f"{self.path} cannot send OSC")
        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.sendto(builder.build().dgram, (self.par.address.eval(), int(self.par.port.eval())))

    def receive_osc(self) -> None:
        """As an OSC In DAT: hand what has come to its callbacks, as TouchDesigner does once a frame."""
        port = int(self.par.port.eval())
        if self._socket is None or self._socket.getsockname()[1] != port:
            self.close()
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((self.par.localaddress.eval(), port))
            self._socket.setblocking(False)
        callbacks = self.neighbour(self.par.callbacks.eval()).module
        while True:
            try:
                packet, peer = self._socket.recvfrom(65536)
            except BlockingIOError:
                return
            for message in parse(packet):
                callbacks.onReceiveOSC(self, 0, "", packet, 0.0, message.address, list(message.arguments), peer)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    # What TouchDesigner does by itself

    def draw(self, frame: int) -> None:
        """One frame of a project with this component in it."""
        self.op("each_frame").module.onFrameStart(frame)
        self.op("osc_in").receive_osc()
        run_what_waits()
        self.tell_changes()

    def tell_changes(self) -> None:
        """To the Parameter Execute DAT, once a frame."""
        changed, self.waiting = self.waiting, {}
        for par in changed.values():
            self.op("changes").module.onValueChange(par, None)

    def pulsed(self, par: Par) -> None:
        if par.name == "reinitextensions":
            self._end_extension()
            space = {"op": self.neighbour, "me": self}
            setattr(self.ext, self.par.ext0name.eval(), eval(self.par.ext0object.eval(), space))
        else:
            self.op("changes").module.onPulse(par)

    def extension_blocks(self, number: int) -> None:
        """The sequence of the Extensions page."""
        for name in ("ext0object", "ext0name", "ext0promote") if number else ():
            if name not in self.par.__dict__["_pars"]:
                self.par.__dict__["_pars"][name] = Par(self, name, "builtin", "")

    def _end_extension(self) -> None:
        for extension in vars(self.ext).values():
            extension.onDestroyTD()

    def snapshot(self) -> dict[str, Any]:
        """All that can be seen of it, for comparison."""
        return {
            "type": self.OPType,
            "place": (self.nodeX, self.nodeY),
            "text": self.text,
            "rows": self._rows,
            "pars": {
                par.name: {name: par.__dict__[name] for name in (*sorted(PAR_ATTRIBUTES - {"val"}), "_value", "style")}
                for par in self.par
            },
            "pages": [(page.name, [par.name for par in page.pars]) for page in self.customPages],
            "viewer": self.viewer,
            "inputs": [[other.owner.name for other in connector.connections] for connector in self.inputConnectors],
            "children": {name: child.snapshot() for name, child in self.children.items()},
        }


_runs: list[list[Any]] = []


def run(script: str, *args: Any, delayFrames: int = 0, delayRef: Op | None = None) -> None:
    """As td.run, with frames for a delay. delayRef: whose frames are counted."""
    if delayRef is None:
        raise TdError("frames of a component that is deleted are never counted; give delayRef")
    _runs.append([delayFrames, script, args])


def run_what_waits() -> None:
    """One frame passes."""
    for waiting in list(_runs):
        waiting[0] -= 1
        if waiting[0] <= 0:
            _runs.remove(waiting)
            exec(waiting[1], {"args": waiting[2]})


class Ui:
    """As td.ui, of which `viewFile` is known: it opens a file or an address in the system's program for it."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def viewFile(self, path: str, showInFolder: bool = False) -> None:
        self.opened.append(path)


td = types.ModuleType("td")
td.__dict__.update(
    run=run, ParMode=ParMode, ui=Ui(), op=types.SimpleNamespace(TDResources=Op(None, "baseCOMP", "TDResources"))
)
sys.modules["td"] = td
