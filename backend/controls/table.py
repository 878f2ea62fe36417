"""THE table of controls: each one declared here, once. OSC, the page, the command line and the docs read it."""

from __future__ import annotations

from bridge.control.parameters import MAX_TEXTS, Control, ControlTable, in_words
from vace_core.config import LEAST_NOISE
from vace_core.plugins import ANNOTATORS, plugin_names

from ..front.interpolation import WAYS
from ..front.presenter import STALL_MODES
from ..steering.quantise import GRIDS
from ..steering.tempo import SOURCES
from .mask_source import NAMED

FOLLOW = ("auto", "own", "source", "tick")
ANNOTATIONS = ("depth", "scribble", "flow", "gray", "layout", "pose")
ANNOTATIONS += plugin_names(ANNOTATORS, (*ANNOTATIONS, "raw", "none"))
FOLLOWED = (*ANNOTATIONS, "raw", "none")
"""What of a video can be followed: what an annotator makes of it, the video itself, or nothing."""
ANCHORS = ("first", "output", "input")
REFERENCE_MODES = ("paper", "slot", "joint")
LONGEST_FADE = 60.0
FADE_UNITS = ("seconds", "chunks")
MOST_CORNERS = 32
"""Of a polygon."""
MISSING = ("hold", "all", "keep")
FADE_WAYS = ("linear", "slerp")
LORAS = 4
"""LoRAs whose strength can be played; `--lora` may be given so many times."""
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
    return Control(f"/vace/prompt/bank/{number}", "string", prompt, f"Slot {number} of the prompt bank.")


def _canvas(part: str, default: float, low: float, doc: str) -> Control:
    return Control(f"/vace/canvas/{part}", "float", default, doc, low=low, high=1.0)


def _curve(over: str, what: str) -> Control:
    doc = f"What the context scale is multiplied by at the first and at the last {what}; it goes straight between."
    return Control(f"/vace/scale/{over}", "floats", (1.0, 1.0), doc, low=0.0, high=2.0, counts=(2,))


def _lora(number: int) -> Control:
    return Control(
        f"/vace/lora/{number}",
        "float",
        1.0,
        f"Strength of LoRA {number} of those given at the start; 1 is as it was trained, 0 is none of it.",
        low=-2.0,
        high=2.0,
    )


def _shape(kind: str, numbers: tuple[float, ...], meaning: str, counts: tuple[int, ...]) -> Control:
    doc = f"The mask source {kind}: {meaning}, as shares of the picture's width and height."
    return Control(f"/vace/mask/{kind}", "floats", numbers, doc, low=-1.0, high=2.0, counts=counts)


LIVE_ONLY = ("/vace/prompt/fade", "/vace/prompt/bank/", "/vace/preset/")
"""How the addresses begin of what is of use in a show that goes on, and none to a rendering."""

