"""Play a running show by OSC: the prompt changes on the beat, and the context scale swings.

    python start.py                                        in one terminal
    python start.py python examples/osc_remote.py          in another

All addresses: `python start.py controls`, or docs/reference/controls.md.
"""

import argparse
import math
import time

from pythonosc.udp_client import SimpleUDPClient

PROMPTS = ("gold on sand at sunset", "a house of ice, snowing", "lava in a volcano", "stained glass")
MESSAGES_PER_SECOND = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to play (default: 30)")
    parser.add_argument("--every", type=float, default=6.0, help="seconds from prompt to prompt (default: 6)")
    options = parser.parse_args()

    show = SimpleUDPClient(options.host, options.port)
    began, played = time.monotonic(), 0
    while (now := time.monotonic() - began) < options.seconds:
        if now >= played * options.every:
            prompt = PROMPTS[played % len(PROMPTS)]
            show.send_message("/vace/prompt", [prompt, 2.0])  # faded to in two seconds
            print(prompt, flush=True)
            played += 1
        show.send_message("/vace/scale", 1.0 + 0.5 * math.sin(2 * math.pi * now / options.every))
        time.sleep(1 / MESSAGES_PER_SECOND)
    show.send_message("/vace/scale", 1.0)


if __name__ == "__main__":
    main()
