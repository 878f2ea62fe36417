"""Schedules and the few-step sampler's arithmetic."""

from .motion import MotionNoise
from .schedule import Schedule, Table, add_noise, clean_from_flow

__all__ = ["MotionNoise", "Schedule", "Table", "add_noise", "clean_from_flow"]
