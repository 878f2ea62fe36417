"""The panel's server from outside: figures, health, other machines, and what fails in it.

What comes from another machine comes through a proxy on this one, which says so in a header.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import ClientConnection, connect

from backend.front.status import FrontStatus
from backend.panel import Panel
from backend.runtime.events import Events
from bridge import threads
from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Control, ControlTable
from bridge.web.token import Token
from tests.backend.panel.statuses import front_status

PATIENCE = 10.0
TABLE = ControlTable(
    [
        Control("/vace/scale", "float", 1.0, "How closely", low=0.0, high=2.0),
        Control("/vace/source", "string", "", "A file", dangerous=True, names=lambda text: (text,)),
    ]
)
ELSEWHERE = {"X-Forwarded-For": "192.168.7.9"}
TOKEN = Token("sesame-sesame")


class Show:
    """A show whose parts can be made to fail."""

    def __init__(self) -> None:
        self.mailbox = Mailbox(TABLE)
        self.status: FrontStatus | Exception = front_status(state="running", output_fps=30.0, engine_fps=10.0)
        self.previews: dict[str, Any] | Exception = {"output": np.zeros((8, 8, 3), np.uint8)}
        self.events = Events()
        self.panel = Panel(
            TABLE, self.mailbox, self._previews, self._status, port=0, token=TOKEN, events=self.events.as_list
        )

    def _status(self) -> FrontStatus:
        if isinstance(self.status, Exception):
            raise self.status
        return self.status

    def _previews(self) -> Mapping[str, np.ndarray]:
        if isinstance(self.previews, Exception):
            raise self.previews
        return self.previews

    def ask(self, path: str, **headers: str) -> tuple[int, str, str]:
        """Status, content type and body."""
        connection = http.client.HTTPConnection(urlsplit(self.panel.url).netloc, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, str(answer.headers["content-type"]), answer.read().decode()
        finally:
            connection.close()

    @contextmanager
    def connect(self, query: str = "", **headers: str) -> Iterator[ClientConnection]:
        url = f"ws://{urlsplit(self.panel.url).netloc}/live{query}"
        with connect(url, additional_headers=headers, proxy=None) as connection:
            yield connection


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    monkeypatch.setattr(threads, "_logged", set())
    show = Show()
    with show.panel:
        yield show


def told(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of that kind."""
    while True:
        message = connection.recv(timeout=PATIENCE)
        if isinstance(message, str) and json.loads(message)["kind"] == kind:
            return json.loads(message)


def pictures(connection: ClientConnection) -> bytes:
    """The next preview."""
    while True:
        message = connection.recv(timeout=PATIENCE)
        if isinstance(message, bytes):
            return message


def set_value(connection: ClientConnection, address: str, value: object) -> None:
    connection.send(json.dumps({"kind": "set", "address": address, "value": value}))


def test_metrics_are_read_by_prometheus(show: Show):
    status, content_type, text = show.ask("/metrics")
    assert status == 200
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["vace_output_fps"].samples[0].value == 30.0
    assert families["vace_panel_connections"].samples[0].value == 1.0


def test_health_says_that_all_is_well_and_when_it_is_not(show: Show):
    status, content_type, text = show.ask("/health")
    assert (status, content_type) == (200, "application/json")
    assert json.loads(text) == {"healthy": True, "state": "running"}
    show.status = front_status(state="failed", output_fps=30.0, last_fault="no memory")
    status, _, text = show.ask("/health")
    assert (status, json.loads(text)["state"]) == (503, "failed")
    assert "no memory" in json.loads(text)["reason"]


def test_what_has_gone_wrong_is_listed_each_fault_once(show: Show):
    for _ in range(3):
        show.events.add("no such file", "/vace/first")
    show.events.add("the engine died")
    status, content_type, text = show.ask("/events")
    assert (status, content_type) == (200, "application/json")
    told = [(event["reason"], event["address"], event["count"], event["ended"]) for event in json.loads(text)]
    assert told == [("no such file", "/vace/first", 3, None), ("the engine died", "", 1, None)]


@pytest.mark.faults
def test_health_and_metrics_of_a_status_that_fails(show: Show, caplog: pytest.LogCaptureFixture):
    show.status = KeyError("a part of it")
    status, _, text = show.ask("/health")
    assert (status, json.loads(text)["state"]) == (503, "unknown")
    assert "KeyError" in json.loads(text)["reason"]
    assert [show.ask("/metrics")[0] for _ in range(3)] == [500] * 3
    assert len(caplog.records) == 2


