"""The page in the browser, as a part of a show: opened if its options ask for one, and only then imported."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path

from ..controls.table import TABLE
from .front import Front
from .options import RunOptions

log = logging.getLogger(__name__)


def pictures_folder(options: RunOptions, opened: ExitStack) -> Path | None:
    """Where pictures are kept that are sent to the page, until `opened` closes or for longer; None where nobody can
    send any."""
    if options.panel is None:
        return None
    from ..panel.picture_store import open_folder

    wanted = options.steering.beside(".pictures")
    try:
        return open_folder(wanted, opened)
    except OSError as error:
        log.warning("the page takes no pictures, as %s cannot be made (%s)", wanted, error.strerror or error)
        return None


def open_page(front: Front, pictures: Path | None, opened: ExitStack) -> None:
    """Open the page of this show, which `opened` closes; `pictures` is its `pictures_folder`.

    Raises ValueError, in one line, if it can't be opened.
    """
    options = front.options
    if options.panel is None:
        return
    from ..panel import Panel, PanelError
    from ..panel.picture_store import PictureStore

    try:
        panel = Panel(
            TABLE,
            front.mailbox,
            front.previews,
            front.status,
            *options.panel,
            token=options.steering.token,
            events=front.events.as_list,
            lists=front.steering.lists,
            pictures=None if pictures is None else PictureStore(pictures, lambda: _texts(front)),
        ).start()
    except PanelError as error:
        raise ValueError(str(error)) from error
    opened.callback(panel.stop)
    front.panel_url, front.panel_url_elsewhere = panel.url, panel.url_elsewhere


def _texts(front: Front) -> str:
    """All that a picture may be named in: the controls now, and the presets."""
    presets = front.steering.presets
    return repr((front.mailbox.snapshot(), None if presets is None else presets.entries()))
