"""What other packages bring: things that they register by entry points, by name.

    [project.entry-points."vace_live.annotators"]
    edges = "my_package.edges:Edges"

A package that is installed beside ours may do so in these groups:

    vace_live.annotators   makes an `annotators.annotator.Annotator` when called without arguments
    vace_live.masks        makes an `annotators.segmenters.Segmenter` when called with `device=`, a torch device
    vace_live.pipelines    a `config.Pipeline` row
    vace_live.video        a source or a sink of frames, of the program around this core (see its address.py)

Names are lower case and may contain digits, hyphens and underscores. Ours come first: a name that is taken is left out.
Listing names imports nothing; `plugins` imports what it returns. This module imports no torch, and neither should
plug-ins in the last two groups, because the process that keeps time loads them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

ANNOTATORS = "vace_live.annotators"
MASKS = "vace_live.masks"
PIPELINES = "vace_live.pipelines"
VIDEO = "vace_live.video"
NAME = re.compile(r"[a-z][a-z0-9_-]+")

log = logging.getLogger(__name__)


def plugin_names(group: str, taken: Collection[str] = ()) -> tuple[str, ...]:
    """The names that other packages register in a group, sorted, without those that are taken or can't be one."""
    return tuple(sorted(name for name in _entries(group) if NAME.fullmatch(name) and name not in taken))


@cache
def plugins(group: str, accept: Callable[[str, Any], Any]) -> Mapping[str, Any]:
    """What other packages register in a group, by name; read once.

    accept(name, loaded) returns what is to be used, or raises ValueError, which says what is wrong with it. A plug-in
    that cannot be loaded or is not accepted is named in the log, once, and left out.
    """
    found = {}
    for name, entry in sorted(_entries(group).items()):
        try:
            if not NAME.fullmatch(name):
                raise ValueError(f"its name must be lower-case letters, digits, - and _, got {name!r}")
            found[name] = accept(name, entry.load())
        except Exception as error:  # noqa: BLE001  what others wrote may raise anything, and must not end a show
            reason = " ".join(str(error).split())
            log.warning("plug-in %s left out: %s: %s", _described(entry), type(error).__name__, reason)
    return MappingProxyType(found)


@cache
def _entries(group: str) -> Mapping[str, EntryPoint]:
    """The entry points of a group; of two with one name, the first."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        first = found.setdefault(entry.name, entry)
        if first is not entry:
            log.warning("plug-in %s left out: %s has that name", _described(entry), _described(first))
    return MappingProxyType(found)


def _described(entry: EntryPoint) -> str:
    """ "noise of vace-live-example 1.0 (vace_live.video)"."""
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
    return f"{entry.name} of {package} ({entry.group})"
