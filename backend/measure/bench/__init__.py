"""Measures, side by side with a plain path in the same run: `python start.py bench`."""
