"""Schedules and the few-step sampler's arithmetic."""

from .schedule import Schedule, Table, add_noise, clean_from_flow

__all__ = ["Schedule", "Table", "add_noise", "clean_from_flow"]
