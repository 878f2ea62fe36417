"""The command line: `python -m backend COMMAND`, one file a command."""
