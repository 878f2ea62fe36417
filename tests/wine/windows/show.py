"""Runs as a Windows program: `python -m backend run`, but for the model and the page in the browser."""

import json
import logging
import sys
import threading
import time
from dataclasses import replace

from backend.cli.main import build_parser
from backend.cli.options import DONE, FAILED
from backend.cli.run_options import run_options
from backend.front.build import open_front
from backend.front.front import Front


def main(arguments: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    parser = build_parser()
    options = parser.parse_args(["run", "--panel", "off", "--oscquery", "off", "--presets", "off", *arguments])
    settled = replace(run_options(options, parser), load="tests.wine.windows.stand_in:load")
    stop = threading.Event()
    with open_front(settled) as front:
        threading.Thread(target=tell_engine, args=(front,), daemon=True).start()
        threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        front.wait(options.seconds, stop)
    sys.stdout.write(f"status: {json.dumps(front.status().as_dict())}\n")
    return FAILED if front.failure else DONE


def tell_engine(front: Front) -> None:
    """Print the engine's process id, once there is one."""
    while (engine := front.supervisor.pid) is None:
        time.sleep(0.01)
    sys.stdout.write(f"engine: {engine}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
