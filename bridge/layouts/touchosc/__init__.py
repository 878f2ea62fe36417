"""Layouts for TouchOSC: one for tablets with every control, one for phones with what is played."""

from .layout import HEIGHT, PHONE_HEIGHT, PHONE_WIDTH, WIDTH, layout, phone_layout

__all__ = ["HEIGHT", "PHONE_HEIGHT", "PHONE_WIDTH", "WIDTH", "layout", "phone_layout"]