@pytest.mark.parametrize("path", ["/metrics", "/health", "/", "/main.js"])
def test_what_other_machines_may_see_they_see_with_the_token_alone(show: Show, path: str):
    assert show.ask(path, **ELSEWHERE)[0] == 401
    assert show.ask(f"{path}?token=wrong-wrong", **ELSEWHERE)[0] == 401
    assert show.ask(f"{path}?token={TOKEN.text}", **ELSEWHERE)[0] == 200
    assert show.ask(path, Authorization=f"Bearer {TOKEN.text}", **ELSEWHERE)[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/health"])
def test_a_foreign_name_gets_no_figures(show: Show, path: str):
    assert show.ask(path, Host="evil.example")[0] == 403
    assert show.ask(path, Origin="http://evil.example")[0] == 403


def test_another_machine_sets_what_is_harmless_and_is_told_why_not_the_rest(show: Show):
    with show.connect(f"?token={TOKEN.text}", **ELSEWHERE) as connection:
        assert "" in told(connection, "values")["values"].values()
        set_value(connection, "/vace/source", "file:/etc/passwd")
        assert "senders on other machines may name no other" in told(connection, "report")["reason"]
        assert told(connection, "values")["values"] == {"/vace/source": ""}
        set_value(connection, "/vace/scale", 0.5)
        assert told(connection, "values")["values"] == {"/vace/scale": 0.5}
    assert show.mailbox.get("/vace/source") == ""


def test_this_machine_sets_everything(show: Show):
    with show.connect() as connection:
        told(connection, "values")
        set_value(connection, "/vace/source", "camera:1")
        assert told(connection, "values")["values"] == {"/vace/source": "camera:1"}


@pytest.mark.faults
def test_a_status_that_fails_leaves_the_page_open(show: Show, caplog: pytest.LogCaptureFixture):
    with show.connect() as connection:
        show.status = ValueError("no status")
        while told(connection, "status")["status"] != {"state": "unknown"}:
            pass
        set_value(connection, "/vace/scale", 0.25)
        while told(connection, "values")["values"].get("/vace/scale") != 0.25:
            pass
        show.status = front_status(state="running again")
        while told(connection, "status")["status"]["state"] != "running again":
            pass
    assert [record.getMessage() for record in caplog.records] == ["panel status: ValueError: no status; it goes on"]


@pytest.mark.faults
def test_a_status_that_is_no_json_leaves_the_page_open(show: Show):
    with show.connect() as connection:
        show.status = front_status(state={"a set"})
        while told(connection, "status")["status"] != {"state": "unknown"}:
            pass


@pytest.mark.faults
def test_previews_that_fail_leave_the_page_open(show: Show, caplog: pytest.LogCaptureFixture):
    with show.connect() as connection:
        assert pictures(connection).startswith(b"\x06output\xff\xd8")
        show.previews = ValueError("no previews")
        assert pictures(connection) == b"\x06output"
        show.previews = {"output": np.zeros((0, 8, 3), np.uint8), "mask": np.zeros((8, 8), np.uint8)}
        assert pictures(connection).startswith(b"\x04mask\xff\xd8")
        assert told(connection, "status")
    assert len(caplog.records) == 2


@pytest.mark.faults
def test_a_listener_that_fails_is_told_to_the_page_that_set_the_value(show: Show, caplog: pytest.LogCaptureFixture):
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    show.mailbox.listen("/vace/scale", fail)
    with show.connect() as connection:
        for value in (0.5, 0.25):
            set_value(connection, "/vace/scale", value)
            assert "the disk is full" in told(connection, "report")["reason"]
    assert len(caplog.records) == 1


def test_a_panel_for_this_machine_alone_has_no_address_elsewhere(show: Show):
    assert show.panel.url_elsewhere is None
    assert show.ask("/elsewhere.svg")[0] == 404


def test_a_panel_for_all_shows_its_address_elsewhere_to_this_machine_alone():
    mailbox = Mailbox(TABLE)
    with Panel(TABLE, mailbox, dict, front_status, host="0.0.0.0", port=0, token=TOKEN) as panel:
        url = urlsplit(panel.url_elsewhere or "")
        here = urlsplit(panel.url)
        assert (url.port, url.query) == (here.port, f"token={TOKEN.text}")
        assert here.hostname == "127.0.0.1"
        connection = http.client.HTTPConnection(here.netloc, timeout=PATIENCE)
        connection.request("GET", "/elsewhere.svg")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert b"<path" in answer.read()
        connection.request("GET", f"/elsewhere.svg?token={TOKEN.text}", headers=ELSEWHERE)
        assert connection.getresponse().status == 404
        connection.close()
        with connect(f"ws://{here.netloc}/live", proxy=None) as page:
            assert told(page, "elsewhere")["url"] == panel.url_elsewhere
