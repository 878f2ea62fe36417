"""What an OSC message sets, whichever way it came: by UDP or through an OSCQuery client's WebSocket."""

from __future__ import annotations

from typing import Any

from .packets import Message
from .parameters import Control, ControlError, ControlTable
from .patterns import Pattern, is_pattern

Setting = tuple[str, Any]
"""An address and the value for it, as `Mailbox.take` has them."""
Refused = tuple[str, str]
"""An address and why nothing was done."""


def settings_in(message: Message, table: ControlTable) -> tuple[list[Setting], list[Refused]]:
    """What to set, one for each control that the message's address means, and what can't be done.

    Extra arguments are left alone: some controllers send their own.
    """
    try:
        controls = matching(message.address, table)
    except ControlError as reason:
        return [], [(message.address, str(reason))]
    settings: list[Setting] = []
    refused: list[Refused] = []
    for control in controls:
        if control.type == "strings":
            settings.append((control.address, message.arguments))
        elif control.type == "trigger" and message.arguments in ((), (None,)):  # None: nil, as OSCQuery clients send it
            settings += [(control.address, 1), (control.address, 0)]
        elif message.arguments:
            settings.append((control.address, message.arguments[0]))
        elif control.event:
            settings.append((control.address, control.default))
        else:
            refused.append((control.address, f"{control.address} needs a value: {control.doc}"))
    return settings, refused


def matching(address: str, table: ControlTable) -> list[Control]:
    """The control of an address, or all that a pattern means, without those that must be meant by name."""
    if not is_pattern(address):
        return [table[address]]
    try:
        pattern = Pattern(address)
    except ValueError as reason:
        raise ControlError(str(reason)) from reason
    found = [row for row in table if not row.dangerous and pattern.matches(row.address)]
    if not found:
        raise ControlError(f"no control matches {address}")
    return found
