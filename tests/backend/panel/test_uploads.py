"""Pictures sent to the panel's server, by whom it lets in and by whom it does not."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backend.controls.table import TABLE
from backend.panel import Panel, picture_store, uploads
from backend.panel.picture_store import PictureStore
from bridge.control.mailbox import Mailbox
from bridge.web.token import Token
from tests.backend.panel.statuses import front_status
from tests.backend.panel.test_picture_store import PNG

TOKEN = Token("sesame-sesame")
ELSEWHERE = {"X-Forwarded-For": "192.168.7.9"}


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    pictures = PictureStore(tmp_path)
    with Panel(TABLE, Mailbox(TABLE), dict, front_status, port=0, token=TOKEN, pictures=pictures) as panel:
        yield panel


def ask(panel: Panel, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(panel.url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def send(panel: Panel, body: object, **headers: str) -> tuple[int, dict]:
    status, answer = ask(panel, "POST", "/pictures?name=cup.png", body, **headers)
    return status, json.loads(answer)


def test_a_picture_is_kept_and_its_path_told(panel: Panel, tmp_path: Path):
    status, told = send(panel, PNG)
    assert status == 201
    path = Path(told["path"])
    assert path.parent == tmp_path
    assert path.read_bytes() == PNG
    assert ask(panel, "GET", f"/pictures/{path.name}") == (200, PNG)


def test_no_other_file_is_given_back(panel: Panel, tmp_path: Path):
    (tmp_path.parent / "secret.png").write_bytes(PNG)
    for path in ("/pictures/../secret.png", "/pictures/%2e%2e/secret.png", "/pictures/..%2fsecret.png", "/pictures/"):
        assert ask(panel, "GET", path)[0] in (404, 405), path


def test_what_is_no_picture_is_refused_with_what_to_do(panel: Panel, tmp_path: Path):
    status, told = send(panel, b"<html>")
    assert status == 415
    assert "send a PNG, a JPEG or a WebP" in told["reason"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_refused_before_it_is_read(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunked: bool
):
    monkeypatch.setattr(uploads, "MOST_BYTES", 50)
    status, told = send(panel, iter([PNG[:40], PNG[40:]]) if chunked else PNG)
    assert status == 413
    assert "make it smaller" in told["reason"]
    assert not list(tmp_path.iterdir())


def test_a_picture_that_stops_half_way_leaves_nothing(panel: Panel, tmp_path: Path):
    url = urlsplit(panel.url)
    with socket.create_connection((url.hostname, url.port)) as half:
        half.sendall(b"POST /pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n" + PNG)
    assert send(panel, PNG)[0] == 201
    assert len(list(tmp_path.iterdir())) == 1


def test_too_many_at_once_are_told_to_wait(panel: Panel):
    url = urlsplit(panel.url)
    held = [socket.create_connection((url.hostname, url.port)) for _ in range(uploads.MOST_AT_ONCE)]
    for each in held:
        each.sendall(b"POST /pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n" + PNG)
    refused, waited = 0, threading.Event()
    while not refused:  # until all of them are known to the server
        status, told = send(panel, PNG)
        refused = status == 503
        waited.wait(0.05)
    assert "try again" in told["reason"]
    for each in held:
        each.close()
    while send(panel, PNG)[0] == 503:
        waited.wait(0.05)


def test_a_full_disk_is_told(panel: Panel, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PictureStore, "add", full)
    status, told = send(panel, PNG)
    assert status == 507
    assert "No space left on device" in told["reason"]


def test_only_the_page_itself_and_those_with_the_token_may_send(panel: Panel, tmp_path: Path):
    assert ask(panel, "POST", "/pictures", PNG, Origin="http://evil.example")[0] == 403
    assert ask(panel, "POST", "/pictures", PNG, Host="evil.example")[0] == 403
    assert ask(panel, "POST", "/pictures", PNG, **ELSEWHERE)[0] == 401
    assert not list(tmp_path.iterdir())
    assert ask(panel, "POST", "/pictures?token=sesame-sesame&name=a", PNG, **ELSEWHERE)[0] == 201


def test_a_show_that_takes_no_pictures_says_so():
    with Panel(TABLE, Mailbox(TABLE), dict, front_status, port=0) as panel:
        assert ask(panel, "POST", "/pictures", PNG)[0] in (404, 405)


def test_the_page_sends_no_picture_that_is_too_large():
    page = (Path(uploads.__file__).parent / "page" / "pictures.js").read_text(encoding="utf-8")
    largest = re.search(r"const LARGEST_PNG = (\S+);", page)
    assert largest
    assert float(largest[1]) < picture_store.MOST_BYTES
