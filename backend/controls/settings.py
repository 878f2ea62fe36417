"""The values of the table of controls at one moment, by name: what a chunk or a tick is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ..imaging.canvas import Canvas

PREFIX = "/vace/"


@dataclass(frozen=True)
class Settings:
    """One field for every control that shows in a picture; `/vace/mask/source` is `mask_source`. Ranges: `controls.py`.

    What only sets other controls, as banks do, has none.
    """

    prompt: str
    prompt_fade: float
    prompt_fade_unit: str
    prompt_fade_way: str
    control: str
    control_source: str
    scale: float
    scale_layers: tuple[float, float]
    scale_steps: tuple[float, float]
    hints_every: int
    noise: float
    noise_motion: bool
    lora_1: float
    lora_2: float
    lora_3: float
    lora_4: float
    canvas_x: float
    canvas_y: float
    canvas_w: float
    canvas_h: float
    mask_source: str
    mask_key: tuple[float, ...]
    mask_tolerance: float
    mask_softness: float
    mask_rect: tuple[float, ...]
    mask_ellipse: tuple[float, ...]
    mask_polygon: tuple[float, ...]
    mask_threshold: float
    mask_track: bool
    mask_margin: float
    mask_invert: bool
    mask_grow: float
    mask_smooth: int
    mask_feather: float
    mask_composite: bool
    mask_pin: bool
    mask_missing: str
    reference: tuple[str, ...]
    reference_strength: tuple[float, ...]
    reference_mode: str
    first: str
    last: str
    anchor_from: str
    anchor_every: int
    seed: int
    source: str
    freeze: bool
    record: bool
    bypass: bool
    blackout: bool
    output_follow: str
    output_between: str
    output_latency: float
    output_stall: str

    @staticmethod
    def from_values(values: Mapping[str, object]) -> Settings:
        """From a mailbox snapshot {address: value}; addresses that Settings has no field for are left out."""
        named = {field_of(address): value for address, value in values.items()}
        return Settings(**{field.name: named[field.name] for field in fields(Settings)})  # type: ignore[arg-type]

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


def field_of(address: str) -> str:
    """`/vace/mask/source` -> `mask_source`."""
    return address.removeprefix(PREFIX).replace("/", "_")


def address_of(field: str) -> str:
    """`mask_source` -> `/vace/mask/source`: every underscore of a field is a slash of its address."""
    return PREFIX + field.replace("_", "/")
