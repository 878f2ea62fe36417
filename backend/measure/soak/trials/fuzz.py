"""Damaged packets, requests and files by the thousand: nothing hangs, no thread ends, and the show goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import damaged_files, damaged_weights
from .. import fuzz_osc as osc
from .. import fuzz_web as web
from ..stage import Stage, open_stage, put_back
from .engine import FRESH_SECONDS
from .outcome import Outcome, summary

HOST = "127.0.0.1"


def fuzz_osc(times: int, seed: int) -> dict[str, Any]:
    """So many packets by UDP to a running show, and connections by TCP among them."""

    def fuzz(stage: Stage, outcome: Outcome) -> dict[str, Any]:
        report = osc.fuzz_osc(HOST, stage.show.osc, times, seed, stage.show.osc_tcp)
        outcome.lost += [f"no answer any more after {number} packets" for number in report.lost]
        return {"connections": report.connections, "worst_answer_ms": round(report.worst_ping_ms, 1)}

    return _fuzzed("fuzz-osc", times, seed, fuzz)


def fuzz_web(times: int, seed: int) -> dict[str, Any]:
    """So many requests and WebSocket messages to a running show's page, and good ones among them."""

    def fuzz(stage: Stage, outcome: Outcome) -> dict[str, Any]:
        report = web.fuzz_web(HOST, stage.show.panel, times, seed)
        outcome.lost += report.failures
        return {"good": report.good, "worst_answer_ms": report.slowest_ms}

    return _fuzzed("fuzz-web", times, seed, fuzz)


def _fuzzed(name: str, times: int, seed: int, fuzz: Callable[[Stage, Outcome], dict[str, Any]]) -> dict[str, Any]:
    """What is random moves controls, too: afterwards they are put back, and restyled frames have to come."""
    outcome = Outcome()
    with open_stage() as stage:
        before = dict(stage.watch.seen.values)
        figures = fuzz(stage, outcome)
        stage.watch.renew()
        outcome.lost += put_back(stage, before)
        if stage.watch.fresh_after(stage.watch.mark(), FRESH_SECONDS) is None:
            outcome.lost.append(f"no fresh frame within {FRESH_SECONDS:g} s of the last of it")
        losses = stage.watch.losses()
    outcome.end(stage)
    outcome.lost += [str(loss) for loss in losses if loss.kind in ("gap", "explained")]
    return figures | summary(name, times, seed, outcome)


def fuzz_files(times: int, seed: int) -> dict[str, Any]:
    """So many damaged pictures and clips of each kind, read as a show reads them."""
    figures = [damaged_files.fuzz_files(kind, times, seed) for kind in damaged_files.KINDS]
    lost = [f"{each.kind} {number}: {how}" for each in figures for number, how in each.wrong.items()]
    lost += [f"{each.kind}: {each.hung} files were never done" for each in figures if each.hung]
    read, refused = sum(each.read for each in figures), sum(each.refused for each in figures)
    return _of_files("fuzz-files", times, seed, read, refused, lost)


def fuzz_weights(times: int, seed: int) -> dict[str, Any]:
    """So many damaged checkpoints, LoRAs and what belongs to them, of each kind."""
    figures = [damaged_weights.fuzz_weights(kind, times, seed) for kind in damaged_weights.KINDS]
    read, refused = sum(each["loaded"] for each in figures), sum(each["refused"] for each in figures)
    return _of_files("fuzz-weights", times, seed, read, refused, [line for each in figures for line in each["lost"]])


def _of_files(trial: str, times: int, seed: int, read: int, refused: int, lost: list[str]) -> dict[str, Any]:
    return {"trial": trial, "times": times, "seed": seed, "read": read, "refused": refused, "lost": lost}
