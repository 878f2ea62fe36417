"""References added to a show's list and taken out of it one by one, while it runs."""

from __future__ import annotations

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import MAX_TEXTS, ControlError

from .controls import STRENGTHS

LIST, ADD, REMOVE, CLEAR = (f"/vace/reference{part}" for part in ("", "/add", "/remove", "/clear"))
LET_GO = "0"


def follow_references(mailbox: Mailbox) -> None:
    """Have the mailbox's list of references do what is asked of it, from now on."""

    def paths() -> list[str]:
        return list(mailbox.get(LIST))  # type: ignore[arg-type]

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
        mailbox.set_all([(LIST, kept), *_moved_up(mailbox, index, by=1)])

    def clear() -> None:
        mailbox.set_all([(LIST, []), *_moved_up(mailbox, 0, by=STRENGTHS)])

    mailbox.listen(ADD, lambda path, _: add(str(path)))
    mailbox.listen(REMOVE, lambda which, _: remove(str(which)))
    mailbox.listen(CLEAR, lambda *_: clear())


def _moved_up(mailbox: Mailbox, index: int, by: int) -> list[tuple[str, object]]:
    """The strengths of those behind the ones that go, so many places further up; 1 at the end."""
    addresses = [f"{LIST}/strength/{number}" for number in range(1, STRENGTHS + 1)]
    strengths = [*(mailbox.get(address) for address in addresses), *[1.0] * by]
    return list(zip(addresses[index:], strengths[index + by :], strict=True))
