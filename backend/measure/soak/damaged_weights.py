"""Damaged files of weights, without end: each is loaded or refused with CheckpointError, and nothing else happens.

Small files that are right are damaged as a seed says, and read by what the program reads them with, in a process of
its own: it has a gigabyte more than it begins with, where the system can hold it to that, and is ended if it hangs.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

KINDS = ("safetensors", "torch", "old torch", "scaled", "gguf", "lora", "forms", "adapter", "index", "models.json",
         "tokenizer", "network")  # fmt: skip
"""Of files; `weight_files` makes and reads them."""
SECONDS_EACH, SECONDS_TO_START = 0.5, 120.0
"""In which files are read, on the average; a hang takes longer than all together may."""


def fuzz_weights(kind: str, count: int, seed: int) -> dict[str, Any]:
    """Damage and read `count` files of a kind of `KINDS`.

    Returns the figures: how many were loaded and refused, the longest time of one, and `lost`, a line for each that
    ended in any other way, with the number that `damage` makes it again from.
    """
    if kind not in KINDS:
        raise ValueError(f"there are no files of the kind {kind!r}, choose one of {', '.join(KINDS)}")
    command = [sys.executable, "-m", "backend.measure.soak.weight_files", kind, str(count), str(seed)]
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=SECONDS_TO_START + SECONDS_EACH * count,
        )
    except subprocess.TimeoutExpired as ended:
        return _ended(kind, count, seed, "hung", ended.stdout or b"")
    if run.returncode:
        last = run.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return _ended(kind, count, seed, f"ended the process with {run.returncode} {last}", run.stdout)
    return json.loads(run.stdout.splitlines()[-1])


def _ended(kind: str, count: int, seed: int, how: str, told: bytes) -> dict[str, Any]:
    """The figures where the process did not come to its end. told: a line for each file that it began."""
    begun = told.decode().strip().splitlines() or ["at its start"]
    lost = [f"{kind} {begun[-1]}: {how}"]
    return {"kind": kind, "count": count, "seed": seed, "loaded": 0, "refused": 0, "slowest_ms": 0.0, "lost": lost}


def damage(content: bytes, chance: random.Random) -> bytes:
    """One to four damages of those that disks, networks and people do to a file."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        content = chance.choice((_flip, _flip, _truncate, _splice, _repeat, _edit_number, _swap_words))(content, chance)
    return content


def _place(content: bytes, chance: random.Random) -> int:
    """Anywhere, but often where what describes the rest lies: at the beginning or the end."""
    size = max(len(content), 1)
    where = chance.choice((0, 1, 2))
    near = min(size, 4096)
    return (chance.randrange(near), size - 1 - chance.randrange(near), chance.randrange(size))[where]


def _flip(content: bytes, chance: random.Random) -> bytes:
    altered = bytearray(content)
    for _ in range(chance.choice((1, 2, 8, 64))):
        if altered:
            altered[_place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(altered)


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _splice(content: bytes, chance: random.Random) -> bytes:
    """Some bytes gone, others in their place."""
    at = _place(content, chance)
    come, gone = (chance.choice((0, 1, 8, 200)) for _ in range(2))
    return content[:at] + chance.randbytes(come) + content[at + gone :]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    """A part of the file at another place of it."""
    start, at = _place(content, chance), _place(content, chance)
    part = content[start : start + chance.choice((1, 8, 100, 5000))]
    return content[:at] + part + content[at + chance.choice((0, len(part))) :]


NUMBERS = (0, 1, -1, 2**31, 2**32 - 1, 2**62, 2**63, 10**30)


def _edit_number(content: bytes, chance: random.Random) -> bytes:
    """A number in the text of a header or of JSON becomes another one, or as many bytes of a number in binary do."""
    at = _place(content, chance)
    digits = next((n for n in range(at, min(at + 500, len(content))) if content[n : n + 1].isdigit()), None)
    if digits is None or chance.random() < 0.3:
        return content[:at] + chance.choice(NUMBERS[:6]).to_bytes(8, "little", signed=True) + content[at + 8 :]
    end = digits
    while content[end : end + 1].isdigit():
        end += 1
    return content[:digits] + str(chance.choice(NUMBERS)).encode() + content[end:]


WORDS = (b"null", b"NaN", b"1e999", b"[]", b"{}", b'""', b'"F64"', b'"I8"', b"[0,4611686018427387904]", b"[" * 5000)


def _swap_words(content: bytes, chance: random.Random) -> bytes:
    """A value of JSON becomes another one."""
    at = content.find(b":", _place(content, chance)) + 1
    ends = [end for sign in b",}]" if (end := content.find(bytes([sign]), at)) > 0]
    return content[:at] + chance.choice(WORDS) + content[min(ends, default=len(content)) :]
