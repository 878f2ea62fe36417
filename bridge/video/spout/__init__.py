"""Spout: frames shared with other programs on Windows."""
