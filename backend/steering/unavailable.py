"""Controls of what a show was not started with: whoever sets one is told which option starts it."""

from __future__ import annotations

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlError, Value

from ..controls.choices import LORAS

LEARN, FORGET = "/vace/midi/learn", "/vace/midi/forget"


def refuse_midi(mailbox: Mailbox) -> None:
    """Answer what is asked of MIDI in a show without an input."""

    def refuse(address: str) -> None:
        raise ControlError(f"{address}: this show has no MIDI input; start it with --midi PORT, part of a port's name")

    for address in (LEARN, FORGET):
        mailbox.listen(address, lambda *_, address=address: refuse(address))


def refuse_loras(mailbox: Mailbox, given: int) -> None:
    """Refuse the strength of a LoRA that was not given; `given`: how many were."""

    def refuse(number: int, strength: Value) -> None:
        there = "none was" if not given else "one was" if given == 1 else f"{given} were"
        raise ControlError(
            f"/vace/lora/{number} {strength:g} would do nothing: {there} given at the start; give one more, --lora FILE"
        )

    for number in range(given + 1, LORAS + 1):
        mailbox.check(f"/vace/lora/{number}", lambda strength, number=number: refuse(number, strength))
