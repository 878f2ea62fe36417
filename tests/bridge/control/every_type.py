"""A table with a control of every type, made for what generates something from a table: no type may be forgotten."""

from __future__ import annotations

from bridge.control.parameters import Control, ControlTable

EVERY_TYPE = ControlTable(
    [
        Control("/vace/prompt", "string", "gold on sand", 'Words, <b>marked up</b> & "quoted".'),
        Control("/vace/prompt/1", "string", "", "Words of the first slot."),
        Control("/vace/prompt/2", "string", "ice", "Words of the second slot."),
        Control("/vace/prompt/go", "int", 1, "Which slot is shown from now on.", low=1, high=2, event=True),
        Control("/vace/prompt/say", "string", "", "Words that count once.", event=True),
        Control("/vace/control", "choice", "depth", "What is followed.", choices=("depth", "scribble", "none")),
        Control("/vace/scale", "float", 1.0, "How much.", low=0.0, high=2.0),
        Control("/vace/offset", "float", -0.5, "Nowhere an end.", unit="s"),
        Control("/vace/floor", "float", 0.0, "No end upwards.", low=0.0),
        Control("/vace/mask/feather", "float", 4.0, "Softness.", low=0.0, high=64.0, unit="px"),
        Control("/vace/mask/source", "choice", "m0", "Many choices.", choices=tuple(f"m{i}" for i in range(12))),
        Control("/vace/seed", "int", 0, "Noise.", low=0, high=2**31 - 1),
        Control("/vace/tempo/bpm", "float", 120.0, "Beats a minute.", low=20.0, high=300.0, unit="bpm"),
        Control("/vace/tempo/beats", "int", 4, "Beats a bar.", low=1, high=16),
        Control("/vace/tempo/tick", "int", 0, "The number of a tick.", event=True),
        Control("/vace/tempo/frame", "int", -1, "The number of a frame.", low=-1, high=2**31 - 1, event=True),
        Control("/vace/tempo/nudge", "float", 0.0, "A push.", low=-1.0, high=1.0, event=True),
        Control("/vace/tempo/cue", "choice", "in", "Once.", choices=("in", "out"), event=True),
        Control("/vace/tempo/tap", "trigger", False, "Tap."),
        Control("/vace/freeze", "bool", False, "Hold.", acts="at once"),
        Control("/vace/composite", "bool", True, "Keep.", event=False),
        Control("/vace/flash", "bool", True, "Once.", event=True),
        Control("/vace/reference", "strings", (), "Pictures."),
        Control("/vace/tags", "strings", ("a", "b"), "Words."),
        Control("/vace/box", "floats", (0.25, 0.0, 0.5, 1.0), "A box.", low=-1.0, high=2.0, counts=(4,)),
        Control("/vace/path", "floats", (0.0, 0.5), "Points.", counts=(2, 4, 6)),
        Control("/vace/reset", "trigger", False, "Forget.", dangerous=True),
    ]
)
