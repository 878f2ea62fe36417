"""The engine is killed, or stands still, at random moments: how soon that is known, and restyled frames come again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import psutil

from ..stage import Stage, open_stage
from ..watch import wait_until
from .outcome import Outcome, summary

PAUSE_SECONDS = (0.0, 4.0)
"""From the last fresh frame to the next attack."""
LOADING_PART = 0.1
"""Of the attacks, that meet an engine which is still loading: it is attacked a second time as soon as it is there."""
FRESH_SECONDS = 60.0
KNOWN_SECONDS = 30.0
KEPT_SECONDS = 5.0


def kill(times: int, seed: int) -> dict[str, Any]:
    """SIGKILL; on Windows, TerminateProcess."""
    return _attacked("kill", psutil.Process.kill, times, seed)


def stop(times: int, seed: int) -> dict[str, Any]:
    """SIGSTOP: it is there, and does nothing; on Windows all of its threads are suspended."""
    return _attacked("stop", psutil.Process.suspend, times, seed)


def _attacked(name: str, attack: Callable[[psutil.Process], None], times: int, seed: int) -> dict[str, Any]:
    outcome, chance = Outcome(), random.Random(seed)
    with open_stage() as stage:
        for number in range(times):
            time.sleep(chance.uniform(*PAUSE_SECONDS))
            strike(stage, attack, outcome, f"{name} {number + 1}", again=chance.random() < LOADING_PART)
    outcome.end(stage)
    outcome.lost += map(str, stage.watch.losses())
    return summary(name, times, seed, outcome)


def strike(stage: Stage, attack: Callable[[psutil.Process], None], outcome: Outcome, name: str, again: bool) -> None:
    """Attack the engine once, and the next one while it loads if `again`; wait until all is well."""
    before, engine = dict(stage.watch.seen.values), stage.show.engine()
    if engine is None:
        outcome.lost.append(f"{name}: there was no engine to attack")
        return
    was_well, moment = stage.watch.seen.well, stage.watch.mark()
    attack(engine)
    if was_well:  # what it says already, it need not say again
        outcome.took("known", stage.watch.known_after(moment, KNOWN_SECONDS), f"{name}: nobody was told")
    if again and (loading := wait_until(lambda: _other_engine(stage, engine), KNOWN_SECONDS)) is not None:
        moment = stage.watch.mark()
        attack(loading)
    recover(stage, moment, before, outcome, name)


def recover(stage: Stage, moment: float, before: dict[str, Any], outcome: Outcome, name: str) -> None:
    """Wait for a fresh restyled frame, and look at the controls."""
    fresh = stage.watch.fresh_after(moment, FRESH_SECONDS)
    outcome.took("fresh", fresh, f"{name}: no fresh frame in {FRESH_SECONDS:g} s")
    controls_kept(stage, before, outcome, name)


def controls_kept(stage: Stage, before: dict[str, Any], outcome: Outcome, name: str, but: str = "") -> None:
    """Wait until all controls are as they were, but one; those that are not are lost."""

    def changed() -> list[str]:
        now = stage.watch.seen.values
        return [address for address in before if address != but and now.get(address) != before[address]]

    if not wait_until(lambda: not changed(), KEPT_SECONDS):
        outcome.lost.append(f"{name}: not as they were: {', '.join(changed())}")


def _other_engine(stage: Stage, before: psutil.Process) -> psutil.Process | None:
    """The engine that came after this one, once it is there."""
    engine = stage.show.engine()
    return None if engine == before else engine
