"""OSC that says what no control can hold: numbers, texts and types that hosts send by mistake or in anger."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from .attack import Attack, Value

PROMPT, SCALE, SEED, KEY = "/vace/prompt", "/vace/scale", "/vace/seed", "/vace/mask/key"
BUNDLE = b"#bundle\0" + (1).to_bytes(8, "big")
NESTED = 2000
TOLD_SECONDS = 3.0


def message(address: str, tags: str | None, data: bytes = b"") -> bytes:
    """A message as bytes, true or not. tags: None leaves them out, which old senders do."""
    packet = padded(address.encode())
    return packet + (b"" if tags is None else padded(f",{tags}".encode())) + data


def padded(text: bytes) -> bytes:
    """An OSC string: it ends with one to four zeros."""
    return text + bytes(4 - len(text) % 4)


def bundle(*elements: bytes) -> bytes:
    """A bundle of packets."""
    return BUNDLE + b"".join(struct.pack(">i", len(element)) + element for element in elements)


def single(number: float) -> bytes:
    return struct.pack(">f", number)


def long(number: int) -> bytes:
    return struct.pack(">q", number)


def message_attacks() -> Iterator[Attack]:
    """Each of them once."""
    yield from _numbers()
    yield from _types()
    yield from _texts()
    yield Attack(
        "subscribing the program to itself",
        lambda stage: stage.sender.send("/vace/subscribe", stage.show.osc),
        check=lambda stage: None if stage.sender.wait_for_error("/vace/subscribe", TOLD_SECONDS) else "it was taken",
    )
    deep = message(SCALE, "f", single(0.5))
    for _ in range(NESTED):
        deep = bundle(deep)
    yield _sent("bundles in bundles", deep, "")
    yield _sent("a bundle with an element of negative size", BUNDLE + struct.pack(">i", -8) + bytes(8), "")
    yield _sent("the largest packet", message(PROMPT, "s", padded(b"x" * 60_000)), PROMPT)


def _numbers() -> Iterator[Attack]:
    for name, number in (("not a number", math.nan), ("infinity", math.inf), ("the largest number", 3e38)):
        yield _sent(f"scale: {name}", message(SCALE, "f", single(number)), SCALE)
    yield _sent("scale: a decimal comma", message(SCALE, "s", padded(b"0,5")), SCALE, allowed=((0.5,),))
    for seed in (804822466654819, 3698135662):
        yield _sent(f"seed {seed}", message(SEED, "h", long(seed)), SEED, allowed=((seed,),))
    yield _sent("seed -1", message(SEED, "i", struct.pack(">i", -1)), SEED)
    yield _sent("seed beyond 64 bits", message(SEED, "d", struct.pack(">d", 1e300)), SEED)


def _types() -> Iterator[Attack]:
    """Types that no control takes, alone and before a number, which must not be misread for it."""
    fine: tuple[Value, ...] = ((1.5,),)
    for tag, data in (
        ("c", b"\0\0\0A"),
        ("r", b"\1\2\3\4"),
        ("m", b"\0\x90\x40\x7f"),
        ("t", bytes(8)),
        ("b", bytes(4)),
    ):
        yield _sent(f"scale: type {tag}", message(SCALE, tag, data), SCALE, refused=True)
        yield _sent(
            f"scale: type {tag} and a number", message(SCALE, f"{tag}f", data + single(1.5)), SCALE, allowed=fine
        )
    yield _sent("prompt: type S", message(PROMPT, "S", padded(b"ice in fog")), PROMPT, allowed=(("ice in fog",),))
    yield _sent("scale: an array", message(SCALE, "[ff]", single(1.5) + single(9.0)), SCALE, allowed=fine)
    yield _sent("scale: an array that does not end", message(SCALE, "[[[f", single(1.5)), SCALE, allowed=fine)
    yield _sent("scale: no type tags", message(SCALE, None, single(1.5)), SCALE, allowed=fine)
    yield _sent("scale: fewer bytes than types", message(SCALE, "ff", single(1.5)), SCALE, allowed=fine)
    yield _sent("mask key: one number of three", message(KEY, "f", single(0.5)), KEY)


def _texts() -> Iterator[Attack]:
    unquoted = b"".join(padded(word) for word in (b"golden", b"spheres", b"desert"))
    words = (("golden spheres desert",),)
    yield _sent("prompt: unquoted words", message(PROMPT, "sss", unquoted), PROMPT, allowed=words)
    for name, text in (("Latin-1", "caf\u00e9".encode("latin-1")), ("Shift-JIS", "\u91d1\u8272".encode("shift_jis"))):
        spoken = message(PROMPT, "s", padded(text))
        yield _sent(f"prompt: {name}", spoken, PROMPT)
        both = bundle(spoken, message(SCALE, "f", single(1.5)))
        yield _sent(f"a bundle of {name} and a number", both, SCALE, allowed=((1.5,),), touches=(PROMPT,))
    yield _sent("prompt: a zero in it", message(PROMPT, "s", padded(b"ice\0fog\0")), "", touches=(PROMPT,))
    yield _sent("an unknown address of 300 characters", message("/" + "x" * 300, "f", single(1.0)), "")
    yield _sent("a pattern without end", message("/" + "*{a,b}?" * 40, "f", single(1.0)), "")


def _sent(
    name: str,
    packet: bytes,
    address: str,
    refused: bool = False,
    allowed: tuple[Value, ...] | None = None,
    touches: tuple[str, ...] = (),
) -> Attack:
    return Attack(
        name, lambda stage: stage.sender.send_packet(packet), address, refused, allowed=allowed, touches=touches
    )
