"""Builds the VACE Live component inside TouchDesigner. Run it once, in the Textport, with the folder's real path:

    import runpy; runpy.run_path('C:/vace-live/td_project/build.py')['build'](op('/project1'))

Running it again brings an existing component up to date, also while it runs: wires, values and your callbacks stay.
"""

from __future__ import annotations

import json
import runpy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parameters import Spec

HERE = Path(__file__).resolve().parent
# Run from its path rather than imported, so that TouchDesigner keeps no old copy of it, and no name of ours.
specs = runpy.run_path(str(HERE / "parameters.py"))["specs"]
session = runpy.run_path(str(HERE / "session.py"))

NAME = "vace_live"
VERSION = "0.3"

network = runpy.run_path(str(HERE / "network.py"))
OPERATORS, NOT_EVERYWHERE, INPUTS = network["OPERATORS"], network["NOT_EVERYWHERE"], network["INPUTS"]
TEXTS, SETTINGS, FIRST_SETTINGS = network["TEXTS"], network["SETTINGS"], network["FIRST_SETTINGS"]
LONGEST_SLIDER = 1000.0
TABLE_HEAD = ("name", "address", "kind", "role", "parts", "sends")
PAGES = ("VACE Live", "Play", "Look", "Mask", "Pictures", "Show", "Output", "Model", "About")
"""In their order; what is played is on the second."""


class BuildError(Exception):
    """TouchDesigner has something under another name than this builder knows; the message says what and where."""


def build(parent, folder: str = "", save: bool = True):
    """Make or update the component in `parent`; returns it.

    folder: where VACE Live is (default: the folder above this file's). save: also write vace_live.tox beside this file.
    """
    rows = json.loads((HERE / "controls.json").read_text(encoding="utf-8"))["controls"]
    choices = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
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
    for name in PAGES:
        _page(comp, name)
    session["session_page"](partial(custom, comp, _page(comp, "VACE Live")), comp)
    _controls(comp, wanted)
    session["model_page"](partial(custom, comp, _page(comp, "Model")), folder or str(HERE.parent), choices)
    _last_page(comp)
    _view(comp)
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
        table.appendRow((spec.name, spec.address, spec.kind, spec.role, " ".join(spec.parts), spec.sends))
        _control(comp, spec)


def _control(comp, spec: Spec) -> None:
    """The parameters of a control; existing ones keep their values, as far as their ranges still allow that."""
    names = [spec.name + part for part in spec.parts] or [spec.name]
    present = [getattr(comp.par, name) for name in names if getattr(comp.par, name, None) is not None]
    plain = getattr(comp.par, spec.name, None)
    if present and (len(present) != len(names) or present[0].style != spec.style):
        for par in present:
            par.destroy()
    if spec.parts and plain is not None:  # it was one text
        plain.destroy()
    values: tuple = (None,) * len(names)
    if spec.style not in ("Pulse", "TOP"):
        values = tuple(spec.default) if isinstance(spec.default, tuple) else (spec.default,)
    choices = {choice: choice.capitalize() for choice in spec.choices}
    pars = custom(
        comp,
        _page(comp, spec.page),
        spec.style,
        spec.name,
        spec.label,
        choices=choices,
        section=spec.section,
        help=spec.help,
        parts=spec.parts,
        values=values,
    )
    for par, value in zip(pars, values):
        if value is not None:
            par.default = value
        if spec.low is not None and spec.high is not None:
            par.min, par.max, par.clampMin, par.clampMax = spec.low, spec.high, True, True
            par.normMin, par.normMax = spec.low, min(spec.high, LONGEST_SLIDER)


def _last_page(comp) -> None:
    page = _page(comp, "About")
    custom(comp, page, "DAT", "Callbackdat", "Callbacks", values=("./callbacks",))
    (version,) = custom(comp, page, "Str", "Version", "Version", values=(VERSION,), read_only=True)
    version.val = VERSION


def _view(comp) -> None:
    """The component's node shows its output."""
    _set(comp, "opviewer", "nodeview")
    _set(comp, "./out1", "opviewer")
    comp.viewer = True


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


def custom(
    comp,
    page,
    style: str,
    name: str,
    label: str,
    values: tuple = (None,),
    choices: dict[str, str] | None = None,
    read_only: bool = False,
    section: bool = False,
    help: str = "",  # noqa: A002 as the parameter's attribute is called
    parts: tuple[str, ...] = (),
) -> list:
    """Custom parameters, made if they are not there yet; only new ones are given `values`, one for each.

    choices: a menu's, labelled. parts: what is put behind the name for each of several numbers side by side.
    """
    names = [name + part for part in parts] or [name]
    pars: list = [getattr(comp.par, each, None) for each in names]
    fresh = None in pars
    if fresh:
        size = {"size": len(parts)} if style == "Float" and parts else {}
        pars = list(getattr(page, f"append{style}")(name, label=label, **size))
    elif pars[0].style != style:
        raise BuildError(f"{comp.path} has a parameter {name} of style {pars[0].style}, this builder makes a {style}")
    for par, value in zip(pars, values):
        if choices:
            par.menuNames, par.menuLabels = list(choices), list(choices.values())
        if fresh and value is not None:
            par.default = value
            par.val = value
        par.readOnly, par.startSection, par.help = read_only, section, help
        par.label = label
    return pars
