"""One open page: when it is gone, that is no fault."""

import asyncio
import threading
from typing import Any, cast

import pytest
from starlette.websockets import WebSocketDisconnect

from backend.controls.table import TABLE
from backend.panel.previews import Previews
from backend.panel.session import PageContent, PageSession
from bridge.control.mailbox import Mailbox
from tests.backend.panel.statuses import front_status


class Closed:
    """A connection that the server has closed, as uvicorn answers for it."""

    async def receive(self) -> dict:
        await asyncio.sleep(60)
        return {}

    async def send_text(self, _: str) -> None:
        raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")

    send_bytes = send_text


def test_a_page_that_was_sent_away_has_left():
    content = PageContent(TABLE, Mailbox(TABLE), front_status, lambda _: [], dict, Previews(dict, 1.0))
    session = PageSession(cast(Any, Closed()), content, here=True, elsewhere=None)
    with pytest.raises(WebSocketDisconnect):
        asyncio.run(session.run(threading.Event()))
