"""What the engine can't do is undone: the control goes back to what it was, so that everybody sees what is shown."""

from __future__ import annotations

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Value

from ..controls.declaration import address_of
from ..engine.messages import Refused

REFUSED = tuple(map(address_of, ("control", "mask_source", "reference_mode")))
"""The controls of which only the engine knows what can be had."""


class Undo:
    """Remembers what each of REFUSED was before it was set, from now on. `refused` is called by one thread."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._now = {address: mailbox.get(address) for address in REFUSED}
        self._before: dict[str, Value] = {}
        self._undoing = ""
        for address in REFUSED:
            mailbox.listen(address, lambda value, _, address=address: self._note(address, value))

    def refused(self, refused: Refused) -> None:
        """Go back, unless another value was set meanwhile: to what was there before; if the engine can't do that
        either, to what it uses."""
        address = refused.address
        before = self._before.get(address, refused.used)
        self._undoing = address
        try:
            if self._mailbox.get(address) == refused.value:
                self._before[address] = refused.used
            self._mailbox.replace(address, refused.value, refused.used if before == refused.value else before)
        finally:
            self._undoing = ""

    def _note(self, address: str, value: Value) -> None:
        if address != self._undoing:
            self._before[address] = self._now[address]
        self._now[address] = value
