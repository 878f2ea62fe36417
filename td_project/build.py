"""Builds the VACE Live component inside TouchDesigner. Run it once, in the Textport, with the folder's real path:

    import runpy; runpy.run_path('C:/vace-live/td_project/build.py')['build'](op('/project1'))

Running it again brings an existing component up to date: wires, values and your callbacks stay.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from parameters import Spec, specs  # noqa: E402  found beside this file, wherever that is

NAME = "vace_live"
VERSION = "0.3"

# name, type, place. Their parameters are set below.
OPERATORS = (
    ("in1", "inTOP", (-600, 200)),
    ("spout_out", "syphonspoutoutTOP", (-400, 200)),
    ("memory_out", "sharedmemoutTOP", (-400, 50)),
    ("spout_in", "syphonspoutinTOP", (-200, 200)),
    ("memory_in", "sharedmeminTOP", (-200, 50)),
    ("pick", "switchTOP", (0, 200)),
    ("out1", "outTOP", (200, 200)),
    ("osc_out", "oscoutDAT", (-600, -150)),
    ("osc_in", "oscinDAT", (-400, -150)),
    ("osc_in_callbacks", "textDAT", (-400, -300)),
    ("changes", "parameterexecuteDAT", (-200, -150)),
    ("each_frame", "executeDAT", (0, -150)),
    ("deletion", "opexecuteDAT", (200, -150)),
    ("controls", "tableDAT", (-600, -450)),
    ("extension", "textDAT", (-400, -450)),
    ("callbacks", "textDAT", (-200, -450)),
)
WIRES = (
    ("in1", "spout_out", 0),
    ("in1", "memory_out", 0),
    ("spout_in", "pick", 0),
    ("memory_in", "pick", 1),
    ("pick", "out1", 0),
)
TEXTS = {
    "osc_in_callbacks": "dats/osc_in.py",
    "changes": "dats/changes.py",
    "each_frame": "dats/each_frame.py",
    "deletion": "dats/deletion.py",
    "extension": "extension.py",
}
SETTINGS: dict[str, dict[str, object]] = {
    "spout_out": {"active": True, "sendername": "vace-in"},
    "spout_in": {"usespoutactivesender": False, "sendername": "vace-out"},
    "memory_out": {"active": False, "name": "vace-in", "memtype": "local"},
    "memory_in": {"active": False, "name": "vace-out", "memtype": "local"},
    "osc_out": {"active": True, "address": "127.0.0.1", "port": 9000},
    "osc_in": {"active": True, "localaddress": "127.0.0.1", "port": 9010, "callbacks": "osc_in_callbacks"},
    "changes": {
        "active": True,
        "op": "..",
        "pars": "*",
        "custom": True,
        "builtin": False,
        "valuechange": True,
        "onpulse": True,
    },
    "each_frame": {"active": True, "start": True, "framestart": True, "exit": True},
    "deletion": {"active": True, "op": "..", "destroy": True},
}
LONGEST_SLIDER = 1000.0
TABLE_HEAD = ("name", "address", "kind")


class BuildError(Exception):
    """TouchDesigner has something under another name than this builder knows; the message says what and where."""


def build(parent, folder: str = "", save: bool = True):
    """Make or update the component in `parent`; returns it.

    folder: where VACE Live is (default: the folder above this file's). save: also write vace_live.tox beside this file.
    """
    rows = json.loads((HERE / "controls.json").read_text(encoding="utf-8"))["controls"]
    wanted = specs(rows)
    comp = parent.op(NAME) or parent.create("baseCOMP", NAME)
    for name, kind, place in OPERATORS:
        _operator(comp, name, kind, place)
    for source, target, index in WIRES:
        comp.op(source).outputConnectors[0].connect(comp.op(target).inputConnectors[index])
    for name, file in TEXTS.items():
        comp.op(name).text = (HERE / file).read_text(encoding="utf-8")
    if not comp.op("callbacks").text:
        comp.op("callbacks").text = (HERE / "dats" / "callbacks.py").read_text(encoding="utf-8")
    for name, settings in SETTINGS.items():
        for parameter, value in settings.items():
            _set(comp.op(name), value, parameter)
    _fill(comp.op("controls"), wanted)
    _session_pages(comp, folder or str(HERE.parent))
    for spec in wanted:
        _parameter(comp, spec)
    _about(comp)
    _extend(comp)
    if save:
        comp.save(str(HERE / f"{NAME}.tox"))
    return comp


def _operator(comp, name: str, kind: str, place: tuple[int, int]) -> None:
    """Keep what is there: destroying the Out TOP would cut the user's wires."""
    node = comp.op(name)
    if node is not None and node.OPType != kind:
        raise BuildError(f"{node.path} is a {node.OPType}, this builder makes a {kind}; rename yours and run it again")
    node = node or comp.create(kind, name)
    node.nodeX, node.nodeY = place


def _set(node, value, *names: str) -> None:
    """Set the first parameter of these names that the operator has: names have moved between builds."""
    for name in names:
        parameter = getattr(node.par, name, None)
        if parameter is not None:
            parameter.val = value
            return
    raise BuildError(
        f"{node.path} ({node.OPType}) has no parameter {' or '.join(names)} in this build of TouchDesigner; "
        f"please report this with the build's number"
    )


def _fill(table, wanted: list[Spec]) -> None:
    """What the extension reads: which parameter is which address."""
    table.clear()
    table.appendRow(TABLE_HEAD)
    for spec in wanted:
        table.appendRow((spec.name, spec.address, spec.kind))


def _session_pages(comp, folder: str) -> None:
    page = _page(comp, "VACE Live")
    for name in ("Start", "Stop", "Restart", "Install"):
        _custom(comp, page, "Pulse", name, name, section=name == "Start")
    _custom(comp, page, "Str", "State", "State", "stopped", read_only=True, section=True)
    for name, label in (("Outputfps", "Output fps"), ("Enginefps", "Engine fps"), ("Latency", "Latency, ms")):
        _custom(comp, page, "Float", name, label, 0.0, read_only=True)
    _custom(comp, page, "Str", "Lasterror", "Last error", "", read_only=True)
    _custom(comp, page, "Str", "Lastline", "Log", "", read_only=True)
    transports = {"spout": "Spout", "memory": "Shared memory"}
    _custom(comp, page, "Menu", "Transport", "Frames through", "spout", choices=transports, section=True)
    _custom(comp, page, "Toggle", "Followclock", "Keep this project's clock", True)
    _custom(comp, page, "Toggle", "Startwithproject", "Start with the project", False)
    _custom(comp, page, "Folder", "Folder", "VACE Live's folder", folder, section=True)
    _custom(comp, page, "File", "Python", "Python (empty: the system's)", "")
    _custom(comp, page, "Str", "Pipeline", "Pipeline", "pocket")
    for name, label in (("Width", "Width (0: the pipeline's)"), ("Height", "Height (0: the pipeline's)")):
        _custom(comp, page, "Int", name, label, 0)
    _custom(comp, page, "Int", "Oscport", "OSC port (0: any free one)", 0)
    _custom(comp, page, "Int", "Panelport", "Panel's port (0: no panel)", 8080)
    callbacks = _page(comp, "Callbacks")
    _custom(comp, callbacks, "DAT", "Callbackdat", "Callbacks", "callbacks")


def _parameter(comp, spec: Spec) -> None:
    """The custom parameter of a control; an existing one keeps its value, if its range still allows that."""
    value = None if spec.style == "Pulse" else spec.default
    choices = {choice: choice.capitalize() for choice in spec.choices}
    par = _custom(
        comp, _page(comp, spec.page), spec.style, spec.name, spec.label, value, choices=choices, help=spec.help
    )
    if value is not None:
        par.default = value
    if spec.low is not None and spec.high is not None:
        par.min, par.max, par.clampMin, par.clampMax = spec.low, spec.high, True, True
        par.normMin, par.normMax = spec.low, min(spec.high, LONGEST_SLIDER)


def _about(comp) -> None:
    page = _page(comp, "About")
    version = _custom(comp, page, "Str", "Version", "Version", VERSION, read_only=True)
    version.val = VERSION


def _extend(comp) -> None:
    """Give the component its extension, under the names that this or an older build has for it."""
    _set(comp, "op('./extension').module.VaceLive(me)", "ext0object", "extension1")
    _set(comp, "VaceLive", "ext0name", "extname1")
    _set(comp, True, "ext0promote", "promoteextension1")
    comp.par.reinitextensions.pulse()


def _page(comp, name: str):
    return next((page for page in comp.customPages if page.name == name), None) or comp.appendCustomPage(name)


def _custom(
    comp,
    page,
    style: str,
    name: str,
    label: str,
    value: object = None,
    choices: dict[str, str] | None = None,
    read_only: bool = False,
    section: bool = False,
    help: str = "",  # noqa: A002 as the parameter's attribute is called
):
    """A custom parameter, made if it is not there yet; only a new one is given `value`. choices: a menu's, labelled."""
    par = getattr(comp.par, name, None)
    fresh = par is None
    if par is None:
        par = getattr(page, f"append{style}")(name, label=label)[0]
    elif par.style != style:
        raise BuildError(f"{comp.path} has a parameter {name} of style {par.style}, and this builder makes a {style}")
    if choices:
        par.menuNames, par.menuLabels = list(choices), list(choices.values())
    if fresh and value is not None:
        par.default = value
        par.val = value
    par.label, par.readOnly, par.startSection, par.help = label, read_only, section, help
    return par
