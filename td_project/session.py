"""The pages of a component that are about its backend: what runs, and what it is started with.

add(style, name, label, ...): makes a parameter on the page, as the builder's `custom` does.
"""

from __future__ import annotations

import sys

DEVICES = ("auto", "cuda", "cuda:0", "cuda:1", "mps", "cpu")
LORAS = 4
TEXTURES = "Syphon" if sys.platform == "darwin" else "Spout"
INTEL = (
    "How frames travel to the program and back, from the next start on. On Intel graphics TouchDesigner has no Spout: "
    "take shared memory there."
)


def session_page(add, comp) -> None:
    """What starts and stops the backend, and what it says."""
    for name, label in (("Start", "Start"), ("Stop", "Stop"), ("Restart", "Restart")):
        add("Pulse", name, label, section=name == "Start")
    add("Toggle", "Active", "Active (off: the input as it is)", values=(True,))
    add("Pulse", "Openpage", "Open page")
    add("Pulse", "Openlog", "Open log")
    add("Str", "State", "State", values=("stopped",), read_only=True, section=True)
    for name, label in (("Outputfps", "Output fps"), ("Enginefps", "Engine fps"), ("Latency", "Latency, ms")):
        add("Float", name, label, values=(0.0,), read_only=True)
    for name, label in (("Lasterror", "Last error"), ("Lastline", "Log")):
        add("Str", name, label, values=("",), read_only=True)
    for name, label in (("Runsas", "Runs as"), ("Pageaddress", "Page"), ("Oscaddress", "OSC")):
        add("Str", name, label, values=("",), read_only=True)
    transports = {"spout": TEXTURES}
    if comp.op("memory_in") is not None and comp.op("memory_out") is not None:
        transports["memory"] = "Shared memory"
    add("Menu", "Transport", "Frames through", values=("spout",), choices=transports, section=True, help=INTEL)
    add("Toggle", "Followclock", "Keep this project's clock", values=(True,))
    add("Toggle", "Startwithproject", "Start with the project", values=(False,))


def model_page(add, folder: str, choices: dict) -> None:
    """What the backend is started with; it takes effect at the next start. choices: of model.json."""
    pipelines = {name: name for name in choices["pipelines"]}
    add("StrMenu", "Pipeline", "Pipeline", values=("pocket",), choices=pipelines, section=True)
    add("Pulse", "Downloadmodel", "Download its weights")
    for name, label in (("Width", "Width (0: the pipeline's)"), ("Height", "Height (0: the pipeline's)")):
        add("Int", name, label, values=(0,))
    add("StrMenu", "Device", "Device", values=("auto",), choices={name: name for name in DEVICES})
    add("Menu", "Quantise", "Quantise", values=("none",), choices={kind: kind for kind in choices["quantise"]})
    for number in range(1, LORAS + 1):
        add("File", f"Lorafile{number}", f"LoRA {number}", values=("",), section=number == 1)
    add("Folder", "Folder", "VACE Live's folder", values=(folder,), section=True)
    add("File", "Python", "Python (empty: 3.12, 3.11, 3.13)", values=("",))
    add("Pulse", "Install", "Install only")
    add("Folder", "Modelfolder", "Weights (empty: its own folder)", values=("",))
    add("Str", "Programname", "Name (empty: the component's path)", values=("",), section=True)
    add("File", "Presetfile", "Presets (empty: its own file)", values=("",))
    add("Int", "Oscport", "OSC port (0: any free one)", values=(0,))
    add("Toggle", "Page", "Page in the browser", values=(True,))
    add("Int", "Panelport", "Its port (0: any free one)", values=(0,))
    add("Str", "Arguments", "Further arguments", values=("",))
