"""A strict stand-in for TouchDesigner: it knows what the component uses, by its real name, and refuses all else.

Each name below has its source: F is `facts`, names in Derivative's pages or in build scripts that others run live;
M is from memory of the documentation, and wants one look in a real TouchDesigner.
"""

from __future__ import annotations

import re
import socket
import types
from collections.abc import Iterator
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.control.packets import parse

COMMON = {"active": True}
PARAMETERS: dict[str, dict[str, Any]] = {
    "baseCOMP": {
        "ext0object": "", "ext0name": "", "ext0promote": False, "reinitextensions": None,  # F (TD 2023 and later)
        "parentshortcut": "", "externaltox": "",  # F
    },
    "inTOP": {"label": ""},  # M
    "outTOP": {"label": ""},  # M
    "switchTOP": {"index": 0, "blend": False},  # M
    "syphonspoutoutTOP": {**COMMON, "sendername": ""},  # F: many build scripts
    "syphonspoutinTOP": {"usespoutactivesender": True, "sendername": ""},  # F: scripts tested on 2025.33070
    "sharedmemoutTOP": {**COMMON, "name": "", "memtype": "global", "downloadtype": "nextframe"},  # F
    "sharedmeminTOP": {**COMMON, "name": "", "memtype": "global"},  # F
    "oscoutDAT": {**COMMON, "protocol": "msging", "address": "localhost", "port": 10000, "localaddress": ""},  # F
    "oscinDAT": {
        **COMMON, "protocol": "msging", "port": 10000, "localaddress": "", "addscope": "", "callbacks": "",
        "maxlines": 10, "splitbundle": False, "splitmessage": False, "typetag": False, "bundletimestamp": False,
    },  # F
    "textDAT": {"file": "", "syncfile": False},  # M
    "tableDAT": {"file": ""},  # M
    "executeDAT": {
        **COMMON, "start": False, "create": False, "exit": False, "framestart": False, "frameend": False,
    },  # F
    "parameterexecuteDAT": {
        **COMMON, "op": "", "pars": "*", "custom": True, "builtin": True, "valuechange": False, "onpulse": False,
    },  # F
    "opexecuteDAT": {**COMMON, "op": "", "destroy": False},  # F
}  # fmt: skip
INPUTS = {"inTOP": 0, "outTOP": 1, "switchTOP": 9, "syphonspoutoutTOP": 1, "sharedmemoutTOP": 1}
MENUS = {("sharedmemoutTOP", "memtype"): ("local", "global"), ("sharedmeminTOP", "memtype"): ("local", "global")}
CUSTOM_STYLES = ("Float", "Int", "Toggle", "Str", "Menu", "Pulse", "Folder", "File", "DAT")
CUSTOM_NAME = re.compile(r"[A-Z][a-z0-9]*")
PAR_ATTRIBUTES = {
    "val", "default", "label", "help", "readOnly", "startSection", "menuNames", "menuLabels", "min", "max", "clampMin",
    "clampMax", "normMin", "normMax",
}  # fmt: skip


class TdError(Exception):
    """TouchDesigner would have refused this."""


class Par:
    """A parameter; setting what a real one does not have is an error."""

    def __init__(self, owner: Op, name: str, style: str, value: Any, choices: tuple[str, ...] | None = None) -> None:
        values = {
            "owner": owner, "name": name, "style": style, "_choices": choices, "_value": value, "default": value,
            "label": name, "help": "", "readOnly": False, "startSection": False, "menuNames": [], "menuLabels": [],
            "min": 0.0, "max": 1.0, "clampMin": False, "clampMax": False, "normMin": 0.0, "normMax": 1.0, "pulses": 0,
        }  # fmt: skip
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in PAR_ATTRIBUTES:
            raise TdError(f"a parameter has no attribute {name}")
        if name == "val":
            self._put(value)
        else:
            self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        if name == "val":
            return self.__dict__["_value"]
        raise AttributeError(f"a parameter has no attribute {name}")

    def eval(self) -> Any:
        if self.style == "DAT":
            return self.owner.op(self._value) if self._value else None
        return self._value

    def pulse(self) -> None:
        if self.style not in ("Pulse", "builtin"):
            raise TdError(f"{self.name} is no pulse")
        self.__dict__["pulses"] += 1
        self.owner.pulsed(self)

    def _put(self, value: Any) -> None:
        choices = tuple(self.menuNames) if self.style == "Menu" else self._choices
        if self.style == "Pulse":
            raise TdError(f"{self.name} is a pulse and holds nothing")
        if choices is not None and value not in choices:
            raise TdError(f"{self.owner.path}: {self.name} has no choice {value!r}, only {choices}")
        kinds = {"Float": (int, float), "Int": (int, float), "Toggle": (bool, int), "Str": (str,), "Folder": (str,)}
        if self.style in kinds and not isinstance(value, kinds[self.style]):
            raise TdError(f"{self.owner.path}: {self.name} ({self.style}) cannot hold {value!r}")
        if self.style in ("Float", "Int"):
            value = max(value, self.min) if self.clampMin else value
            value = min(value, self.max) if self.clampMax else value
            value = int(value) if self.style == "Int" else float(value)
        changed = value != self._value
        self.__dict__["_value"] = value
        if changed:
            self.owner.changed(self)


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


