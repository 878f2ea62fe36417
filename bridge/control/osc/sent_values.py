"""What the arguments of a message set, for a control or its normalised form."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from ..normalised import NormalisedControl
from ..parameters import LISTS, Control, ControlError, is_number
from ..validation import Relative
from .packets import Argument

SIGNS = {"+": 1.0, "-": -1.0}

SentValue = tuple[str, Any, Any, str | None]
"""An address and a value for the mailbox; what its sender thinks that the control is at then, None where he does not
know; and what he should be told, None if all is well."""


def sent_values(control: Control | NormalisedControl, row: Control, arguments: tuple[Argument, ...]) -> list[SentValue]:
    """What these arguments set. Those that nothing is declared for are left alone: some controllers send more.

    row: the control, where `control` may be its normalised form. ControlError if nothing can be made of them; what the
    mailbox would refuse is not known here.
    """
    if row.type in LISTS:
        return [(row.address, arguments, arguments, None)]
    if arguments in ((), (None,)):  # None is nil, which OSCQuery clients press a trigger with
        if row.type == "trigger":
            return _press(row)
        if row.event:
            return [(row.address, row.default, None, None)]
        raise ControlError(f"{control.address} needs a value: {row.doc}")
    if row.type == "trigger" and arguments[0] is None:
        return _press(row)
    if row.type == "string":
        arguments = _joined(arguments, bool(row.also))
    if row.type in ("float", "int") and arguments[0] in SIGNS:
        relative = _relative(control.address, arguments)
        step = control.step(relative) if isinstance(control, NormalisedControl) else relative
        return [(row.address, step, None, None)]
    if isinstance(control, NormalisedControl):
        accepted = control.accept(arguments[0])
        shown = None if accepted.report else accepted.value
        return [(row.address, accepted.value, shown, accepted.report)]
    return [(address, value, value, None) for address, value in zip((row.address, *row.also), arguments)]


def _press(row: Control) -> list[SentValue]:
    """A trigger goes down and up."""
    return [(row.address, 1, None, None), (row.address, 0, None, None)]


def _joined(arguments: tuple[Argument, ...], has_further: bool) -> tuple[Argument, ...]:
    """Several texts for one control are the words of a text that a host did not quote.

    Two of which the second is a number are a text and, where there is one, the further argument.
    """
    words = list(takewhile(lambda argument: isinstance(argument, str), arguments))
    if len(words) < 2 or (has_further and len(words) == 2 and is_number(words[1])):
        return arguments
    return (" ".join(map(str, words)), *arguments[len(words) :])


def _relative(address: str, arguments: tuple[Argument, ...]) -> Relative:
    """`"+" 0.1` or `"-" 0.1`."""
    sign, amount = (*arguments, None)[:2]
    number = Control(address, "float", 0.0, "").accept(amount).value
    return Relative(SIGNS[str(sign)] * float(number))  # type: ignore[arg-type]
