"""References added to a show's list and taken out of it one by one, while it runs."""

from __future__ import annotations

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import MAX_TEXTS, ControlError

LIST, STRENGTH, ADD, REMOVE, CLEAR = (
    f"/vace/reference{part}" for part in ("", "/strength", "/add", "/remove", "/clear")
)
FULL = (1.0, 1.0)
LET_GO = "0"
"""What a button sends when it is let go: no reference's number."""


def bind_reference_list(mailbox: Mailbox) -> None:
    """Have the mailbox's list of references do what is asked of it, from now on."""

    def paths() -> list[str]:
        return list(mailbox.wanted(LIST))  # type: ignore[arg-type]

    def add(path: str) -> None:
        if not path:
            raise ControlError(f"{ADD} takes the path of a picture, got none")
        if len(paths()) >= MAX_TEXTS:
            raise ControlError(f"there are {MAX_TEXTS} references already; remove one first")
        mailbox.set(LIST, [*paths(), path])

    def remove(which: str) -> None:
        if which == LET_GO:
            return
        kept = paths()
        index = kept.index(which) if which in kept else int(which) - 1 if which.isdecimal() else -1
        if not 0 <= index < len(kept):
            raise ControlError(f"there is no reference {which!r} to remove; give a path or a number, 1 to {len(kept)}")
        del kept[index]
        strengths = list(mailbox.get(STRENGTH))  # type: ignore[arg-type]
        del strengths[index : index + 1]  # each keeps its own
        mailbox.set_all([(LIST, kept), (STRENGTH, strengths or FULL)])

    def clear() -> None:
        mailbox.set_all([(LIST, []), (STRENGTH, FULL)])

    mailbox.listen(ADD, lambda path, _: add(str(path)))
    mailbox.listen(REMOVE, lambda which, _: remove(str(which)))
    mailbox.listen(CLEAR, lambda *_: clear())
