"""The type of figures that only grow."""

Count = int
"""A number of things that happened since the start of the program; a plain int may also fall."""
