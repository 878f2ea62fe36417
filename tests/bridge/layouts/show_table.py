"""A table with what the page to play from is laid out for, as a show has it."""

from __future__ import annotations

from bridge.control.parameters import Control, ControlTable

SLOTS = tuple(str(number) for number in range(1, 9))
SHOW = ControlTable(
    [
        Control("/vace/prompt", "string", "gold", "Words."),
        *(Control(f"/vace/prompt/bank/{slot}", "string", f"look {slot}", "A slot.") for slot in SLOTS),
        Control("/vace/prompt/go", "int", 0, "Go.", low=0, high=8, event=True, offers=SLOTS),
        Control("/vace/scale", "float", 1.0, "Scale.", low=0.0, high=2.0),
        Control("/vace/noise", "float", 1.0, "Noise.", low=0.0, high=1.0),
        Control("/vace/canvas/x", "float", 0.0, "Left.", low=-1.0, high=1.0),
        Control("/vace/canvas/y", "float", 0.0, "Top.", low=-1.0, high=1.0),
        Control("/vace/mask/source", "string", "none", "Mask.", offers=("none", "ellipse", "person")),
        Control("/vace/mask/key", "floats", (0.0, 1.0, 0.0), "Key.", low=0, high=1, counts=(3,), means="colour"),
        Control("/vace/mask/ellipse", "floats", (0.5, 0.5, 0.25, 0.25), "Ellipse.", counts=(4,), means="box"),
        Control("/vace/mask/invert", "bool", False, "Invert."),
        Control("/vace/reference", "strings", (), "Pictures.", means="picture"),
        Control("/vace/preset/save", "string", "0", "Save.", event=True, dangerous=True, offers=SLOTS),
        Control("/vace/preset/go", "string", "0", "Go.", event=True, offers=SLOTS),
        Control("/vace/blackout", "bool", False, "Black.", acts="at once"),
        Control("/vace/freeze", "bool", False, "Hold.", acts="at once"),
        Control("/vace/bypass", "bool", False, "Input.", acts="at once"),
        Control("/vace/reset", "trigger", False, "Forget.", dangerous=True),
    ]
)
