"""The prompt bank: `/vace/prompt/go 3` takes the text of slot 3 as the prompt."""

from __future__ import annotations

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlError, Value

GO = "/vace/prompt/go"


def bind_prompt_bank(mailbox: Mailbox) -> None:
    """Have the mailbox's bank do what is asked of it, from now on."""

    def go(slot: Value, _: float) -> None:
        if slot == 0:  # a button that is let go
            return
        address = f"/vace/prompt/bank/{slot}"
        prompt = mailbox.get(address)
        if not prompt:
            raise ControlError(f"slot {slot} of the prompt bank is empty; send {address} a prompt first")
        mailbox.set("/vace/prompt", prompt)

    mailbox.listen(GO, go)
