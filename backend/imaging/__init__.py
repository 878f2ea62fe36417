"""Pictures as arrays: sizes, places, files."""
