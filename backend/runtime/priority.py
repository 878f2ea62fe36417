"""Who goes first on a machine whose every core is busy: the presenter's tick before everything, the engine last."""

from __future__ import annotations

import ctypes
import os
import sys

ENGINE_NICENESS = 5
WINDOWS_BELOW_NORMAL_CLASS = 0x4000
WINDOWS_TIME_CRITICAL = 15


def raise_this_thread() -> bool:
    """Let the calling thread run as soon as it is woken. False where the system does not allow that."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        return bool(kernel.SetThreadPriority(kernel.GetCurrentThread(), WINDOWS_TIME_CRITICAL))
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        # 0 is the calling thread. It sleeps nearly all the time, so a real-time class starves nobody.
        lowest = os.sched_param(os.sched_get_priority_min(os.SCHED_RR))
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, lowest)
    except OSError:
        return False
    return True


def lower_this_process() -> bool:
    """Let every other process go before this one. False where the system does not allow that."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        return bool(kernel.SetPriorityClass(kernel.GetCurrentProcess(), WINDOWS_BELOW_NORMAL_CLASS))
    try:
        os.nice(ENGINE_NICENESS)
    except OSError:
        return False
    return True