TABLE = ControlTable(
    [
        Control(
            "/vace/prompt",
            "string",
            BANK[0],
            "What the restyled picture should look like, in words.",
            also=("/vace/prompt/fade",),
        ),
        Control(
            "/vace/prompt/fade",
            "float",
            0.0,
            "How long a new prompt takes to arrive, in what the fade's unit says.",
            low=0.0,
            high=LONGEST_FADE,
        ),
        Control(
            "/vace/prompt/fade/unit",
            "choice",
            "seconds",
            "What a prompt's fade is counted in.",
            choices=FADE_UNITS,
        ),
        Control(
            "/vace/prompt/fade/way",
            "choice",
            "linear",
            "How a prompt fades into another: mixed by weight, or along the arc between them (slerp).",
            choices=FADE_WAYS,
        ),
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
        Control(
            "/vace/control",
            "choice",
            "depth",
            "What is followed: the input's depth, its outlines (scribble), motion (flow), brightness (gray), boxes "
            "(layout) or skeletons (pose); the input itself, if it is a control video already (raw); or nothing.",
            choices=FOLLOWED,
        ),
        Control(
            "/vace/control/source",
            "string",
            "",
            "Whose depth, outlines, ... are followed, if not the input's: the path of a picture or video, or a frame "
            "address. With /vace/control raw it is a control video made elsewhere. Empty is the input.",
        ),
        Control(
            "/vace/scale",
            "float",
            1.0,
            "Context scale: how strongly control, mask and references are followed; 0 is not at all.",
            low=0.0,
            high=2.0,
        ),
        _curve("layers", "context block"),
        _curve("steps", "denoising step"),
        Control(
            "/vace/hints/every",
            "int",
            1,
            "The context blocks are run in every so manyeth denoising step, and what they say is used again between: "
            "1 is in every step, more is faster and follows less closely.",
            low=1,
            high=8,
        ),
        Control(
            "/vace/noise",
            "float",
            1.0,
            "How much of the input is painted over: 1 draws all anew, less starts from the input's own pictures.",
            low=LEAST_NOISE,
            high=1.0,
        ),
        Control(
            "/vace/noise/motion",
            "bool",
            False,
            "Paint over less where the input moves, by up to 0.1, if noise is below 1.",
        ),
        *(_lora(number) for number in range(1, LORAS + 1)),
        _canvas(
            "x",
            0.0,
            -1.0,
            "Left edge of the input in the picture, in parts of its width; what is outside it is painted on.",
        ),
        _canvas("y", 0.0, -1.0, "Upper edge of the input in the picture, in parts of its height."),
        _canvas("w", 1.0, 0.05, "Width of the input in the picture, in parts of its width; 1 is all of it."),
        _canvas("h", 1.0, 0.05, "Height of the input in the picture, in parts of its height; 1 is all of it."),
        Control(
            "/vace/mask/source",
            "string",
            "none",
            f"Which part is restyled (white), the rest is kept: {', '.join(NAMED)}, object:NAME (several with commas), "
            "the path of a picture or video, or a frame address, whose brightness is taken.",
        ),
        Control(
            "/vace/mask/key",
            "floats",
            (0.0, 1.0, 0.0),
            "The colour that the mask source chroma looks for, with its shades: red, green and blue.",
            low=0.0,
            high=1.0,
            counts=(3,),
        ),
        Control(
            "/vace/mask/tolerance",
            "float",
            0.4,
            "How far a colour may be from the key's: its shadows are at 0, other hues further, grey is at 1.",
            low=0.0,
            high=1.0,
        ),
        Control(
            "/vace/mask/softness",
            "float",
            0.1,
            "How much further than the tolerance a colour may be until it is no longer the key at all.",
            low=0.0,
            high=1.0,
        ),
        _shape("rect", (0.25, 0.25, 0.5, 0.5), "left, top, width and height", (4,)),
        _shape("ellipse", (0.5, 0.5, 0.25, 0.25), "its centre, from the left and top, and its two radii", (4,)),
        _shape(
            "polygon",
            (0.5, 0.1, 0.9, 0.9, 0.1, 0.9),
            f"each corner's place from the left and top, 3 to {MOST_CORNERS} corners",
            tuple(range(6, 2 * MOST_CORNERS + 1, 2)),
        ),
        Control(
            "/vace/mask/threshold",
            "float",
            0.5,
            "Brightness, opacity or certainty from which on a mask counts as white; 0 leaves it soft where it is "
            "composited, and all of it that is not black is restyled.",
            low=0.0,
            high=1.0,
        ),
        Control(
            "/vace/mask/track",
            "bool",
            False,
            "Boxes around the mask's parts, following them smoothly, in place of their outlines.",
        ),
        Control(
            "/vace/mask/margin",
            "float",
            8.0,
            "How much larger than its part a tracked box is, all round.",
            low=0.0,
            high=256.0,
            unit="px",
        ),
        Control("/vace/mask/invert", "bool", False, "Restyle what the mask would keep, and keep the rest."),
        Control(
            "/vace/mask/grow",
            "float",
            0.0,
            "How much larger the restyled part is made all round; smaller, below 0.",
            low=-64.0,
            high=64.0,
            unit="px",
        ),
        Control(
            "/vace/mask/smooth",
            "int",
            0,
            "Frames whose masks are taken together, so that none flickers: what most of them say. 0 and 1 are off.",
            low=0,
            high=48,
        ),
        Control(
            "/vace/mask/feather",
            "float",
            4.0,
            "Softness of the border between kept and restyled, where the kept part is composited.",
            low=0.0,
            high=64.0,
            unit="px",
        ),
        Control(
            "/vace/mask/composite",
            "bool",
            True,
            "Put the input's own pixels where the mask keeps them; off, the model preserves them as it can.",
        ),
        Control(
            "/vace/mask/pin",
            "bool",
            False,
            "Make the model leave what the mask keeps alone: latents that lie wholly in it are the input's own in "
            "every step, so that without compositing, too, the kept part is as sharp as the autoencoder is, and does "
            "not drift.",
        ),
        Control(
            "/vace/mask/missing",
            "choice",
            "hold",
            "What is done while the mask source gives nothing: the last mask is held (at first, all is restyled), all "
            "is restyled, or all is kept.",
            choices=MISSING,
        ),
        Control(
            "/vace/reference",
            "strings",
            (),
            "Paths of pictures whose look or subject is taken up, for as long as they are set.",
        ),
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
        Control(
            "/vace/reference/strength",
            "floats",
            (1.0, 1.0),
            "How strongly each reference is taken up, in the order of their list; 0 is not at all, and any further one "
            "has 1.",
            low=0.0,
            high=2.0,
            counts=tuple(range(1, MAX_TEXTS + 1)),
        ),
        Control(
            "/vace/reference/mode",
            "choice",
            "slot",
            "How references are seen: by the context blocks alone (paper), by the main path too, as remembered frames "
            "(slot), or as frames that are painted along (joint).",
            choices=REFERENCE_MODES,
        ),
        Control("/vace/first", "string", "", "Path of a picture that the next chunk begins with; acts once when set."),
        Control("/vace/last", "string", "", "Path of a picture that the next chunk ends with; acts once when set."),
        Control("/vace/anchor", "trigger", False, "Begin the next chunk with the anchor: the show returns to it."),
        Control(
            "/vace/anchor/from",
            "choice",
            "first",
            "What the anchor is: the picture of /vace/first, the output's last frame, which is held, or the input's.",
            choices=ANCHORS,
        ),
        Control(
            "/vace/anchor/every",
            "int",
            0,
            "Begin every so manyeth chunk with the anchor, against drift; 0 is never.",
            low=0,
            high=1000,
            unit="chunks",
        ),
        Control(
            "/vace/seed",
            "int",
            0,
            "Seed of the noise: the same seed, input and settings give the same pictures.",
            low=0,
            high=2**31 - 1,
        ),
        Control(
            "/vace/source",
            "string",
            "",
            "Frame address of the input (testcard:, file:PATH, camera:N, spout:NAME, ...); empty is that of the start.",
            acts="at once",
            dangerous=True,
        ),
        Control("/vace/reset", "trigger", False, "Forget all earlier chunks and begin anew.", dangerous=True),
        Control("/vace/freeze", "bool", False, "Hold the picture that is shown.", acts="at once"),
        Control(
            "/vace/record",
            "bool",
            False,
            "Record the output into a new file of the recordings' folder, while on.",
            acts="at once",
            dangerous=True,
        ),
        Control("/vace/bypass", "bool", False, "Show the input as it is.", acts="at once"),
        Control("/vace/blackout", "bool", False, "Show black.", acts="at once"),
        Control(
            "/vace/output/follow",
            "choice",
            "auto",
            "Whose clock the output keeps: its own at the set rate, the source's frames, or the host's /vace/tick; "
            "auto follows a source that another program sends (shm:, spout:, touch:, ndi:, syphon:), else its own.",
            acts="at once",
            choices=FOLLOW,
        ),
        Control(
            "/vace/output/between",
            "choice",
            "hold",
            "What is shown between two of the engine's frames: the first one, both mixed, or the way between them.",
            acts="at once",
            choices=WAYS,
        ),
        Control(
            "/vace/output/latency",
            "float",
            0.0,
            "Latency to keep, so that it does not change in a show; 0 is as short as the engine allows, which no "
            "other value can undercut.",
            low=0.0,
            high=10.0,
            unit="s",
            acts="at once",
        ),
        Control(
            "/vace/output/stall",
            "choice",
            "hold",
            "What stands in for an engine that gives nothing any more: its last frame, the source, or black.",
            acts="at once",
            choices=STALL_MODES,
        ),
        Control(
            "/vace/preset/save",
            "string",
            "0",
            "Keep the values as they are now under this name or number, over what it held.",
            acts="at once",
            dangerous=True,
            event=True,
        ),
        Control(
            "/vace/preset/go",
            "string",
            "0",
            "Set what was kept under this name or number.",
            acts="at once",
            event=True,
            also=("/vace/preset/fade",),
        ),
        Control(
            "/vace/preset/fade",
            "float",
            0.0,
            "How long numbers take to move to those of a preset; the rest switches at once.",
            low=0.0,
            high=LONGEST_FADE,
            unit="s",
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
            choices=SOURCES,
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
    ]
)


def markdown(table: ControlTable = TABLE) -> str:
    """The table as it stands in docs/controls.md."""
    lines = [
        "| address | type | range | default | unit | acts | what it does |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table:
        kind = f"{row.type} event" if row.event else row.type
        cells = (f"`{row.address}`", kind, _range(row), _default(row), row.unit, row.acts, _doc(row))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(row: Control) -> str:
    if row.choices:
        return ", ".join(row.choices)
    if row.low is None or row.high is None:
        return "0 or 1" if row.type == "bool" else ""
    return f"{row.low} to {row.high}" if row.type == "int" else f"{row.low:g} to {row.high:g}"


def _default(row: Control) -> str:
    if not row.holds:
        return ""
    if isinstance(row.default, bool):
        return str(int(row.default))
    if row.type == "floats":
        return in_words(row.default)
    return str(row.default) if row.default not in ("", ()) else ""


def _doc(row: Control) -> str:
    """With what is true of its messages besides."""
    further = f" A further argument sets {', '.join(f'`{address}`' for address in row.also)}." if row.also else ""
    return f"{row.doc}{further}{' By its full address only.' if row.dangerous else ''}"
