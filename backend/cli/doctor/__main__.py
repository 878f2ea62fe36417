"""`python -m backend.cli.doctor`: the same, for when the other commands cannot even be imported."""

import argparse
import sys

from .command import add_doctor

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m backend.cli.doctor", description="checks this machine")
    add_doctor(parser)
    sys.exit(parser.parse_args().command(parser.parse_args(), parser))
