"""What Spout is set to for all programs of a machine: numbers that its library reads from the registry of Windows."""

from __future__ import annotations

import importlib

KEY = r"Software\Leading Edge\Spout"
MEMORY_SHARE = "MemoryShare"
MAIN_MEMORY = (
    "Spout is set to share pictures through main memory in place of the graphics card (MemoryShare is 1, an old "
    "setting for all programs), and its library then reads nothing: pictures stay black"
)
BACK_TO_THE_CARD = (
    f'close every program that uses Spout, run  reg delete "HKCU\\{KEY}" /v {MEMORY_SHARE} /f  and start them again'
)


def shares_main_memory() -> bool:
    """Whether Spout's old setting is there that leaves pictures black; False where there is no registry."""
    try:
        winreg = importlib.import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, KEY) as key:
            value, kind = winreg.QueryValueEx(key, MEMORY_SHARE)
    except (ImportError, OSError):
        return False
    return kind == winreg.REG_DWORD and value != 0
