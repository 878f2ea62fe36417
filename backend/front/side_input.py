"""Frames that come in beside the input, as a mask's or a control's: opened and left as a control says, in the show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Value
from bridge.errors import BridgeError

from ..controls.named_files import FRAMES
from .capture import Capture, make_ring

FIRST_FRAME_SECONDS = 0.1
"""How long the first frame of a new source is waited for, which a picture needs far less than."""
REMEMBERED = 8
"""Values of the control that may be set while the first of them is still tried."""


class SideInput:
    """Used by one thread. notify(address, reason) is told why a source can't be used.

    control: the address of the control that names it, one of FRAMES. If what it was set to in the show can't be opened
    even once, it goes back to what it was before; what it was set to at the start is waited for.
    """

    def __init__(
        self,
        control: str,
        mailbox: Mailbox,
        size: tuple[int, int],
        fps: float,
        notify: Callable[[str, str], None],
        fit: str = "cover",
    ) -> None:
        self._control, self._mailbox = control, mailbox
        self._size, self._fit = size, fit
        self._fps = fps
        self._notify = notify
        self._address = ""
        self._capture: Capture | None = None
        self._kept = mailbox.get(control)  # what could be had last, or was there at the start
        self._values: deque[Value] = deque([self._kept], maxlen=REMEMBERED)  # the newest is the last one
        mailbox.listen(control, self._on_value)

    def set_address(self, address: str) -> str | None:
        """The name of the ring that this frame address' frames are in; None for "", or if there is no memory for one.

        Waits for nothing but, briefly, the first frame of a new source. Each source has a ring of its own, so that no
        old frame can be taken for one of it.
        """
        if address != self._address:
            self.close(wait=False)
            self._address = address
            self._open(address)
        return None if self._capture is None else self._capture.ring.name

    def close(self, wait: bool = True) -> None:
        if self._capture is not None:
            self._capture.stop(wait)
        self._capture = None

    def _open(self, address: str) -> None:
        if not address:
            return
        try:
            ring = make_ring(self._size, channels=4)
        except BridgeError as error:
            self._notify(self._control, str(error))
            return
        on_trouble = partial(self._on_trouble, address)
        self._capture = capture = Capture(
            address, ring, self._size, self._fps, on_trouble, on_end=ring.close, fit=self._fit
        )
        capture.start()
        capture.has_frame.wait(FIRST_FRAME_SECONDS)

    def _on_value(self, value: Value, when: float) -> None:
        """Remember what to go back to: what was there, unless that is still tried, or was refused."""
        address, capture = self._address_of(self._values[-1]), self._capture
        if not address or (address == self._address and capture is not None and capture.opened):
            self._kept = self._values[-1]
        self._values.append(value)

    def _on_trouble(self, address: str, reason: str) -> None:
        capture, kept = self._capture, self._kept
        if address != self._address:  # it was left meanwhile
            return
        value = next((value for value in reversed(self._values) if self._address_of(value) == address), kept)
        if value == kept or capture is None or capture.opened:
            self._notify(self._control, reason)
            return
        undone = value == self._values[-1]
        self._notify(self._control, f"{reason}; {self._control} stays as it was" if undone else reason)
        self._mailbox.replace(self._control, value, kept)

    def _address_of(self, value: Value) -> str:
        return FRAMES[self._control](str(value))
