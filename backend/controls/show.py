"""Controls of the show rather than of its pictures: events, the prompt bank, presets, tempo and MIDI.

None has a field of Settings. `AFTER` says where they stand in the table, which is the order of everything that lists
the controls.
"""

from __future__ import annotations

from bridge.control.parameters import Control

from .choices import GRIDS, LONGEST_FADE, TEMPO_SOURCES

BANK = (
    "gold on sand at sunset",
    "a house of ice under northern lights",
    "neon in the city at night, rain",
    "wood in a misty forest",
    "marble under water",
    "lava in a volcano",
    "candy on flowers, pastel",
    "black and white photograph of stone in a storm",
)
"""What the slots of the prompt bank begin with."""


def _bank_slot(number: int, prompt: str) -> Control:
    return Control(
        f"/vace/prompt/bank/{number}",
        "string",
        prompt,
        f"Slot {number} of the prompt bank.",
        preset=False,
        live_only=True,
    )


AFTER: dict[str, tuple[Control, ...]] = {
    "prompt_fade_way": (
        Control(
            "/vace/prompt/go",
            "int",
            0,
            "Take the prompt of that slot of the bank; 0, which a button sends when it is let go, does nothing.",
            low=0,
            high=len(BANK),
            acts="at once",
            event=True,
            also=("/vace/prompt/fade",),
        ),
    ),
    "reference": (
        Control(
            "/vace/reference/add",
            "string",
            "",
            "Take up one more picture, by its path.",
            acts="at once",
            event=True,
        ),
        Control(
            "/vace/reference/remove",
            "string",
            "0",
            "Take a picture out of the references, by its path or its number in the list from 1; 0, which a button "
            "sends when it is let go, does nothing.",
            acts="at once",
            event=True,
        ),
        Control("/vace/reference/clear", "trigger", False, "Take all references away.", acts="at once"),
    ),
    "last": (
        Control("/vace/anchor", "trigger", False, "Begin the next chunk with the anchor: the show returns to it."),
    ),
    "source": (Control("/vace/reset", "trigger", False, "Forget all earlier chunks and begin anew.", dangerous=True),),
    "output_stall": (
        Control(
            "/vace/preset/save",
            "string",
            "0",
            "Keep the values as they are now under this name or number, over what it held.",
            acts="at once",
            dangerous=True,
            event=True,
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/preset/go",
            "string",
            "0",
            "Set what was kept under this name or number.",
            acts="at once",
            event=True,
            also=("/vace/preset/fade",),
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/preset/fade",
            "float",
            0.0,
            "How long numbers take to move to those of a preset; the rest switches at once.",
            low=0.0,
            high=LONGEST_FADE,
            unit="s",
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/tick",
            "int",
            -1,
            "The host has shown a frame, perhaps with its number: what the output's clock can follow.",
            low=-1,
            high=2**31 - 1,
            acts="at once",
            event=True,
        ),
        Control("/vace/tempo", "float", 120.0, "The tempo.", low=20.0, high=300.0, unit="bpm", acts="at once"),
        Control(
            "/vace/tempo/source",
            "choice",
            "own",
            "Where the beat comes from: set or tapped here, a MIDI clock (--midi), or Ableton Link.",
            acts="at once",
            choices=TEMPO_SOURCES,
        ),
        Control(
            "/vace/tempo/tap",
            "trigger",
            False,
            "A beat by hand: the first sets the downbeat, from the third on they tell the tempo.",
            acts="at once",
        ),
        Control("/vace/tempo/downbeat", "trigger", False, "The one: bars are counted from here.", acts="at once"),
        Control("/vace/tempo/bar", "int", 4, "Beats of a bar.", low=1, high=16, acts="at once"),
        Control(
            "/vace/tempo/quantise",
            "choice",
            "off",
            "What changes wait for, so that they are seen on it: the latency is looked ahead by.",
            acts="at once",
            choices=GRIDS,
        ),
        Control(
            "/vace/midi/learn",
            "string",
            "",
            "Bind the next knob or key that is moved to this address; a value after it is what a key sends.",
            acts="at once",
            event=True,
        ),
        Control(
            "/vace/midi/forget",
            "string",
            "",
            "Unbind what does this address; all is everything.",
            acts="at once",
            event=True,
        ),
        *(_bank_slot(number, prompt) for number, prompt in enumerate(BANK, 1)),
    ),
}
"""The rows that stand after that of a field of Settings, by the field's name."""
