"""The whole evaluation: which figures there are, and those that are wanted, one after the other as they are done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from vace_core.pocket.painter import CONTROLS

from . import adherence, drift, preservation, references
from .clips import REAL_KINDS
from .figures import MEANINGS, Figure, pictures_of
from .trial import Trial

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Section:
    """Figures that come of the same shows."""

    names: tuple[str, ...]
    figures: Callable[[Trial], Iterator[Figure]]


def _names_under(kind: str) -> tuple[str, ...]:
    return (*pictures_of(kind, False), *(pictures_of(kind, True) if kind in REAL_KINDS else ()))


SECTIONS = (
    *(Section(_names_under(kind), adherence.control_figures(kind)) for kind in CONTROLS),
    Section(adherence.MODIFIER_NAMES, adherence.modifier_figures),
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
            log.info("%s to %s took %.0f s", section.names[0], section.names[-1], time.monotonic() - began)


def known_measures(text: str) -> tuple[str, ...]:
    """ "depth_rmse,mask_ssim" -> its names. ValueError that names the unknown ones and those there are."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in MEANINGS]
    if unknown or not names:
        raise ValueError(f"no measure {', '.join(unknown) or text!r}; there are {', '.join(MEANINGS)}")
    return names
