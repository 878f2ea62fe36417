"""What is wrong with this machine, and what would mend it: `python start.py doctor`."""
