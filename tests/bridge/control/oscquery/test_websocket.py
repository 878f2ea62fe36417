"""A client too slow for what happens, whose socket is made up so that it is slow just when the test says so."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from pythonosc.osc_message import OscMessage
from starlette.websockets import WebSocket

from bridge.control.mailbox import Mailbox
from bridge.control.normalised import normalised_controls
from bridge.control.osc.counters import OscCounters
from bridge.control.oscquery.websocket import Listener
from bridge.web.access import Access
from tests.bridge.control.every_type import EVERY_TYPE


class SlowSocket:
    """Takes a packet when it is let, as a WebSocket whose buffers are full."""

    def __init__(self) -> None:
        self.client = ("test", 1)
        self.asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.room = asyncio.Semaphore(0)
        self.packets: asyncio.Queue[bytes] = asyncio.Queue()
        self.waiting = 0

    def ask(self, command: str, address: str) -> None:
        text = json.dumps({"COMMAND": command, "DATA": address})
        self.asked.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> dict[str, str]:
        return await self.asked.get()

    async def send_bytes(self, packet: bytes) -> None:
        self.waiting += 1
        await self.room.acquire()
        self.waiting -= 1
        await self.packets.put(packet)

    async def next_packet(self) -> tuple[str, list]:
        """Make room for one packet more, and have it."""
        self.room.release()
        message = OscMessage(await self.packets.get())
        return message.address, message.params

    async def full(self) -> None:
        """Until a packet waits for room."""
        while not self.waiting:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def listening(*addresses: str) -> AsyncIterator[tuple[Mailbox, SlowSocket]]:
    """A client that listens to some addresses and has heard the first value of each."""
    mailbox, socket, stopping = Mailbox(EVERY_TYPE), SlowSocket(), threading.Event()
    listener = Listener(
        cast(WebSocket, socket), EVERY_TYPE, normalised_controls(EVERY_TYPE), mailbox, Access(), OscCounters()
    )  # fmt: skip
    running = asyncio.create_task(listener.run(stopping))
    for address in addresses:
        socket.ask("LISTEN", address)
    assert {(await socket.next_packet())[0] for _ in addresses} == set(addresses)
    yield mailbox, socket
    stopping.set()
    await running
    assert socket.waiting == 0


def test_a_client_that_does_not_read_gets_the_latest_values_and_no_backlog():
    async def show() -> None:
        async with listening("/vace/scale", "/vace/prompt") as (mailbox, socket):
            mailbox.set("/vace/scale", 0.0)
            await socket.full()
            for number in range(1000):
                mailbox.set("/vace/scale", number / 500)
                mailbox.set("/vace/prompt", str(number))
            assert socket.waiting == 1
            assert await socket.next_packet() == ("/vace/scale", [0.0])
            rest = dict([await socket.next_packet(), await socket.next_packet()])
            assert rest == {"/vace/prompt": ["999"], "/vace/scale": [pytest.approx(999 / 500)]}

    asyncio.run(show())


def test_what_is_ignored_while_another_waits_is_not_told():
    async def show() -> None:
        async with listening("/vace/scale", "/vace/prompt") as (mailbox, socket):
            mailbox.set_all([("/vace/scale", 0.0), ("/vace/prompt", "snow")])
            await socket.full()
            socket.ask("IGNORE", "/vace/prompt")
            while not socket.asked.empty():
                await asyncio.sleep(0.001)
            assert await socket.next_packet() == ("/vace/scale", [0.0])
            mailbox.set("/vace/prompt", "ice")
            mailbox.set("/vace/scale", 2.0)
            assert await socket.next_packet() == ("/vace/scale", [2.0])

    asyncio.run(show())
