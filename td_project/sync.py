"""Keeps the component's parameters and the backend's values the same: what the user changes is sent, what others change
is shown, and what was shown is not sent back.
"""
# `me` is this DAT, given by TouchDesigner.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false

from __future__ import annotations

import time
from pathlib import Path

import td  # pyright: ignore[reportMissingImports]  TouchDesigner's own

values = me.parent().op("values").module

OWN_INPUTS = {"/vace/mask/source": ("input2", "mask"), "/vace/control/source": ("input3", "control")}
"""What a menu calls the component's own input, and what goes there, by the control that names it."""
PRESETS, BANK, SAVE, SOURCE = "/vace/preset/list", "/vace/prompt/bank/", "/vace/preset/save", "/vace/source"


class Sync:
    """send(address, *arguments): sends a message to the backend."""

    def __init__(self, comp, send) -> None:
        self._comp, self._send = comp, send
        self._rows = self._read_rows()
        self._parts = {name: row for row in self._rows.values() for name in self._names(row)}
        shown = (row for row in self._rows.values() if row["role"] in ("value", "event", "trigger"))
        self._by_address = {row["address"]: row for row in shown}
        self._received: dict[str, object] = {}
        self._changed: dict[str, dict] = {}
        self.wiring = None
        """Of the backend that runs, for the addresses of our own inputs."""

    def __contains__(self, address: str) -> bool:
        return address in self._by_address

    def send_all(self) -> None:
        """A backend that has just begun takes the project's values."""
        for row in self._rows.values():
            if row["role"] == "value" and row["address"] != SOURCE:
                self._tell(row, self._value(row))
        self._send(PRESETS)

    def send_changed(self) -> None:
        """What consists of several numbers, once a frame."""
        changed, self._changed = self._changed, {}
        for name, row in changed.items():
            value = self._value(row)
            if name not in self._received or not values.same(self._received.pop(name), value):
                self._tell(row, value)

    def changed(self, par) -> None:
        """The user has moved a parameter, or `apply` has."""
        row = self._parts.get(par.name)
        if row is None or row["role"] != "value":
            return
        if row["parts"]:  # the others may change with it, in this frame
            self._changed[row["name"]] = row
            return
        value = par.eval()
        if par.name in self._received and values.same(self._received.pop(par.name), value):
            return
        self._tell(row, value)

    def pulsed(self, par, folder: Path) -> str:
        """The user has pressed a control's button; why nothing was sent, "" if something was. folder: for pictures."""
        row = self._rows.get(par.name)
        if row is None:
            return ""
        address = row["address"]
        if row["role"] == "take":
            return self._take_picture(row, folder)
        if row["role"] == "send":
            held = self._by_address[address]
            self._tell(held, self._value(held))
            if address == SAVE:
                self._send(PRESETS)
        elif row["role"] == "slot":
            self._send(address, int(row["sends"]) if row["kind"] == "int" else row["sends"])
        else:
            self._send(address, 1)
            self._send(address, 0)
        return ""

    def apply(self, address: str, args) -> None:
        """Show a value that the backend has, if it is another one."""
        row = self._by_address[address]
        pars = [self._comp.par[name] for name in self._names(row)]
        # To set a parameter takes the user's expression, export or binding away.
        if row["role"] != "value" or any(par.mode != td.ParMode.CONSTANT for par in pars):
            return
        value = values.shown(row["kind"], args, len(pars) if row["parts"] else 0)
        if address.startswith(BANK):
            self._label_look(address[len(BANK) :], str(value))
        if address in OWN_INPUTS and self.wiring is not None:
            word, what = OWN_INPUTS[address]
            value = word if value == self.wiring.address(what) else value
        if value is None or values.same(self._value(row), value):
            return
        self._received[row["name"]] = value
        for par, each in zip(pars, value if row["parts"] else (value,)):
            par.val = each

    def wants(self, what: str) -> bool:
        """Whether the second ("mask") or third ("control") input is in use."""
        found = (address for address, (_, carried) in OWN_INPUTS.items() if carried == what)
        row = self._by_address.get(next(found))
        return row is not None and self._value(row) == OWN_INPUTS[row["address"]][0]

    def list_presets(self, names: list[str]) -> None:
        """What the menu of presets offers from now on."""
        par = self._comp.par.Presetgo
        par.menuNames, par.menuLabels = names, names

    def _tell(self, row: dict, value) -> None:
        if row["address"] in OWN_INPUTS and self.wiring is not None:
            word, what = OWN_INPUTS[row["address"]]
            value = self.wiring.address(what) if value == word else value
        self._send(row["address"], *values.arguments(row["kind"], value))

    def _take_picture(self, row: dict, folder: Path) -> str:
        """Save what a TOP shows, under a new name each time, and send the path."""
        top = self._comp.par[row["name"][: -len("take")] + "top"].eval()
        if top is None:
            return f"{row['address']}: choose a TOP first, at the parameter above the button"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{row['name'].lower()}-{self._comp.id}-{time.time_ns()}.png"
        top.save(str(path))
        self._send(row["address"], str(path))
        return ""

    def _names(self, row: dict) -> list[str]:
        """The parameters that a row stands for."""
        return [row["name"] + part for part in row["parts"].split()] if row["parts"] else [row["name"]]

    def _value(self, row: dict):
        found = tuple(self._comp.par[name].eval() for name in self._names(row))
        return found if row["parts"] else found[0]

    def _label_look(self, slot: str, text: str) -> None:
        """The button of a slot of the bank says what is in it."""
        button = getattr(self._comp.par, f"Look{slot}", None)
        if button is not None:
            button.label = f"{slot}: {text}" if text else f"Look {slot}"

    def _read_rows(self) -> dict[str, dict]:
        """Of the table DAT that the builder has filled, by parameter name."""
        table = self._comp.op("controls")
        names = [cell.val for cell in table.row(0)]
        rows = (dict(zip(names, (cell.val for cell in table.row(i)))) for i in range(1, table.numRows))
        return {row["name"]: row for row in rows}
