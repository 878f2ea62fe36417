"""Controls of the show rather than of its pictures: events, the prompt bank, presets, tempo and MIDI.

None has a field of Settings. `AFTER` says where they stand in the table, which is the order of everything that lists
the controls.
"""

from __future__ import annotations

from bridge.control.parameters import Control

from .choices import GRIDS, LONGEST_FADE, TEMPO_SOURCES
from .frame_source import named_source

BANK = (
    "gold on sand at sunset",
    "a house of ice, snowing",
    "neon in the city at night, rain",
    "stained glass",
    "watercolour, pastel",
    "lava in a volcano",
    "comic pop art",
    "blueprint",
)
"""What the slots of the prompt bank begin with."""
SLOTS = tuple(str(number) for number in range(1, 9))
"""Of the bank, the presets, the references and the cues, as far as surfaces have buttons for them."""
LEARNT = ("/vace/scale", "/vace/noise", "/vace/prompt/go 1", "/vace/prompt/go 2", "/vace/freeze", "/vace/blackout")
"""What knobs and keys are bound to most."""


def _bank_slot(number: int, prompt: str) -> Control:
    return Control(
        f"/vace/prompt/bank/{number}",
        "string",
        prompt,
        f"Slot {number} of the prompt bank.",
        preset=False,
        live_only=True,
    )


def _midi_input(target: str) -> tuple[str, ...]:
    """Learning listens to a device of this machine, whatever is bound to it."""
    return (f"midi:{target}",)


AFTER: dict[str, tuple[Control, ...]] = {
    "prompt_fade_way": (
        Control(
            "/vace/prompt/go",
            "int",
            0,
            "Use the prompt in this slot of the bank; 0, which a button sends when it is released, does nothing.",
            low=0,
            high=len(BANK),
            acts="at once",
            event=True,
            offers=SLOTS,
            also=("/vace/prompt/fade",),
        ),
    ),
    "reference": (
        Control(
            "/vace/reference/add",
            "string",
            "",
            "Add one picture to the references, by its path.",
            acts="at once",
            dangerous=True,
            event=True,
            means="picture",
            names=named_source,
        ),
        Control(
            "/vace/reference/remove",
            "string",
            "0",
            "Remove a picture from the references, by its path or by its number in the list, counted from 1; 0, "
            "which a button sends when it is released, does nothing.",
            acts="at once",
            event=True,
            offers=SLOTS[:4],
        ),
        Control("/vace/reference/clear", "trigger", False, "Remove all references.", acts="at once"),
    ),
    "last": (
        Control(
            "/vace/anchor",
            "trigger",
            False,
            "Begin the next chunk with the anchor, so that the show returns to that picture.",
        ),
    ),
    "source": (Control("/vace/reset", "trigger", False, "Forget all earlier chunks and begin anew.", dangerous=True),),
    "output_stall": (
        Control(
            "/vace/preset/save",
            "string",
            "0",
            "Save the current values under this name or number; what was saved there before is replaced.",
            acts="at once",
            dangerous=True,
            event=True,
            offers=SLOTS,
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/preset/go",
            "string",
            "0",
            "Set the values that were saved under this name or number.",
            acts="at once",
            event=True,
            offers=SLOTS,
            also=("/vace/preset/fade",),
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/preset/fade",
            "float",
            0.0,
            "How long numbers take to move to those of a preset; everything else changes at once.",
            low=0.0,
            high=LONGEST_FADE,
            unit="s",
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/cue/save",
            "strings",
            (),
            "Save a cue: its name, then the preset that it goes to, the seconds of its fade, and the seconds after "
            "which the next cue follows (without them it waits).",
            acts="at once",
            dangerous=True,
            event=True,
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/cue/remove",
            "string",
            "0",
            "Remove a cue from the list, by its name or its place, from 1.",
            acts="at once",
            dangerous=True,
            event=True,
            preset=False,
            live_only=True,
        ),
        Control(
            "/vace/cue/go",
            "string",
            "0",
            "Go to a cue, by its name or its place in the list, from 1.",
            acts="at once",
            event=True,
            offers=SLOTS,
            preset=False,
            live_only=True,
        ),
        Control("/vace/cue/next", "trigger", False, "Go to the next cue of the list.", acts="at once"),
        Control("/vace/cue/back", "trigger", False, "Go to the cue before.", acts="at once"),
        Control(
            "/vace/cue/stop",
            "trigger",
            False,
            "Stay here: no cue follows by itself, and numbers on their way stop.",
            acts="at once",
        ),
        Control(
            "/vace/tick",
            "int",
            -1,
            "The host has shown a frame, with its number if it has one; the output's clock can follow this.",
            low=-1,
            high=2**31 - 1,
            acts="at once",
            event=True,
        ),
        Control(
            "/vace/tempo",
            "float",
            120.0,
            "Tempo, in beats per minute.",
            low=20.0,
            high=300.0,
            unit="bpm",
            acts="at once",
        ),
        Control(
            "/vace/tempo/source",
            "choice",
            "own",
            "Where the beat comes from: set or tapped here (own), a MIDI clock (midi, see --midi), or Ableton "
            "Link (link).",
            acts="at once",
            choices=TEMPO_SOURCES,
        ),
        Control(
            "/vace/tempo/tap",
            "trigger",
            False,
            "Tap the beat: the first tap sets the downbeat, and from the third on the taps set the tempo.",
            acts="at once",
        ),
        Control(
            "/vace/tempo/downbeat",
            "trigger",
            False,
            "This moment is the first beat of a bar; bars are counted from here.",
            acts="at once",
        ),
        Control("/vace/tempo/bar", "int", 4, "Beats in a bar.", low=1, high=16, acts="at once"),
        Control(
            "/vace/tempo/quantise",
            "choice",
            "off",
            "Which beat or bar changes wait for. They are sent to the engine ahead by the latency, so that they "
            "are seen on it.",
            acts="at once",
            choices=GRIDS,
        ),
        Control(
            "/vace/midi/learn",
            "string",
            "",
            "Bind the next knob or key that moves to this address; what stands behind a space is the value that a key "
            "sends.",
            acts="at once",
            dangerous=True,
            event=True,
            offers=LEARNT,
            names=_midi_input,
        ),
        Control(
            "/vace/midi/forget",
            "string",
            "",
            "Remove what is bound to this address; all removes every binding.",
            acts="at once",
            dangerous=True,
            event=True,
            offers=("all",),
            names=_midi_input,
        ),
        *(_bank_slot(number, prompt) for number, prompt in enumerate(BANK, 1)),
    ),
}
"""The rows that stand after that of a field of Settings, by the field's name."""
