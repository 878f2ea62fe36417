"""The process of a window: draws the newest frame of a ring, as large as it fits, until its standard input ends.

    python -m bridge.video.window_process RING --size 832x480 (--title TEXT | --screen N)

The first line that it prints is "ready", or "error: " and why there is no window. It ends with 0 where somebody has
closed the window.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import threading
from typing import Any

import cv2

from ..errors import BridgeError
from .frames import Frame
from .ring import FrameRing

SMALLEST = 480
"""Pixels of the longer side that a window is opened with at least: a small model's frames are drawn larger."""
IDLE_SECONDS = 0.004
LAST = "last"


def main() -> int:
    """Draw until nobody wants the window any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ring")
    parser.add_argument("--size", required=True)
    parser.add_argument("--title", default="")
    parser.add_argument("--screen")
    options = parser.parse_args()
    ended = threading.Event()
    try:
        window = _window(options)
        ring = FrameRing.attach(options.ring)
    except BridgeError as error:
        print(f"error: {error}", flush=True)  # noqa: T201 - what the process is started for
        return 1
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print("ready", flush=True)  # noqa: T201
    Picture(window, ring).run(ended)
    return 0


class Picture:
    """What is drawn in a window of pyglet: the newest frame in the middle, and black around it."""

    def __init__(self, window: Any, ring: FrameRing) -> None:
        self._window, self._ring = window, ring
        self._image = importlib.import_module("pyglet.image")
        self._seen = 0
        self._texture: Any = None
        window.push_handlers(on_key_press=self._on_key, on_draw=lambda: None)

    def run(self, ended: threading.Event) -> None:
        """Until the window is closed, or nobody feeds it any more."""
        while not ended.is_set() and not self._window.has_exit:
            self._window.switch_to()
            self._window.dispatch_events()
            if self._ring.written == self._seen and self._texture is not None and not ended.wait(IDLE_SECONDS):
                self._draw()
                continue
            self._seen = self._ring.written
            frame = self._ring.latest()
            if frame is None:
                ended.wait(IDLE_SECONDS)
                continue
            self._take(frame)
            self._draw()
        self._window.close()
        self._ring.close()

    def _take(self, frame: Frame) -> None:
        pixels = frame.pixels if frame.pixels.shape[2] == 3 else cv2.cvtColor(frame.pixels, cv2.COLOR_RGBA2RGB)
        height, width = pixels.shape[:2]
        # The first row of a frame is the upper one, of a texture the lower one: a negative pitch says so.
        self._texture = self._image.ImageData(width, height, "RGB", pixels.tobytes(), pitch=-3 * width).get_texture()

    def _draw(self) -> None:
        window, texture = self._window, self._texture
        across, up = window.get_size()
        scale = min(across / texture.width, up / texture.height)
        width, height = round(texture.width * scale), round(texture.height * scale)
        window.clear()
        texture.blit((across - width) // 2, (up - height) // 2, width=width, height=height)
        window.flip()

    def _on_key(self, symbol: int, modifiers: int) -> bool:
        """f: full-screen and back; everything else does nothing, Esc included: a show is not ended by a key."""
        if symbol == ord("f"):
            self._window.set_fullscreen(not self._window.fullscreen)
            self._window.set_mouse_visible(not self._window.fullscreen)
        return True


def _window(options: argparse.Namespace) -> Any:
    """The window, in pixels of the screen. Raises BridgeError."""
    try:
        screens = importlib.import_module("pyglet.display").get_display().get_screens()
        window = importlib.import_module("pyglet.window").Window
        if options.screen is not None:
            made = window(fullscreen=True, screen=_screen(screens, options.screen), caption=options.title)
            made.set_mouse_visible(False)
            return made
        width, height = (int(side) for side in options.size.split("x"))
        times = max(1, -(-SMALLEST // max(width, height)))
        return window(width * times, height * times, caption=options.title, resizable=True)
    except ImportError as reason:
        raise BridgeError(
            f"a window needs the package pyglet ({reason}); install it with: python start.py pip install pyglet==2.1.19"
        ) from None
    except BridgeError:
        raise
    except Exception as reason:  # noqa: BLE001 - pyglet has errors of its own for each system
        raise BridgeError(f"this machine shows no window ({type(reason).__name__}: {reason})") from None


def _screen(screens: list[Any], wanted: str) -> Any:
    number = len(screens) if wanted == LAST else int(wanted)
    if not 1 <= number <= len(screens):
        sizes = [f"screen:{place} of {screen.width}x{screen.height}" for place, screen in enumerate(screens, 1)]
        raise BridgeError(f"there is no screen:{wanted}; there is {', '.join(sizes)}")
    return screens[number - 1]


if __name__ == "__main__":
    sys.exit(main())
