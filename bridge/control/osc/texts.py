"""The texts of OSC messages, also of senders that do not know UTF-8."""

from __future__ import annotations

import re

UTF8, SHIFT_JIS, LATIN_1 = "", "Shift-JIS", "Latin-1"
SHIFT_JIS_LEAD = re.compile(rb"[\x81-\x9f]")
"""Bytes that stand for no letter in Latin-1, and begin most characters of Shift-JIS."""
JAPANESE = re.compile(r"[\u3041-\u30fe]|[\u4e00-\u9fff]{2}")
"""Kana, or two ideographs in a row. One alone may be a curly quotation mark of Windows and the letter behind it."""


def read_text(raw: bytes) -> tuple[str, str]:
    """A text, and what it was read as: UTF8, or else SHIFT_JIS where it makes Japanese, or else LATIN_1.

    OSC says ASCII, nearly everybody sends UTF-8, and some hosts send what their system uses. Latin-1 is read as
    Windows does, with quotation marks and dashes.
    """
    try:
        return raw.decode("utf-8"), UTF8
    except UnicodeDecodeError:
        pass
    if SHIFT_JIS_LEAD.search(raw):
        text = raw.decode("cp932", errors="ignore")
        if text.encode("cp932", errors="ignore") == raw and JAPANESE.search(text):
            return text, SHIFT_JIS
    try:
        return raw.decode("cp1252"), LATIN_1
    except UnicodeDecodeError:
        return raw.decode("latin-1"), LATIN_1
