"""What the engine raises when its ranks no longer go together. It needs no torch, so that the front may import it."""

from __future__ import annotations

from bridge.errors import BridgeError


class OutOfStep(BridgeError):
    """A rank could not do what the others did, so that no stream can go on; a fresh start of all is what helps.

    One line that says which device it was and why.
    """
