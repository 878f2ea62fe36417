"""The trials by name, with how often each is made for the figures of docs/reliability.md."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Trial:
    """module: of this package, whose function of the trial's name runs it. It is imported when that is wanted, as the
    command line looks at this table at every start."""

    module: str
    times: int
    doc: str


TRIALS = {
    "hostile": Trial("hostile", 2, "every hostile value, file, sender and connection, one after the other"),
    "kill": Trial("engine", 100, "the engine is killed at random moments"),
    "stop": Trial("engine", 20, "the engine stands still (SIGSTOP)"),
    "memory": Trial("poisoned", 20, "the engine runs out of memory"),
    "nan": Trial("poisoned", 20, "the stream's memory is NaN"),
    "supervise": Trial("supervise", 20, "the front is killed under --supervise"),
}


def run_trial(name: str, times: int | None, seed: int) -> dict[str, Any]:
    """Figures of a trial, of which `lost` has a line for each thing that should not have been.

    times: None for as often as the table says.
    """
    trial = TRIALS[name]
    run = getattr(import_module(f".{trial.module}", __package__), name)
    return run(times or trial.times, seed)
