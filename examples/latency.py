"""How long a frame takes through the program: from being sent by shm: until what was made of it comes back.

    python start.py python examples/latency.py

Each frame's number and time are written along its top, which the mask keeps, so they come back with the picture.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from bridge.errors import Absent
from bridge.video import framecode
from bridge.video.frames import Frame
from bridge.video.shared_memory import SharedMemorySink, SharedMemorySource

WIDTH, HEIGHT = 192, 128
START_SECONDS = 300.0
"""So long the model may take to load."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fps", type=float, default=24.0, help="frames a second, in and out (default: 24)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure (default: 20)")
    parser.add_argument("--pipeline", default="pocket")
    options = parser.parse_args()

    there, back = (f"latency-{way}-{os.getpid()}" for way in ("there", "back"))
    command = [sys.executable, "-m", "backend", "run", "--source", f"shm:{there}", "--sink", f"shm:{back}"]
    command += ["--fps", str(options.fps), "--pipeline", options.pipeline, "--mask-source", "bottom"]
    command += ["--osc", "off", "--panel", "off", "--presets", "off", "--until-stdin-ends"]
    with SharedMemorySink(there, WIDTH, HEIGHT, options.fps) as sink:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as program:
            ages = [1000 * age for age in measured(program, sink, back, options.fps, options.seconds)]
            program.communicate()  # ends its standard input, and so the program
    median, slow = np.percentile(ages, (50, 90))
    print(f"{len(ages)} frames came back: median {median:.0f} ms, 90th percentile {slow:.0f} ms")


def measured(
    program: subprocess.Popen, sink: SharedMemorySink, back: str, fps: float, seconds: float
) -> Iterator[float]:
    """Send frames; the age in seconds of each that comes back restyled, for so long from the first."""
    output, number, last = None, 0, -1
    began, end = time.monotonic(), time.monotonic() + START_SECONDS
    while time.monotonic() < end and program.poll() is None:
        now = time.monotonic()
        if now >= began + number / fps:
            picture = np.full((HEIGHT, WIDTH, 3), 60 + number % 100, np.uint8)
            framecode.write(picture, number, now)
            sink.send(Frame(picture, number, now))
            number += 1
        if output is None:
            with suppress(Absent):
                output = SharedMemorySource(back, 0, 0, 0)
            time.sleep(0.002)
        elif (frame := output.read(0.002)) and (code := framecode.read(frame.pixels)) and frame.source_number > last:
            end = min(end, time.monotonic() + seconds) if last < 0 else end
            last = frame.source_number
            yield code.age(time.monotonic())
    if output is not None:
        output.close()
    if last < 0:
        raise SystemExit("no restyled frame came back; what the program says above is why")


if __name__ == "__main__":
    main()
