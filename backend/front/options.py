"""What the start of a live program fixes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..engine.options import ModelOptions
from ..steering.steering import SteeringOptions
from .limits import Limits


@dataclass(frozen=True)
class RunOptions:
    """None leaves a choice to pipeline and source.

    source, sinks: frame addresses. height, width: pixels. fps: frames out per second. fit: how inputs of another shape
    are fitted, one of `fitting.FITS`. panel: (host, port) of the page,
    None for none. values: first values of controls, by address. restore: begin with the values that the last show had:
    "look" with what presets keep, unless `values` says otherwise; "all" whatever it says and with what acts at once,
    as if that show had not ended. control_sinks, mask_sinks: frame addresses that the control video and the mask go to,
    in step with the output. tour: whether looks and controls change by themselves until somebody changes one (`Tour`).
    recordings: the folder that `/vace/record` fills. log: the file that this show logs into,
    beside which the engine's lies; None for none. load: see `EngineStart.load`.
    """

    source: str
    sinks: tuple[str, ...] = ()
    model: ModelOptions = field(default_factory=ModelOptions)
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    fit: str = "cover"
    panel: tuple[str, int] | None = None
    steering: SteeringOptions = field(default_factory=SteeringOptions)
    restore: Literal["no", "look", "all"] = "no"
    values: dict[str, object] = field(default_factory=dict)
    recordings: Path = Path("recordings")
    verbose: bool = False
    log: Path | None = None
    control_sinks: tuple[str, ...] = ()
    mask_sinks: tuple[str, ...] = ()
    load: str = "backend.engine.load:load"
    limits: Limits = field(default_factory=Limits)
    tour: bool = False
