"""The whole evaluation: which figures there are, and those that are wanted, one after the other as they are done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from . import adherence, drift, preservation, references
from .figures import MEANINGS, Figure
from .trial import Trial

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Section:
    """Figures that come of the same shows."""

    names: tuple[str, ...]
    figures: Callable[[Trial], Iterator[Figure]]


SECTIONS = (
    Section(adherence.DEPTH_NAMES, adherence.depth_figures),
    *(
        Section(tuple(measures), adherence.control_figures(kind, measures))
        for kind, measures in adherence.CONTROLS.items()
    ),
    Section(preservation.NAMES, preservation.figures),
    Section(preservation.PAPER_NAMES, preservation.paper_figures),
    Section(references.NAMES, references.figures),
    Section(drift.NAMES, drift.figures),
)


def evaluate(trial: Trial, only: Collection[str] = ()) -> Iterator[Figure]:
    """The figures named in `only`, or all, as they are done."""
    wanted = frozenset(only or MEANINGS)
    for section in SECTIONS:
        if not wanted.isdisjoint(section.names):
            began = time.monotonic()
            for figure in section.figures(trial):
                if figure.name in wanted:
                    log.info("%s", figure)
                    yield figure
            log.info("%s took %.0f s", ", ".join(section.names), time.monotonic() - began)


def known_measures(text: str) -> tuple[str, ...]:
    """ "depth_rmse,mask_ssim" -> its names. ValueError that names the unknown ones and those there are."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in MEANINGS]
    if unknown or not names:
        raise ValueError(f"no measure {', '.join(unknown) or text!r}; there are {', '.join(MEANINGS)}")
    return names
