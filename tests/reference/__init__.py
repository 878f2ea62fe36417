"""Golden pairs of the published implementations against ours; see `python -m tests.reference --help`."""
