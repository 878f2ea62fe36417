"""Masks: which part of the picture is made anew (1) and which is kept (0).

Pictures are numpy arrays of the stream's size, uint8, `[H, W, 3]` RGB or `[H, W, 4]` RGBA; masks are float32 `[H, W]`
in 0..1.
"""
