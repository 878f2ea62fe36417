"""Builds the VACE Live component inside TouchDesigner. Run it once, in the Textport, with the folder's real path:

    import runpy; runpy.run_path('C:/vace-live/td_project/build.py')['build'](op('/project1'))

Running it again brings an existing component up to date, also while it runs: wires, values and your callbacks stay.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parameters import Spec

HERE = Path(__file__).resolve().parent
# Run from its path rather than imported, so that TouchDesigner keeps no old copy of it, and no name of ours.
specs = runpy.run_path(str(HERE / "parameters.py"))["specs"]

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
    ("log", "textDAT", (200, -150)),
    ("controls", "tableDAT", (-600, -450)),
    ("extension", "textDAT", (-400, -450)),
    ("callbacks", "textDAT", (-200, -450)),
)
NOT_EVERYWHERE = {"sharedmemoutTOP", "sharedmeminTOP"}
"""The Non-Commercial licence has none of these."""
INPUTS = {
    "spout_out": ("in1",),
    "memory_out": ("in1",),
    "pick": ("in1", "spout_in", "memory_in"),
    "out1": ("pick",),
}
TEXTS = {
    "osc_in_callbacks": "dats/osc_in.py",
    "changes": "dats/changes.py",
    "each_frame": "dats/each_frame.py",
    "extension": "extension.py",
}
SETTINGS: dict[str, dict[str, object]] = {
    "spout_in": {"usespoutactivesender": False},
    "memory_out": {"memtype": "local"},
    "memory_in": {"memtype": "local"},
    "osc_out": {"active": True, "address": "127.0.0.1"},
    "osc_in": {"active": True, "localaddress": "127.0.0.1", "callbacks": "osc_in_callbacks"},
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
}
FIRST_SETTINGS: dict[str, dict[str, object]] = {
    "spout_out": {"active": False, "sendername": "vace-in"},
    "spout_in": {"sendername": "vace-out"},
    "memory_out": {"active": False, "name": "vace-in"},
    "memory_in": {"name": "vace-out"},
    "osc_out": {"port": 9000},
    "osc_in": {"port": 9010},
}
"""For new operators only: the extension changes these with every start."""
LONGEST_SLIDER = 1000.0
TABLE_HEAD = ("name", "address", "kind", "role")


class BuildError(Exception):
    """TouchDesigner has something under another name than this builder knows; the message says what and where."""


def build(parent, folder: str = "", save: bool = True):
    """Make or update the component in `parent`; returns it.

    folder: where VACE Live is (default: the folder above this file's). save: also write vace_live.tox beside this file.
    """
    rows = json.loads((HERE / "controls.json").read_text(encoding="utf-8"))["controls"]
    wanted = specs(rows)
    present = parent.op(NAME)
    comp = present or parent.create("baseCOMP", NAME)
    fresh = {name for name, kind, _ in OPERATORS if _made(comp, name, kind)}
    for name, _, place in OPERATORS:
        if present is None and comp.op(name) is not None:
            comp.op(name).nodeX, comp.op(name).nodeY = place
    for name, sources in INPUTS.items():
        if name in fresh:  # what the user has put in between since stays
            comp.op(name).setInputs([comp.op(source) for source in sources if comp.op(source)])
    for name, file in TEXTS.items():
        comp.op(name).text = (HERE / file).read_text(encoding="utf-8")
    if not comp.op("callbacks").text:
        comp.op("callbacks").text = (HERE / "dats" / "callbacks.py").read_text(encoding="utf-8")
    _settings(comp, SETTINGS)
    _settings(comp, {name: settings for name, settings in FIRST_SETTINGS.items() if name in fresh})
    _session_page(comp, folder or str(HERE.parent))
    _controls(comp, wanted)
    _last_pages(comp)
    _extend(comp)
    if save:
        comp.save(str(HERE / f"{NAME}.tox"))
    return comp


def _made(comp, name: str, kind: str) -> bool:
    """Make an operator, or keep it: destroying the Out TOP would cut the user's wires. Whether it is new."""
    node = comp.op(name)
    if node is not None:
        if node.OPType != kind:
            raise BuildError(f"{node.path} is a {node.OPType}, this builder makes a {kind}; rename yours, run it again")
        return False
    try:
        comp.create(kind, name)
    except Exception as reason:  # of a kind of its own, which only TouchDesigner has
        if kind in NOT_EVERYWHERE:
            return False
        raise BuildError(f"{comp.path}: this build of TouchDesigner makes no {kind} ({reason})") from reason
    return True


def _settings(comp, wanted: dict[str, dict[str, object]]) -> None:
    for name, settings in wanted.items():
        node = comp.op(name)
        for parameter, value in settings.items() if node is not None else ():
            _set(node, value, parameter)


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


def _session_page(comp, folder: str) -> None:
    page = _page(comp, "VACE Live")
    for name in ("Start", "Stop", "Restart", "Install"):
        _custom(comp, page, "Pulse", name, name, section=name == "Start")
    _custom(comp, page, "Toggle", "Active", "Active (off: the input as it is)", True)
    _custom(comp, page, "Str", "State", "State", "stopped", read_only=True, section=True)
    for name, label in (("Outputfps", "Output fps"), ("Enginefps", "Engine fps"), ("Latency", "Latency, ms")):
        _custom(comp, page, "Float", name, label, 0.0, read_only=True)
    _custom(comp, page, "Str", "Lasterror", "Last error", "", read_only=True)
    _custom(comp, page, "Str", "Lastline", "Log", "", read_only=True)
    transports = {"spout": "Spout"}
    if comp.op("memory_in") is not None and comp.op("memory_out") is not None:
        transports["memory"] = "Shared memory"
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


def _controls(comp, wanted: list[Spec]) -> None:
    """The parameters of the table's rows, and the table DAT by which the extension knows which one is which address."""
    table = comp.op("controls")
    ours = {table[row, 0].val for row in range(1, table.numRows)}
    for name in sorted(ours - {spec.name for spec in wanted}):  # the control is no more
        if getattr(comp.par, name, None) is not None:
            getattr(comp.par, name).destroy()
    for spec in wanted:
        if spec.name not in ours and getattr(comp.par, spec.name, None) is not None:
            raise BuildError(f"{comp.path} has a parameter {spec.name} already, which {spec.address} needs")
    table.clear()
    table.appendRow(TABLE_HEAD)
    for spec in wanted:
        table.appendRow((spec.name, spec.address, spec.kind, spec.role))
        _control(comp, spec)


def _control(comp, spec: Spec) -> None:
    """The parameter of a control; an existing one keeps its value, as far as its range still allows that."""
    present = getattr(comp.par, spec.name, None)
    if present is not None and present.style != spec.style:
        present.destroy()  # the control is of another type now
    value = None if spec.style == "Pulse" else spec.default
    choices = {choice: choice.capitalize() for choice in spec.choices}
    page = _page(comp, spec.page)
    par = _custom(
        comp, page, spec.style, spec.name, spec.label, value, choices=choices, section=spec.section, help=spec.help
    )
    if value is not None:
        par.default = value
    if spec.low is not None and spec.high is not None:
        par.min, par.max, par.clampMin, par.clampMax = spec.low, spec.high, True, True
        par.normMin, par.normMax = spec.low, min(spec.high, LONGEST_SLIDER)


def _last_pages(comp) -> None:
    _custom(comp, _page(comp, "Callbacks"), "DAT", "Callbackdat", "Callbacks", "./callbacks")
    version = _custom(comp, _page(comp, "About"), "Str", "Version", "Version", VERSION, read_only=True)
    version.val = VERSION


def _extend(comp) -> None:
    """Give the component its extension, under the names that this or an older build has for it."""
    if getattr(comp.par, "ext0object", None) is None and getattr(comp.par, "ext", None) is not None:
        comp.par.ext.val = 1  # a sequence without a block
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
