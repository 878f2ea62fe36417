"""The references of a stream: those that can be read, in the way that they can be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vace_core.conditioning import Reference

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..imaging.stills import PictureError
from ..runtime.changes import ChangeDetector
from .control_video import Faults
from .messages import Refused
from .still_tensors import StillTensors


class ShownReferences:
    """modes: in what ways references can be shown here, the first being possible everywhere."""

    def __init__(self, stills: StillTensors, modes: Sequence[str]) -> None:
        self._stills, self._modes = stills, modes
        self._wanted = ChangeDetector("")

    def load(self, settings: Settings, faults: Faults) -> tuple[Reference, ...]:
        """Those that can be read, for as long as they are set."""
        references = []
        for path, strength in settings.references:
            try:
                references.append(Reference(self._stills.load(path), strength))
            except PictureError as error:
                faults.append((address_of("reference"), str(error)))
        return tuple(references)

    def mode(self, settings: Settings, faults: Faults) -> str:
        """As wanted, or the one that is always possible; which is said where there are references, once."""
        wanted = settings.reference_mode
        changed = self._wanted.update(wanted if settings.reference else "")
        used = self._used(wanted)
        if used != wanted and settings.reference and changed:
            reason = f"references can't be shown as {wanted} here, only as {', '.join(self._modes)}; {used} is used"
            faults.append((address_of("reference_mode"), reason))
        return used

    def refused(self, settings: Settings) -> Iterator[Refused]:
        """The way that is wanted, where nothing here can do it."""
        wanted = settings.reference_mode
        if settings.reference and self._used(wanted) != wanted:
            yield Refused(address_of("reference_mode"), wanted, self._used(wanted))

    def _used(self, wanted: str) -> str:
        return wanted if wanted in self._modes else self._modes[0]
