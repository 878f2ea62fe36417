"""`evaluate`: how far pictures follow what was asked for, and for how long; each figure beside two failures."""
