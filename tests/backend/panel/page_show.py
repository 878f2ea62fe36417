"""A show that is made up, with the real table, for a page to steer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from backend.controls.table import TABLE
from backend.panel import Panel
from backend.panel.picture_store import PictureStore
from backend.runtime.events import Events
from backend.steering.steering import Steering, SteeringOptions
from bridge.control.mailbox import Mailbox
from bridge.control.media_folders import MediaFolders
from bridge.control.tempo.tempo import MidiClock
from tests.backend.panel.statuses import front_status

SCENE = np.zeros((64, 96, 3), np.uint8)
"""Green on the left, and blue."""
SCENE[:, :48, 1] = 255
SCENE[:, 48:, 2] = 255
LATENCY = {"latency_ms": 900, "gather_ms": 500, "generate_ms": 300, "wait_ms": 80, "tick_ms": 20}


class MadeUpShow:
    """Whatever is set is taken, presets and bank are real; `faults` are what would have gone wrong."""

    def __init__(self, folder: Path) -> None:
        self.mailbox = Mailbox(TABLE, media=MediaFolders([folder]))
        self.faults = Events()
        self.previews: dict[str, np.ndarray] = {"output": SCENE[:, ::-1], "input": SCENE}
        self.status: dict[str, Any] = {"state": "running", "output_fps": 24.0, "engine_fps": 24.0, **LATENCY}
        self.steering = Steering(SteeringOptions(), self.mailbox, lambda *_: None, tuple, self.faults)
        self._pictures = PictureStore(folder)
        self.panel = self.make_panel()

    def make_panel(self, port: int = 0) -> Panel:
        """Another one before the same show, as after a fresh start of the program."""
        return Panel(
            TABLE,
            self.mailbox,
            lambda: self.previews,
            lambda: front_status(**self.status),
            port=port,
            events=self.faults.as_list,
            lists=self.steering.lists,
            pictures=self._pictures,
        )


@contextmanager
def made_up_show(folder: Path) -> Iterator[MadeUpShow]:
    with ExitStack() as opened:
        show = MadeUpShow(folder)
        show.steering.open(opened, MidiClock())
        opened.enter_context(show.panel)
        yield show
