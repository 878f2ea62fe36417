"""What the controls with choices can be set to, and how many there may be of what is counted."""

from __future__ import annotations

from vace_core.plugins import ANNOTATORS, plugin_names

FADE_UNITS = ("seconds", "chunks")
FADE_WAYS = ("linear", "slerp")
_OWN_ANNOTATIONS = ("depth", "scribble", "flow", "gray", "layout", "pose")
ANNOTATIONS = (*_OWN_ANNOTATIONS, *plugin_names(ANNOTATORS, (*_OWN_ANNOTATIONS, "raw", "none")))
"""What an annotator can make of a video; those that other packages bring come last."""
FOLLOWED = (*ANNOTATIONS, "raw", "none")
"""What of a video can be followed: what an annotator makes of it, the video itself, or nothing."""
MASK_MISSING = ("hold", "all", "keep")
REFERENCE_MODES = ("paper", "slot", "joint")
ANCHORS = ("first", "output", "input")
CLOCKS = ("auto", "own", "source", "tick")
"""Whose clock the output can keep."""
INTERPOLATIONS = ("hold", "blend", "flow")
"""What can be shown between two of the engine's frames."""
STALL_MODES = ("hold", "source", "black")
"""What can stand in for an engine that gives no frames."""
TEMPO_SOURCES = ("own", "midi", "link")
GRIDS = ("off", "beat", "bar", "2 bars", "4 bars")
"""What changes can wait for."""

LORAS = 4
"""LoRAs whose strength can be played; `--lora` may be given so many times."""
MOST_CORNERS = 32
"""Of a polygon."""
LONGEST_FADE = 60.0
"""Seconds, or chunks."""
LARGEST_SEED = 2**63 - 1
"""What 64 bits hold, as OSC has them. A generator takes as much again, so that those of later chunks fit, too."""
