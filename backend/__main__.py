"""`python -m backend COMMAND`, which `python start.py COMMAND` runs in the environment that it has made."""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
