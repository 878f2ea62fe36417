"""The operators inside the component: which there are, how they are wired, and what is set of them."""

from __future__ import annotations

# name, type, place. Their parameters are set below.
OPERATORS = (
    ("in1", "inTOP", (-600, 400)),
    ("in2", "inTOP", (-600, 150)),
    ("in3", "inTOP", (-600, -100)),
    ("spout_out", "syphonspoutoutTOP", (-400, 400)),
    ("memory_out", "sharedmemoutTOP", (-400, 275)),
    ("mask_spout_out", "syphonspoutoutTOP", (-400, 150)),
    ("mask_memory_out", "sharedmemoutTOP", (-400, 25)),
    ("control_spout_out", "syphonspoutoutTOP", (-400, -100)),
    ("control_memory_out", "sharedmemoutTOP", (-400, -225)),
    ("spout_in", "syphonspoutinTOP", (-200, 400)),
    ("memory_in", "sharedmeminTOP", (-200, 275)),
    ("pick", "switchTOP", (0, 400)),
    ("out1", "outTOP", (200, 400)),
    ("figures", "scriptCHOP", (0, 150)),
    ("figures_callbacks", "textDAT", (0, 25)),
    ("out2", "outCHOP", (200, 150)),
    ("osc_out", "oscoutDAT", (-600, -400)),
    ("osc_in", "oscinDAT", (-400, -400)),
    ("osc_in_callbacks", "textDAT", (-400, -525)),
    ("changes", "parameterexecuteDAT", (-200, -400)),
    ("each_frame", "executeDAT", (0, -400)),
    ("log", "textDAT", (200, -400)),
    ("controls", "tableDAT", (-600, -650)),
    ("extension", "textDAT", (-400, -650)),
    ("process", "textDAT", (-400, -775)),
    ("command", "textDAT", (-200, -650)),
    ("sync", "textDAT", (-200, -775)),
    ("values", "textDAT", (0, -650)),
    ("figures_of", "textDAT", (0, -775)),
    ("frames", "textDAT", (-400, -900)),
    ("pages", "textDAT", (-200, -900)),
    ("callbacks", "textDAT", (200, -650)),
)
NOT_EVERYWHERE = {"sharedmemoutTOP", "sharedmeminTOP"}
"""The Non-Commercial licence has none of these."""
INPUTS = {
    "spout_out": ("in1",),
    "memory_out": ("in1",),
    "mask_spout_out": ("in2",),
    "mask_memory_out": ("in2",),
    "control_spout_out": ("in3",),
    "control_memory_out": ("in3",),
    "pick": ("in1", "spout_in", "memory_in"),
    "out1": ("pick",),
    "out2": ("figures",),
}
TEXTS = {
    "osc_in_callbacks": "dats/osc_in.py",
    "figures_callbacks": "dats/figures.py",
    "changes": "dats/changes.py",
    "each_frame": "dats/each_frame.py",
    "values": "values.py",
    "figures_of": "figures.py",
    "frames": "frames.py",
    "pages": "pages.py",
    "command": "command.py",
    "process": "process.py",
    "sync": "sync.py",
    "extension": "extension.py",
}
PYTHON = ("osc_in_callbacks", "figures_callbacks", "values", "figures_of", "frames", "pages", "command", "process")
PYTHON += ("sync", "extension", "callbacks")
"""Text DATs that hold Python, so that they are shown and edited as such."""
SETTINGS: dict[str, dict[str, object]] = {
    "in1": {"label": "Picture", "connectorder": 0},
    "in2": {"label": "Mask (Mask source: input2)", "connectorder": 1},
    "in3": {"label": "Control (Control source: input3)", "connectorder": 2},
    "out1": {"label": "Picture", "connectorder": 0},
    "out2": {"label": "Figures", "connectorder": 1},
    "spout_in": {"usespoutactivesender": False},
    "memory_out": {"memtype": "local"},
    "mask_memory_out": {"memtype": "local"},
    "control_memory_out": {"memtype": "local"},
    "memory_in": {"memtype": "local"},
    "figures": {"callbacks": "figures_callbacks"},
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
    "log": {"language": "text"},
    **{name: {"language": "python"} for name in PYTHON},
}
FIRST_SETTINGS: dict[str, dict[str, object]] = {
    "spout_out": {"active": False, "sendername": "vace-in"},
    "mask_spout_out": {"active": False, "sendername": "vace-mask"},
    "control_spout_out": {"active": False, "sendername": "vace-control"},
    "spout_in": {"sendername": "vace-out"},
    "memory_out": {"active": False, "name": "vace-in"},
    "mask_memory_out": {"active": False, "name": "vace-mask"},
    "control_memory_out": {"active": False, "name": "vace-control"},
    "memory_in": {"name": "vace-out"},
    "osc_out": {"port": 9000},
    "osc_in": {"port": 9010},
}
"""For new operators only: the extension changes these with every start."""