class Page:
    def __init__(self, comp: Op, name: str) -> None:
        self.name, self._comp, self.pars = name, comp, []

    def __getattr__(self, name: str) -> Any:
        style = name.removeprefix("append")
        if not name.startswith("append") or style not in CUSTOM_STYLES:
            raise AttributeError(f"a page has no method {name}")

        def append(parameter: str, label: str = "") -> list[Par]:
            if not CUSTOM_NAME.fullmatch(parameter):
                raise TdError(f"{parameter!r} is no custom parameter's name: a capital, then small letters and digits")
            if parameter in self._comp.par.__dict__["_pars"]:
                raise TdError(f"there is a parameter {parameter} already")
            empty: dict[str, Any] = {"Float": 0.0, "Int": 0, "Toggle": False, "Pulse": None}
            made = Par(self._comp, parameter, style, empty.get(style, ""))
            made.label = label or parameter
            self._comp.par.__dict__["_pars"][parameter] = made
            self.pars.append(made)
            return [made]

        return append


class Cell:
    def __init__(self, val: str) -> None:
        self.val = val


class Op:
    """An operator of any kind; components hold others."""

    _next_id = 100

    def __init__(self, parent: Op | None, kind: str, name: str) -> None:
        Op._next_id += 1
        self.id, self.name, self.OPType, self._parent = Op._next_id, name, kind, parent
        self.children: dict[str, Op] = {}
        self.customPages: list[Page] = []
        self.nodeX = self.nodeY = 0
        self.par = ParCollection()
        for parameter, value in PARAMETERS.get(kind, {}).items():
            choices = MENUS.get((kind, parameter))
            self.par.__dict__["_pars"][parameter] = Par(self, parameter, "builtin", value, choices)
        self.inputConnectors = [Connector(self) for _ in range(INPUTS.get(kind, 0))]
        self.outputConnectors = [Connector(self)] if kind.endswith("TOP") else []
        self.text = ""
        self._rows: list[list[str]] = []
        self.saved: list[str] = []
        self._socket: socket.socket | None = None
        self.ext = types.SimpleNamespace()
        self.heard: list[Any] = []
        """For tests: what the user's callbacks were told."""
        self.live = False
        """Whether changes and pulses call the callbacks, as they do once the project runs."""

    @property
    def path(self) -> str:
        return f"{self._parent.path.rstrip('/')}/{self.name}" if self._parent else f"/{self.name}"

    def parent(self) -> Any:
        return self._parent

    def op(self, path: str) -> Any:
        name = path.removeprefix("./")
        return self if name == "." else self.children.get(name)

    def create(self, kind: str, name: str) -> Op:
        if kind not in PARAMETERS:
            raise TdError(f"there is no operator type {kind}")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in self.children:
            raise TdError(f"{name!r} cannot be an operator's name, or is taken")
        made = self.children[name] = Op(self, kind, name)
        return made

    def appendCustomPage(self, name: str) -> Page:
        if any(page.name == name for page in self.customPages):
            raise TdError(f"there is a page {name} already")
        self.customPages.append(Page(self, name))
        return self.customPages[-1]

    def save(self, path: str) -> None:
        self.saved.append(path)

    # DATs

    def clear(self) -> None:
        self._rows = []

    def appendRow(self, cells) -> None:
        self._rows.append([str(cell) for cell in cells])

    @property
    def numRows(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> list[Cell]:
        return [Cell(text) for text in self._rows[index]]

    @property
    def module(self) -> types.SimpleNamespace:
        """The DAT's text, run as a module; `me` is the DAT."""
        space: dict[str, Any] = {"me": self, "__name__": self.name}
        exec(compile(self.text, self.path, "exec"), space)
        return types.SimpleNamespace(**space)

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
        callbacks = self.parent().op(self.par.callbacks.eval()).module
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

    def pulsed(self, par: Par) -> None:
        if par.name == "reinitextensions":
            expression = self.par.ext0object.eval()
            space = {"op": self.op, "me": self}
            setattr(self.ext, self.par.ext0name.eval(), eval(expression, space))
        elif self.live:
            self.children["changes"].module.onPulse(par)

    def changed(self, par: Par) -> None:
        if self.live and par.style in CUSTOM_STYLES:
            self.children["changes"].module.onValueChange(par, None)

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
            "inputs": [[other.owner.name for other in connector.connections] for connector in self.inputConnectors],
            "children": {name: child.snapshot() for name, child in self.children.items()},
        }
