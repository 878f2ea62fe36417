"""The table of controls and the values that it holds at one moment."""
