"""The controls that show in a picture, each declared once, as a field: what a chunk or a tick is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.control.parameters import MAX_TEXTS, Value
from vace_core.config import LEAST_NOISE

from ..imaging.canvas import Canvas
from .choices import (
    ANCHORS,
    CLOCKS,
    FADE_UNITS,
    FADE_WAYS,
    FOLLOWED,
    INTERPOLATIONS,
    LARGEST_SEED,
    LONGEST_FADE,
    MASK_MISSING,
    MOST_CORNERS,
    REFERENCE_MODES,
    STALL_MODES,
)
from .declaration import fields_from, setting
from .frame_source import check_control_source, control_address, named_control_source, named_source
from .mask_source import NAMED, MaskSource, named_mask_source
from .show import BANK


def _lora(number: int) -> float:
    return setting(
        1.0,
        low=-2.0,
        high=2.0,
        own_option=True,
        doc=f"Strength of LoRA {number} of those given at the start; 1 is as it was trained, 0 is none of it.",
    )


@dataclass(frozen=True)
class Settings:
    """The values of the controls at one moment. A field added here is a control, at the address that its name says:
    `mask_source` is `/vace/mask/source`. It is then in OSC, on the page, on the command line and in the layouts.

    What only sets other controls, as banks do, has no field: those rows are in `show.py`.
    """

    prompt: str = setting(
        BANK[0], also=("/vace/prompt/fade",), doc="What the restyled picture should look like, in words."
    )
    prompt_fade: float = setting(
        0.0,
        low=0.0,
        high=LONGEST_FADE,
        live_only=True,
        doc="How long a change to a new prompt takes, in the unit of /vace/prompt/fade/unit; 0 changes at once.",
    )
    prompt_fade_unit: str = setting(
        "seconds",
        choices=FADE_UNITS,
        live_only=True,
        doc="Whether the length of a prompt's fade is counted in seconds or in chunks.",
    )
    prompt_fade_way: str = setting(
        "linear",
        choices=FADE_WAYS,
        live_only=True,
        doc="How one prompt fades into the next: as a weighted mix (linear), or along the arc between the two (slerp).",
    )
    control: str = setting(
        "depth",
        choices=FOLLOWED,
        doc="What of the input is followed: its depth, outlines (scribble), motion (flow), brightness (gray), "
        "boxes around objects (layout) or skeletons (pose); the input itself, where it already is a control "
        "video (raw); or nothing.",
    )
    control_source: str = setting(
        "",
        means="frames",
        dangerous=True,
        names=named_control_source,
        check=check_control_source,
        meaning=control_address,
        doc="Another video or picture to follow in place of the input: its path, or a frame address. With "
        "/vace/control raw it is taken as a finished control video. Empty is the input.",
    )
    scale: float = setting(
        1.0,
        low=0.0,
        high=2.0,
        doc="Context scale: how strongly control, mask and references are followed; 0 is not at all.",
    )
    scale_layers: tuple[float, float] = setting(
        (1.0, 1.0),
        low=0.0,
        high=2.0,
        counts=(2,),
        doc="Factors of the context scale for the first and the last context block; the blocks between get values"
        " on a straight line.",
    )
    scale_steps: tuple[float, float] = setting(
        (1.0, 1.0),
        low=0.0,
        high=2.0,
        counts=(2,),
        doc="Factors of the context scale for the first and the last denoising step; the steps between get values"
        " on a straight line.",
    )
    hints_every: int = setting(
        1,
        low=1,
        high=8,
        doc="How often the context blocks run: 1 is in every denoising step, 2 in every second; between, what "
        "they gave is used again. More is faster and follows less closely.",
    )
    noise: float = setting(
        1.0,
        low=LEAST_NOISE,
        high=1.0,
        doc="How much of the input is replaced: at 1 everything is drawn anew, below 1 each frame starts from the"
        " input's own picture.",
    )
    noise_motion: bool = setting(
        False, doc="Lower the noise by up to 0.1 where the input moves; it has an effect only where noise is below 1."
    )
    lora_1: float = _lora(1)
    lora_2: float = _lora(2)
    lora_3: float = _lora(3)
    lora_4: float = _lora(4)
    canvas_x: float = setting(
        0.0,
        low=-1.0,
        high=1.0,
        doc="Left edge of the input in the picture, as a share of the picture's width; the area outside the input"
        " is generated.",
    )
    canvas_y: float = setting(
        0.0, low=-1.0, high=1.0, doc="Top edge of the input in the picture, as a share of the picture's height."
    )
    canvas_w: float = setting(
        1.0,
        low=0.05,
        high=1.0,
        doc="Width of the input in the picture, as a share of the picture's width; 1 is all of it.",
    )
    canvas_h: float = setting(
        1.0,
        low=0.05,
        high=1.0,
        doc="Height of the input in the picture, as a share of the picture's height; 1 is all of it.",
    )
    mask_source: MaskSource = setting(
        "none",
        means="frames",
        offers=NAMED,
        dangerous=True,
        names=named_mask_source,
        check=MaskSource.parse,
        meaning=MaskSource.of,
        doc=f"Where the mask comes from; its white part is restyled and the rest is kept: {', '.join(NAMED)}, "
        "object:NAME (or several names with commas), or the path of a picture or video, or a frame address, "
        "whose brightness is the mask.",
    )
    mask_key: tuple[float, ...] = setting(
        (0.0, 1.0, 0.0),
        means="colour",
        low=0.0,
        high=1.0,
        counts=(3,),
        doc="The colour that the mask source chroma looks for, in all its shades: red, green and blue, 0 to 1.",
    )
    mask_tolerance: float = setting(
        0.4,
        low=0.0,
        high=1.0,
        doc="How far a colour may be from the key and still belong to it: shades of the key are at 0, grey is at "
        "1, and other hues are further away.",
    )
    mask_softness: float = setting(
        0.1,
        low=0.0,
        high=1.0,
        doc="How far beyond the tolerance the mask fades out, until a colour no longer belongs to the key at all.",
    )
    mask_rect: tuple[float, ...] = setting(
        (0.25, 0.25, 0.5, 0.5),
        means="box",
        low=-1.0,
        high=2.0,
        counts=(4,),
        doc="Rectangle of the mask source rect: left, top, width and height, as shares of the picture's width"
        " and height.",
    )
    mask_ellipse: tuple[float, ...] = setting(
        (0.5, 0.5, 0.25, 0.25),
        means="box",
        low=-1.0,
        high=2.0,
        counts=(4,),
        doc="Ellipse of the mask source ellipse: centre from the left and from the top, then both radii, as "
        "shares of the picture's width and height.",
    )
    mask_polygon: tuple[float, ...] = setting(
        (0.5, 0.1, 0.9, 0.9, 0.1, 0.9),
        low=-1.0,
        high=2.0,
        counts=tuple(range(6, 2 * MOST_CORNERS + 1, 2)),
        doc="Corners of the mask source polygon: x and y of each, from the left and from the top, 3 to "
        f"{MOST_CORNERS} corners, as shares of the picture's width and height.",
    )
    mask_threshold: float = setting(
        0.5,
        low=0.0,
        high=1.0,
        doc="Brightness, opacity or confidence at which the mask becomes white. At 0 the mask stays soft for "
        "compositing, and all that is not black is restyled.",
    )
    mask_track: bool = setting(
        False, doc="Use boxes that follow the parts of the mask smoothly, in place of the parts' own outlines."
    )
    mask_margin: float = setting(
        8.0, low=0.0, high=256.0, unit="px", doc="How far a tracked box reaches beyond its part on every side."
    )
    mask_invert: bool = setting(False, doc="Restyle what the mask would keep, and keep the rest.")
    mask_grow: float = setting(
        0.0,
        low=-64.0,
        high=64.0,
        unit="px",
        doc="How far the restyled part is grown on every side; values below 0 shrink it.",
    )
    mask_smooth: int = setting(
        0,
        low=0,
        high=48,
        doc="Number of frames over which each pixel of the mask is decided by majority, so that the mask does not"
        " flicker; 0 and 1 are off.",
    )
    mask_feather: float = setting(
        4.0,
        low=0.0,
        high=64.0,
        unit="px",
        doc="Width of the soft border between what is kept and what is restyled, where the kept part is composited.",
    )
    mask_composite: bool = setting(
        True,
        doc="Put the input's own pixels where the mask keeps them. When this is off, the model reproduces them as"
        " well as it can.",
    )
    mask_pin: bool = setting(
        False,
        doc="Hold the latents that lie wholly in the kept part at the input's own in every step. Without "
        "compositing, the kept part is then as sharp as the autoencoder allows and does not drift.",
    )
    mask_missing: str = setting(
        "hold",
        choices=MASK_MISSING,
        doc="What to do while the mask source gives nothing: hold the last mask (before there is one, everything "
        "is restyled), restyle all, or keep all.",
    )
    reference: tuple[str, ...] = setting(
        (),
        means="picture",
        dangerous=True,
        names=tuple,
        doc="Paths of pictures whose look or subject is used, for as long as they are set.",
    )
    reference_strength: tuple[float, ...] = setting(
        (1.0, 1.0),
        low=0.0,
        high=2.0,
        counts=tuple(range(1, MAX_TEXTS + 1)),
        doc="Strength of each reference, in the order of the list; 0 is not at all. References beyond the end of "
        "this list have 1.",
    )
    reference_mode: str = setting(
        "slot",
        choices=REFERENCE_MODES,
        doc="How references reach the model: through the context blocks alone (paper), also through the main path"
        " as remembered frames (slot), or as frames that are generated along with the chunk (joint).",
    )
    first: str = setting(
        "",
        means="picture",
        dangerous=True,
        names=named_source,
        doc="Path of a picture that the next chunk begins with; it acts once each time it is set.",
    )
    last: str = setting(
        "",
        means="picture",
        dangerous=True,
        names=named_source,
        doc="Path of a picture that the next chunk ends with; it acts once each time it is set.",
    )
    anchor_from: str = setting(
        "first",
        choices=ANCHORS,
        doc="Which picture the anchor is: that of /vace/first, the last frame of the output, which is then kept, "
        "or the input's current frame.",
    )
    anchor_every: int = setting(
        0,
        low=0,
        high=1000,
        unit="chunks",
        doc="How often a chunk begins with the anchor, against drift: 1 is every chunk, 2 every second; 0 is never.",
    )
    seed: int = setting(
        0,
        low=0,
        high=LARGEST_SEED,
        draws=True,
        doc="Seed of the noise: the same seed, input and settings give the same pictures; -1 draws one.",
    )
    source: str = setting(
        "",
        means="frames",
        acts="at once",
        dangerous=True,
        names=named_source,
        own_option=True,
        doc="Frame address of the input (testcard:, file:PATH, camera:N, spout:NAME, ...); empty is the one given"
        " at the start.",
    )
    freeze: bool = setting(False, acts="at once", doc="Hold the current picture.")
    record: bool = setting(
        False,
        acts="at once",
        dangerous=True,
        doc="While on, record the output into a new file in the folder for recordings.",
    )
    bypass: bool = setting(False, acts="at once", doc="Show the input as it is.")
    blackout: bool = setting(False, acts="at once", doc="Show black.")
    output_follow: str = setting(
        "auto",
        choices=CLOCKS,
        acts="at once",
        doc="Whose clock the output follows: its own at the set rate, the source's frames, or the host's "
        "/vace/tick. With auto it follows a source that comes from another program (shm:, spout:, touch:, "
        "ndi:, syphon:), and otherwise its own.",
    )
    output_between: str = setting(
        "hold",
        choices=INTERPOLATIONS,
        acts="at once",
        doc="What is shown between two of the engine's frames: the first of them (hold), a mix of both (blend), "
        "or what optical flow finds between them (flow).",
    )
    output_latency: float = setting(
        0.0,
        low=0.0,
        high=10.0,
        unit="s",
        acts="at once",
        doc="Latency to keep, so that it does not change during a show. The output is never faster than the "
        "engine; 0 is as short as the engine allows.",
    )
    output_stall: str = setting(
        "hold",
        choices=STALL_MODES,
        acts="at once",
        doc="What is shown when the engine gives no more frames: its last frame (hold), the source, or black.",
    )

    @staticmethod
    def from_values(values: Mapping[str, Value]) -> Settings:
        """From a mailbox snapshot {address: value}; addresses that Settings has no field for are left out."""
        return Settings(**fields_from(Settings, values))

    @property
    def loras(self) -> tuple[float, ...]:
        """Strengths, in the order in which the LoRAs were given at the start."""
        return (self.lora_1, self.lora_2, self.lora_3, self.lora_4)

    @property
    def references(self) -> tuple[tuple[str, float], ...]:
        """Path and strength of each; those beyond the last strength have 1."""
        strengths = self.reference_strength + (1.0,) * len(self.reference)
        return tuple(zip(self.reference, strengths, strict=False))

    @property
    def canvas(self) -> Canvas:
        """Where the input lies in the picture."""
        return Canvas(self.canvas_x, self.canvas_y, self.canvas_w, self.canvas_h)
