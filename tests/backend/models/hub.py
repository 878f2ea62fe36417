"""A small server on loopback that speaks as the Hugging Face hub does, as far as a download goes.

Large files are answered with a redirect to another server that holds the content, small ones (`git`) at once. It can
cut a connection, answer with an error, hold an answer back, or send another content than it announced.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class ReceivedRequest:
    """A request that came."""

    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Hub:
    """files: "owner/name/path" -> content. All may be changed while it runs."""

    files: dict[str, bytes] = field(default_factory=dict)
    git: set[str] = field(default_factory=set)
    """Files that are answered at once and tagged as git tags them."""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes each of the next answers breaks off."""
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    """"owner/name/path" -> status and X-Error-Code; "content" -> of every answer with content."""
    altered: set[str] = field(default_factory=set)
    """Files that come with another content than announced."""
    sent: dict[str, bytes] = field(default_factory=dict)
    """What comes in place of a file's content, whatever was announced."""
    announced: dict[str, dict[str, str]] = field(default_factory=dict)
    """Headers of the answer that announces a file, in place of the true ones."""
    whole_only: bool = False
    """It knows nothing of ranges."""
    says_nothing: bool = False
    """It tells neither tag nor size, as a server that is no hub."""
    held: threading.Event = field(default_factory=threading.Event)
    """Content is sent once it is set."""
    finish: threading.Event = field(default_factory=threading.Event)
    """An answer with content ends once it is set."""
    asked: list[ReceivedRequest] = field(default_factory=list)
    endpoint: str = ""
    content: str = ""

    def fetched(self) -> list[ReceivedRequest]:
        """The requests for content."""
        return [one for one in self.asked if one.path.startswith("content/") and one.method == "GET"]


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub and its store of contents, each on a port of its own."""
    state = Hub()
    state.held.set()
    state.finish.set()
    with Server(state) as front, Server(state) as back:
        state.endpoint, state.content = front.address, back.address
        yield state


class Server:
    def __init__(self, state: Hub) -> None:
        handler = type("Bound", (Handler,), {"hub": state})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""

    def _answer(self, with_content: bool) -> None:
        path = unquote(self.path.lstrip("/"))
        asked = ReceivedRequest(self.command, path, self.headers["Range"], self.headers["Authorization"])
        self.hub.asked.append(asked)
        if path.startswith("content/"):
            self._content(path.removeprefix("content/"), with_content)
            return
        owner, name, *rest = path.split("/")
        file = "/".join((owner, name, *rest[2:]))  # without resolve and the revision
        if file in self.hub.errors:
            self._head(*self.hub.errors[file])
        elif file not in self.hub.files:
            known = any(other.startswith(f"{owner}/{name}/") for other in self.hub.files)
            self._head(404, "EntryNotFound" if known else "RepoNotFound")
        elif self.hub.says_nothing:
            self._head(200, chunked=True)
        elif file in self.hub.git:
            self._content(file, with_content)
        else:
            content = self.hub.files[file]
            headers = {
                "Location": f"{self.hub.content}/content/{file}",
                "X-Repo-Commit": COMMIT,
                "X-Linked-Size": str(len(content)),
                "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"',
                "Content-Length": "0",
            }
            self.send_response(302)
            for name, value in (headers | self.hub.announced.get(file, {})).items():
                self.send_header(name, value)
            self.end_headers()

    def _head(self, status: int, error: str = "", chunked: bool = False) -> None:
        self.send_response(status)
        if error:
            self.send_header("X-Error-Code", error)
        if not chunked:
            self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def _content(self, file: str, with_content: bool) -> None:
        if with_content and "content" in self.hub.errors:
            self._head(*self.hub.errors["content"])
            return
        content = self.hub.files[file]
        tag = hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()
        first = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        first = 0 if self.hub.whole_only else first
        content = self.hub.sent.get(file, content)
        if file in self.hub.altered:
            content = bytes(255 - byte for byte in content)
        self.send_response(206 if first else 200)
        self.send_header("ETag", f'"{tag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if with_content:
            self._send(content[first:])

    def _send(self, content: bytes) -> None:
        self.hub.held.wait(30)
        if self.hub.cuts:
            content = content[: self.hub.cuts.pop(0)]
        try:
            self.wfile.write(content)
            self.hub.finish.wait(30)
        except OSError:
            self.close_connection = True  # the other end has gone
