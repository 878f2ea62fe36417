"""The command line: `python start.py COMMAND`, one file a command."""
