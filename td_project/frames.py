"""The operators that carry frames to the backend and back: what they are called, and which of them run."""

from __future__ import annotations

SENDERS = {"frames": "", "mask": "mask_", "control": "control_"}
"""What the names of the operators that send begin with, by what they send."""
INPUT = 0
PICK = {"": INPUT, "spout": 1, "memory": 2}
"""Inputs of the switch in front of the Out TOP, by how frames travel."""


def name_operators(comp, wiring) -> None:
    """Call them as the backend that is about to start will look for them, and as it will call its own output."""
    for what, before in SENDERS.items():
        _set(comp, f"{before}spout_out", "sendername", wiring.senders[what])
        _set(comp, f"{before}memory_out", "name", wiring.senders[what])
    _set(comp, "spout_in", "sendername", wiring.senders["output"])
    _set(comp, "memory_in", "name", wiring.senders["output"])


def route(comp, transport: str, ready: bool, wants) -> None:
    """Frames go out while a backend runs, and come in once it has said a word; else the input is shown.

    transport: how they travel, "spout" or "memory"; "" while there is none to send them to. ready: whether it has said
    a word. wants(what): whether the "mask" or the "control" is in use.
    """
    comp.op("pick").par.index.val = PICK[transport] if ready else INPUT
    for what, before in SENDERS.items():
        wanted = what == "frames" or wants(what)
        for kind in ("spout", "memory"):
            _set(comp, f"{before}{kind}_out", "active", transport == kind and wanted)


def _set(comp, operator: str, parameter: str, value) -> None:
    """Of an operator that not every licence has."""
    if comp.op(operator) is not None:
        comp.op(operator).par[parameter].val = value
