"""The word for how the engine is doing follows from what came of it."""

from dataclasses import replace

import pytest

from backend.front.engine_state import STATES, EngineFacts, engine_state

GOOD = EngineFacts(
    stopped=False,
    failure=False,
    again=False,
    ready=True,
    waiting=False,
    held=False,
    chunks=9,
    idle_for=0.5,
    normal=0.4,
    quickest=0.3,
    degraded="",
)
TABLE = {
    "its model loads": ("starting", {"ready": False, "chunks": 0}),
    "its first chunk is being made": ("starting", {"chunks": 0, "normal": None, "quickest": None, "idle_for": 20.0}),
    "its first chunk never comes": ("stalled", {"chunks": 0, "normal": None, "quickest": None, "idle_for": 31.0}),
    "chunks come": ("running", {}),
    "a slow model's chunks come": ("running", {"idle_for": 9.0, "normal": 8.0, "quickest": 7.8}),
    "nothing has come for longer than normal": ("stalled", {"idle_for": 2.5}),
    "a busy machine is slow": ("running", {"idle_for": 3.9, "normal": 2.5}),
    "a busy machine is so slow that the picture stands": ("stalled", {"idle_for": 4.1, "normal": 2.5}),
    "a busy machine has been slow for long": ("stalled", {"idle_for": 4.9, "normal": 4.5}),
    "a busy machine makes a slow model slower": ("stalled", {"idle_for": 12.0, "normal": 15.0, "quickest": 8.0}),
    "there is no source": ("running", {"waiting": True, "idle_for": 100.0}),
    "there is no source at the start": ("running", {"waiting": True, "chunks": 0}),
    "something is given up": ("degraded", {"degraded": "out of memory: without previews"}),
    "something is given up and nothing comes": ("stalled", {"degraded": "without previews", "idle_for": 9.0}),
    "it knows why there is no picture": ("degraded", {"degraded": "no picture", "held": True, "idle_for": 9.0}),
    "chunk after chunk fails": ("stalled", {"held": True, "idle_for": 9.0}),
    "it loads again": ("restarting", {"again": True, "ready": False, "chunks": 0}),
    "it makes its first chunk again": ("restarting", {"again": True, "chunks": 0, "idle_for": 5.0}),
    "it can't be loaded": ("failed", {"failure": True, "ready": False}),
    "it can't be loaded and is over": ("failed", {"failure": True, "stopped": True}),
    "the show is over": ("stopped", {"stopped": True}),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_state_is_derived(case: str):
    state, facts = TABLE[case]
    assert engine_state(replace(GOOD, **facts)) == state


def test_every_state_has_a_case():
    assert {state for state, _ in TABLE.values()} == set(STATES)
