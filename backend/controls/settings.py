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
    LONGEST_FADE,
    MASK_MISSING,
    MOST_CORNERS,
    REFERENCE_MODES,
    STALL_MODES,
)
from .declaration import fields_from, setting
from .frame_source import check_control_source, control_address
from .mask_source import NAMED, MaskSource
from .show import BANK


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
        doc="How long a new prompt takes to arrive, in what the fade's unit says.",
    )
    prompt_fade_unit: str = setting(
        "seconds", choices=FADE_UNITS, live_only=True, doc="What a prompt's fade is counted in."
    )
    prompt_fade_way: str = setting(
        "linear",
        choices=FADE_WAYS,
        live_only=True,
        doc="How a prompt fades into another: mixed by weight, or along the arc between them (slerp).",
    )
    control: str = setting(
        "depth",
        choices=FOLLOWED,
        doc="What is followed: the input's depth, its outlines (scribble), motion (flow), brightness (gray), boxes "
        "(layout) or skeletons (pose); the input itself, if it is a control video already (raw); or nothing.",
    )
    control_source: str = setting(
        "",
        check=check_control_source,
        meaning=control_address,
        doc="Whose depth, outlines, ... are followed, if not the input's: the path of a picture or video, or a "
        "frame address. With /vace/control raw it is a control video made elsewhere. Empty is the input.",
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
        doc="What the context scale is multiplied by at the first and at the last context block; it goes straight "
        "between.",
    )
    scale_steps: tuple[float, float] = setting(
        (1.0, 1.0),
        low=0.0,
        high=2.0,
        counts=(2,),
        doc="What the context scale is multiplied by at the first and at the last denoising step; it goes straight "
        "between.",
    )
    hints_every: int = setting(
        1,
        low=1,
        high=8,
        doc="The context blocks are run in every so manyeth denoising step, and what they say is used again "
        "between: 1 is in every step, more is faster and follows less closely.",
    )
    noise: float = setting(
        1.0,
        low=LEAST_NOISE,
        high=1.0,
        doc="How much of the input is painted over: 1 draws all anew, less starts from the input's own pictures.",
    )
    noise_motion: bool = setting(False, doc="Paint over less where the input moves, by up to 0.1, if noise is below 1.")
    lora_1: float = setting(
        1.0,
        low=-2.0,
        high=2.0,
        own_option=True,
        doc="Strength of LoRA 1 of those given at the start; 1 is as it was trained, 0 is none of it.",
    )
    lora_2: float = setting(
        1.0,
        low=-2.0,
        high=2.0,
        own_option=True,
        doc="Strength of LoRA 2 of those given at the start; 1 is as it was trained, 0 is none of it.",
    )
    lora_3: float = setting(
        1.0,
        low=-2.0,
        high=2.0,
        own_option=True,
        doc="Strength of LoRA 3 of those given at the start; 1 is as it was trained, 0 is none of it.",
    )
    lora_4: float = setting(
        1.0,
        low=-2.0,
        high=2.0,
        own_option=True,
        doc="Strength of LoRA 4 of those given at the start; 1 is as it was trained, 0 is none of it.",
    )
    canvas_x: float = setting(
        0.0,
        low=-1.0,
        high=1.0,
        doc="Left edge of the input in the picture, in parts of its width; what is outside it is painted on.",
    )
    canvas_y: float = setting(
        0.0, low=-1.0, high=1.0, doc="Upper edge of the input in the picture, in parts of its height."
    )
    canvas_w: float = setting(
        1.0, low=0.05, high=1.0, doc="Width of the input in the picture, in parts of its width; 1 is all of it."
    )
    canvas_h: float = setting(
        1.0, low=0.05, high=1.0, doc="Height of the input in the picture, in parts of its height; 1 is all of it."
    )
    mask_source: MaskSource = setting(
        "none",
        check=MaskSource.parse,
        meaning=MaskSource.of,
        doc=f"Which part is restyled (white), the rest is kept: {', '.join(NAMED)}, object:NAME (several with commas), "
        "the path of a picture or video, or a frame address, whose brightness is taken.",
    )
    mask_key: tuple[float, ...] = setting(
        (0.0, 1.0, 0.0),
        low=0.0,
        high=1.0,
        counts=(3,),
        doc="The colour that the mask source chroma looks for, with its shades: red, green and blue.",
    )
    mask_tolerance: float = setting(
        0.4,
        low=0.0,
        high=1.0,
        doc="How far a colour may be from the key's: its shadows are at 0, other hues further, grey is at 1.",
    )
    mask_softness: float = setting(
        0.1,
        low=0.0,
        high=1.0,
        doc="How much further than the tolerance a colour may be until it is no longer the key at all.",
    )
    mask_rect: tuple[float, ...] = setting(
        (0.25, 0.25, 0.5, 0.5),
        low=-1.0,
        high=2.0,
        counts=(4,),
        doc="The mask source rect: left, top, width and height, as shares of the picture's width and height.",
    )
    mask_ellipse: tuple[float, ...] = setting(
        (0.5, 0.5, 0.25, 0.25),
        low=-1.0,
        high=2.0,
        counts=(4,),
        doc="The mask source ellipse: its centre, from the left and top, and its two radii, as shares of the "
        "picture's width and height.",
    )
    mask_polygon: tuple[float, ...] = setting(
        (0.5, 0.1, 0.9, 0.9, 0.1, 0.9),
        low=-1.0,
        high=2.0,
        counts=tuple(range(6, 2 * MOST_CORNERS + 1, 2)),
        doc=f"The mask source polygon: each corner's place from the left and top, 3 to {MOST_CORNERS} corners, as "
        "shares of the picture's width and height.",
    )
    mask_threshold: float = setting(
        0.5,
        low=0.0,
        high=1.0,
        doc="Brightness, opacity or certainty from which on a mask counts as white; 0 leaves it soft where it is "
        "composited, and all of it that is not black is restyled.",
    )
    mask_track: bool = setting(
        False, doc="Boxes around the mask's parts, following them smoothly, in place of their outlines."
    )
    mask_margin: float = setting(
        8.0, low=0.0, high=256.0, unit="px", doc="How much larger than its part a tracked box is, all round."
    )
    mask_invert: bool = setting(False, doc="Restyle what the mask would keep, and keep the rest.")
    mask_grow: float = setting(
        0.0,
        low=-64.0,
        high=64.0,
        unit="px",
        doc="How much larger the restyled part is made all round; smaller, below 0.",
    )
    mask_smooth: int = setting(
        0,
        low=0,
        high=48,
        doc="Frames whose masks are taken together, so that none flickers: what most of them say. 0 and 1 are off.",
    )
    mask_feather: float = setting(
        4.0,
        low=0.0,
        high=64.0,
        unit="px",
        doc="Softness of the border between kept and restyled, where the kept part is composited.",
    )
    mask_composite: bool = setting(
        True, doc="Put the input's own pixels where the mask keeps them; off, the model preserves them as it can."
    )
    mask_pin: bool = setting(
        False,
        doc="Make the model leave what the mask keeps alone: latents that lie wholly in it are the input's own in "
        "every step, so that without compositing, too, the kept part is as sharp as the autoencoder is, and "
        "does not drift.",
    )
    mask_missing: str = setting(
        "hold",
        choices=MASK_MISSING,
        doc="What is done while the mask source gives nothing: the last mask is held (at first, all is restyled), "
        "all is restyled, or all is kept.",
    )
    reference: tuple[str, ...] = setting(
        (), doc="Paths of pictures whose look or subject is taken up, for as long as they are set."
    )
    reference_strength: tuple[float, ...] = setting(
        (1.0, 1.0),
        low=0.0,
        high=2.0,
        counts=tuple(range(1, MAX_TEXTS + 1)),
        doc="How strongly each reference is taken up, in the order of their list; 0 is not at all, and any further "
        "one has 1.",
    )
    reference_mode: str = setting(
        "slot",
        choices=REFERENCE_MODES,
        doc="How references are seen: by the context blocks alone (paper), by the main path too, as remembered "
        "frames (slot), or as frames that are painted along (joint).",
    )
    first: str = setting("", doc="Path of a picture that the next chunk begins with; acts once when set.")
    last: str = setting("", doc="Path of a picture that the next chunk ends with; acts once when set.")
    anchor_from: str = setting(
        "first",
        choices=ANCHORS,
        doc="What the anchor is: the picture of /vace/first, the output's last frame, which is held, or the input's.",
    )
    anchor_every: int = setting(
        0,
        low=0,
        high=1000,
        unit="chunks",
        doc="Begin every so manyeth chunk with the anchor, against drift; 0 is never.",
    )
    seed: int = setting(
        0, low=0, high=2**31 - 1, doc="Seed of the noise: the same seed, input and settings give the same pictures."
    )
    source: str = setting(
        "",
        acts="at once",
        dangerous=True,
        own_option=True,
        doc="Frame address of the input (testcard:, file:PATH, camera:N, spout:NAME, ...); empty is that of the start.",
    )
    freeze: bool = setting(False, acts="at once", doc="Hold the picture that is shown.")
    record: bool = setting(
        False,
        acts="at once",
        dangerous=True,
        doc="Record the output into a new file of the recordings' folder, while on.",
    )
    bypass: bool = setting(False, acts="at once", doc="Show the input as it is.")
    blackout: bool = setting(False, acts="at once", doc="Show black.")
    output_follow: str = setting(
        "auto",
        choices=CLOCKS,
        acts="at once",
        doc="Whose clock the output keeps: its own at the set rate, the source's frames, or the host's /vace/tick; "
        "auto follows a source that another program sends (shm:, spout:, touch:, ndi:, syphon:), else its own.",
    )
    output_between: str = setting(
        "hold",
        choices=INTERPOLATIONS,
        acts="at once",
        doc="What is shown between two of the engine's frames: the first one, both mixed, or the way between them.",
    )
    output_latency: float = setting(
        0.0,
        low=0.0,
        high=10.0,
        unit="s",
        acts="at once",
        doc="Latency to keep, so that it does not change in a show; 0 is as short as the engine allows, which no "
        "other value can undercut.",
    )
    output_stall: str = setting(
        "hold",
        choices=STALL_MODES,
        acts="at once",
        doc="What stands in for an engine that gives nothing any more: its last frame, the source, or black.",
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
