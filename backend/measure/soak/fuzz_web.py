"""Requests and WebSocket messages that no browser sends, at a page or an OSCQuery server that has to go on answering.

    python start.py python -m backend.measure.soak.fuzz_web HOST:PORT [REQUESTS [SEED]]

The server is one of a show of its own: controls are set to odd values.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

GOOD_EVERY = 50
"""Requests between two that have to be answered as ever."""
GOOD_SECONDS = 5.0
READ_SECONDS = 0.02
MOST_HELD = 64
"""Connections that are left as they are, half done, until so many newer ones are."""
PATHS = (
    "/", "/live", "/metrics", "/health", "/elsewhere.svg", "/main.js", "/?HOST_INFO", "/vace/scale?VALUE", "/vace",
    "/pictures", "/pictures?name=../x", "/pictures?name=%00", "/pictures/..%2f..%2fetc%2fpasswd",
    "/../../etc/passwd", "/%2e%2e/%2e%2e/server.py", "/%00", "/%ff%fe", "//", "/?token=", "/?token=%zz&token=x", "*",
    "http://127.0.0.1/", "/" + "a" * 300, "/" + "x/" * 2000, "/?" + "&" * 500,
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "TRACE", "get", "", "G\0T", "X" * 400)
HEADERS = (
    "Host: 127.0.0.1", "Host: localhost", "Host: evil.example", "Host:", "Host: [::1", "Origin: null",
    "Origin: http://evil.example", "Cookie: vace-token-8080=x; ;;=;", "Cookie: \xff", "Authorization: Bearer x",
    "Authorization: Basic", "Accept: application/openmetrics-text;version=abc", "Accept: text/plain;version=,,",
    "X-Forwarded-For: nobody", "X-Forwarded-For: 192.0.2.7, , ::1", "X-Forwarded-Proto: gopher", "Content-Length: -1",
    "Content-Length: 99999999999999999999", "Content-Length: 10", "Transfer-Encoding: chunked", "Transfer-Encoding: x",
    "Connection: close", "Connection: keep-alive", "Connection: upgrade", "Upgrade: websocket", "Upgrade: h2c",
    "Expect: 100-continue", "Range: bytes=5-1", "Range: bytes=0-,0-,0-", "If-None-Match: " + "x" * 900, " folded",
    "No colon", "X: " + "y" * 5000, "X\0: y", "Sec-WebSocket-Key: short", "Sec-WebSocket-Version: 8",
)  # fmt: skip
MESSAGES = (
    "", "{", "[]", "null", "NaN", '"', "[" * 5000, '{"address": 3, "value": 1}',
    '{"address": "/vace/none", "value": 1}', '{"address": "/vace/scale", "value": NaN}',
    '{"address": "/vace/scale", "value": {"a": []}}', '{"COMMAND": "LISTEN", "DATA": "/vace/scale"}',
    '{"COMMAND": "IGNORE", "DATA": []}', '{"COMMAND": 1}', "\u2028" * 99,
)  # fmt: skip
PACKETS = (
    b"", b"/", b"#bundle\0", b"#bundle\0" + b"\xff" * 12, b"/vace/scale\0,f\0\0", b"/vace/get\0\0\0,s\0\0", b"\0" * 999,
)  # fmt: skip
ADDRESSES = ("/vace/scale", "/vace/prompt", "/vace/freeze", "/vace/seed", "/vace/mask/polygon", "x" * 999)
VALUES = (0.5, -1e308, 10**400, "red", "\0", True, None, [1, 2], {"a": 1}, "y" * 9000, "Infinity")
UPGRADE = (
    "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@dataclass(frozen=True)
class WebFuzz:
    """What came of it. failures: what the good requests met with instead of their answer; none if all is well."""

    requests: int
    good: int
    slowest_ms: float
    failures: tuple[str, ...]


def fuzz_web(host: str, port: int, requests: int, seed: int) -> WebFuzz:
    """So many bad requests, the same ones for the same seed, and good ones among them."""
    random_ = random.Random(seed)
    held: deque[socket.socket] = deque()
    times: list[float] = []
    failures: list[str] = []
    for number in range(requests):
        connection = _send(host, port, random_)
        if connection is not None:
            held.append(connection)
        if len(held) > MOST_HELD:
            held.popleft().close()
        if number % GOOD_EVERY == GOOD_EVERY - 1:
            began = time.monotonic()
            if failure := _ask(host, port):
                failures.append(f"after {number + 1} requests: {failure}")
            times.append(time.monotonic() - began)
    for connection in held:
        connection.close()
    return WebFuzz(requests, len(times), round(1000 * max(times, default=0.0), 1), tuple(failures))


def _ask(host: str, port: int) -> str | None:
    """Ask for the page; what was wrong with the answer."""
    connection = http.client.HTTPConnection(host, port, timeout=GOOD_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": f"127.0.0.1:{port}"})
        answer = connection.getresponse()
        answer.read()
        return None if answer.status == 200 else f"status {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def _send(host: str, port: int, random_: random.Random) -> socket.socket | None:
    """One bad request; the connection, if it is to be left as it is."""
    attack = random_.choice((_garbage, _request, _request, _half, _mutated, _frames, _frames))
    parts = attack(random_)
    hold, read = random_.random() < 0.2, random_.random() < 0.5
    try:
        connection = socket.create_connection((host, port), timeout=GOOD_SECONDS)
    except OSError:  # turned away; whether others are too is seen by the good requests
        return None
    connection.settimeout(READ_SECONDS)
    with suppress(OSError):  # the other end may close it whenever it likes
        for part in parts:
            connection.sendall(part)
            if read:
                connection.recv(65536)
    if hold:
        return connection
    connection.close()
    return None


def _garbage(random_: random.Random) -> list[bytes]:
    return [random_.randbytes(random_.randrange(1, 3000))]


def _request(random_: random.Random) -> list[bytes]:
    """Of parts that each may be sound."""
    version = random_.choice(("1.1", "1.1", "1.0", "2", "x"))
    lines = [f"{random_.choice(METHODS)} {random_.choice(PATHS)} HTTP/{version}"]
    if random_.random() < 0.7:
        lines.append("Host: 127.0.0.1")
    lines += random_.choices(HEADERS, k=random_.randrange(6))
    end = random_.choice(("\r\n", "\r\n", "\n"))
    body = random_.choice((b"", b"", b"5\r\nab", b"0\r\n\r\n", random_.randbytes(500)))
    return [(end.join(lines) + 2 * end).encode("latin-1") + body] * random_.choice((1, 1, 1, 3))


def _half(random_: random.Random) -> list[bytes]:
    whole = _request(random_)[0]
    return [whole[: random_.randrange(len(whole) + 1)]]


def _mutated(random_: random.Random) -> list[bytes]:
    """A sound request with some bytes that are not."""
    request = bytearray(random_.choice((UPGRADE.format("/live"), "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).encode())
    for _ in range(random_.randrange(1, 5)):
        request[random_.randrange(len(request))] = random_.randrange(256)
    return [bytes(request)]


def _frames(random_: random.Random) -> list[bytes]:
    """A WebSocket, and what should not come on it."""
    makers: tuple[Callable[[random.Random], bytes], ...] = (_text, _text, _packet, _odd_frame, _garbage_frame)
    frames = [random_.choice(makers)(random_) for _ in range(random_.randrange(1, 8))]
    return [UPGRADE.format(random_.choice(("/live", "/", "/vace/scale"))).encode(), *frames]


def _text(random_: random.Random) -> bytes:
    if random_.random() < 0.5:
        return frame(1, random_.choice(MESSAGES).encode())
    message = {"kind": "set", "address": random_.choice(ADDRESSES), "value": random_.choice(VALUES)}
    return frame(1, json.dumps(message).encode())


def _packet(random_: random.Random) -> bytes:
    return frame(2, random_.choice((*PACKETS, random_.randbytes(random_.randrange(200)))))


def _odd_frame(random_: random.Random) -> bytes:
    """Of any opcode, with or without a mask or an end, perhaps of another length than it says."""
    length = random_.choice((0, 5, 125, 126, 127, 70_000, 2**40, None))
    payload = random_.randbytes(random_.randrange(200))
    return frame(random_.randrange(16), payload, random_.random() < 0.8, random_.random() < 0.7, length)


def _garbage_frame(random_: random.Random) -> bytes:
    return random_.randbytes(random_.randrange(1, 100))


def frame(opcode: int, payload: bytes, masked: bool = True, final: bool = True, length: int | None = None) -> bytes:
    """A WebSocket frame; `length` if it is to say another than it has."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if final else 0) | opcode])
    flag = 0x80 if masked else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 2**16:
        head += bytes([flag | 126]) + struct.pack(">H", size)
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def main(arguments: list[str]) -> int:
    """Say what came of it; the exit code is 1 if a good request was not answered."""
    host, _, port = arguments[0].rpartition(":")
    requests, seed = int((*arguments[1:2], 10_000)[0]), int((*arguments[2:3], 1)[0])
    result = fuzz_web(host, int(port), requests, seed)
    sys.stdout.write(f"{result}{os.linesep}")
    return int(bool(result.failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
