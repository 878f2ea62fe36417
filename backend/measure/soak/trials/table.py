"""The trials by name, with how often each is made for the figures of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Callable
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

    def function(self, name: str) -> Callable[[int, int], dict[str, Any]]:
        """Of the trial of that name: from times and seed to the figures."""
        return getattr(import_module(f".{self.module}", __package__), name.replace("-", "_"))


TRIALS = {
    "hostile": Trial("hostile", 2, "every hostile value, file, sender and connection, one after the other"),
    "kill": Trial("engine", 100, "the engine is killed at random moments"),
    "stop": Trial("engine", 20, "the engine stands still (SIGSTOP)"),
    "memory": Trial("poisoned", 20, "the engine runs out of memory"),
    "nan": Trial("poisoned", 20, "the stream's memory is NaN"),
    "supervise": Trial("supervise", 20, "the front is killed under --supervise"),
    "fuzz-osc": Trial("fuzz", 1_000_000, "damaged OSC packets, to a running show"),
    "fuzz-web": Trial("fuzz", 100_000, "damaged requests and WebSocket messages, to a running show's page"),
    "fuzz-files": Trial("fuzz", 10_000, "damaged pictures and clips of each kind"),
    "fuzz-weights": Trial("fuzz", 10_000, "damaged weights of each kind"),
}


def run_trial(name: str, times: int | None, seed: int) -> dict[str, Any]:
    """Figures of a trial, of which `lost` has a line for each thing that should not have been.

    times: None for as often as the table says.
    """
    trial = TRIALS[name]
    return trial.function(name)(times or trial.times, seed)
