"""The page in a real Chromium, and its server from outside, before a show that is made up."""

import http.client
import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from backend.controls.table import TABLE
from backend.panel import Panel, PanelError
from backend.panel.server import MORE_PORTS
from bridge.control.mailbox import Mailbox
from bridge.web.token import Token
from tests.backend.panel.page_show import MadeUpShow, made_up_show
from tests.backend.panel.statuses import front_status
from tests.browser import Browser, wait_for

READY = "document.querySelectorAll('#bank button').length === 8"
MASK = np.zeros((64, 96), np.uint8)
ADDRESSES = [row.address for row in TABLE]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[MadeUpShow]:
    with made_up_show(tmp_path) as show:
        yield show


@pytest.fixture
def page(show: MadeUpShow, chromium: Browser) -> Iterator[Browser]:
    """With all groups open."""
    chromium.resize(1440, 900)
    chromium.open(show.panel.url)
    chromium.wait(READY)
    chromium.run("document.querySelectorAll('#groups details').forEach(each => (each.open = true))")
    yield chromium
    chromium.open("about:blank")


def authority(show: MadeUpShow) -> str:
    return urlsplit(show.panel.url).netloc


@contextmanager
def connected(show: MadeUpShow) -> Iterator[ClientConnection]:
    with connect(f"ws://{authority(show)}/live", proxy=None) as connection:
        yield connection


def told(connection: ClientConnection, kind: str) -> dict:
    """The next message of that kind."""
    while True:
        message = connection.recv(timeout=10)
        if isinstance(message, str) and json.loads(message)["kind"] == kind:
            return json.loads(message)


def test_a_prompt_typed_on_the_page_is_in_the_mailbox(show: MadeUpShow, page: Browser):
    page.type('[data-address="/vace/prompt"] textarea', "a cave of blue ice")
    wait_for(lambda: show.mailbox.get("/vace/prompt") == "a cave of blue ice", "the prompt in the mailbox")


def test_every_kind_of_control_can_be_set_with_mouse_and_keyboard(show: MadeUpShow, page: Browser):
    page.click('[data-address="/vace/freeze"]')
    page.click('[data-address="/vace/mask/invert"] input')
    page.click('[data-address="/vace/reset"]')
    page.click('[data-address="/vace/control"] [value=scribble]')
    page.type('[data-address="/vace/scale"] input[type=number]', "0.6")
    page.type('[data-address="/vace/seed"] input[type=number]', "123456789")
    page.click('[data-address="/vace/prompt/fade/way"] [value=slerp]')
    page.click('[data-address="/vace/tempo/quantise"] [value=bar]')
    page.type('#groups [data-address="/vace/mask/source"] textarea', "object:dog")
    page.type('[data-address="/vace/reference"] textarea', "one.png\ntwo words.png", key="")
    page.click('[data-address="/vace/reference"] .send')
    page.type('[data-address="/vace/mask/rect"] textarea', "0.25 0 0.5 1")
    expected = {
        "/vace/reference": ("one.png", "two words.png"),
        "/vace/mask/rect": (0.25, 0.0, 0.5, 1.0),
        "/vace/freeze": True,
        "/vace/mask/invert": True,
        "/vace/control": "scribble",
        "/vace/mask/source": "object:dog",
        "/vace/scale": 0.6,
        "/vace/seed": 123456789,
        "/vace/prompt/fade/way": "slerp",
        "/vace/tempo/quantise": "bar",
    }
    defaults = {row.address: row.default for row in TABLE if row.holds}
    wait_for(lambda: show.mailbox.snapshot() == defaults | expected, "all values in the mailbox")
    assert show.mailbox.events() == ["/vace/reset"]


def test_an_event_can_be_sent_with_a_number_or_a_text_and_again(show: MadeUpShow, page: Browser):
    heard: list[object] = []
    for address in ("/vace/prompt/go", "/vace/cue/go"):
        show.mailbox.listen(address, lambda value, when: heard.append(value))
    for _ in range(2):
        page.click("#bank button:nth-child(3)")
        page.type('[data-address="/vace/cue/go"] textarea', "blue hour")
    wait_for(lambda: heard == [3, "blue hour"] * 2, "all events")


def test_what_others_set_shows_on_the_page(show: MadeUpShow, page: Browser):
    show.mailbox.set_all(
        [
            ("/vace/prompt", "set by OSC"),
            ("/vace/scale", 1.5),
            ("/vace/freeze", True),
            ("/vace/control", "none"),
            ("/vace/mask/invert", True),
        ]
    )
    page.wait("document.querySelector('[data-address=\"/vace/prompt\"] textarea').value === 'set by OSC'")
    page.wait("document.querySelector('[data-address=\"/vace/scale\"] input[type=range]').value === '1.5'")
    page.wait("document.querySelector('[data-address=\"/vace/freeze\"]').ariaPressed === 'true'")
    page.wait("document.querySelector('[data-address=\"/vace/mask/invert\"] input').checked")
    page.wait("document.querySelector('[data-address=\"/vace/control\"] :checked').value === 'none'")


def test_what_is_being_typed_is_not_overwritten_by_others(show: MadeUpShow, page: Browser):
    page.type('[data-address="/vace/prompt"] textarea', "half a thou", key="")
    show.mailbox.set_all([("/vace/prompt", "set by OSC"), ("/vace/freeze", True)])
    page.wait("document.querySelector('[data-address=\"/vace/freeze\"]').ariaPressed === 'true'")
    assert page.run("document.querySelector('[data-address=\"/vace/prompt\"] textarea').value") == "half a thou"


def test_a_value_out_of_range_is_clamped_and_the_page_says_so(show: MadeUpShow, page: Browser):
    page.type('[data-address="/vace/scale"] input[type=number]', "7")
    page.wait("document.querySelector('.toast')?.textContent.includes('0 to 2')")
    page.wait("document.querySelector('[data-address=\"/vace/scale\"] input[type=number]').value === '2'")
    assert show.mailbox.get("/vace/scale") == 2.0


def test_the_pictures_on_the_page_are_the_previews(show: MadeUpShow, page: Browser, tmp_path: Path):
    show.previews |= {"mask": MASK, "control": np.full((64, 96), 128, np.uint8)}
    page.wait("document.querySelectorAll('figure canvas').length === 4")
    pixel = "[...document.querySelector('#preview-{} canvas').getContext('2d').getImageData(9, 9, 1, 1).data]"
    near = "{}.every((value, i) => Math.abs(value - {}[i]) < 8)"
    page.wait(near.format(pixel.format("output"), [0, 0, 255, 255]))
    page.wait(near.format(pixel.format("control"), [128, 128, 128, 255]))
    show.previews["output"] = np.full((64, 96, 3), (10, 200, 90), np.uint8)
    page.wait(near.format(pixel.format("output"), [10, 200, 90, 255]))
    del show.previews["mask"]
    page.wait("document.getElementById('preview-mask').hidden")
    show.previews["mask"] = MASK
    page.wait("!document.getElementById('preview-mask').hidden")
    page.screenshot(tmp_path / "panel.png")


def test_the_page_shows_rates_and_comes_back_when_the_program_does(show: MadeUpShow, page: Browser):
    show.status |= {"output_fps": 29.97, "latency_ms": float("nan")}
    page.wait("document.getElementById('status-output_fps')?.textContent === '30.0 fps'")
    page.wait("document.getElementById('status-latency_ms').textContent.startsWith('–')")
    assert page.run("document.getElementById('state').textContent") == "running"
    show.panel.stop()
    page.wait("document.body.classList.contains('lost')")
    port = urlsplit(show.panel.url).port
    assert port
    show.status |= {"state": "restarting"}
    with show.make_panel(port):
        page.wait("document.getElementById('state').textContent === 'restarting'")


@pytest.mark.parametrize(
    ("headers", "status"), [({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 403), ({}, 101)]
)
def test_a_page_of_another_origin_gets_no_socket(show: MadeUpShow, headers: dict[str, str], status: int):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    connection = http.client.HTTPConnection(authority(show), timeout=10)
    connection.request("GET", "/live", headers={**upgrade, "Sec-WebSocket-Key": "A" * 22 + "==", **headers})
    assert connection.getresponse().status == status
    connection.close()


def test_a_foreign_host_name_gets_no_page(show: MadeUpShow):
    connection = http.client.HTTPConnection(authority(show), timeout=10)
    connection.request("GET", "/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403
    connection.close()


def test_a_program_may_use_the_socket_too(show: MadeUpShow):
    with connected(show) as connection:
        assert [row["address"] for row in told(connection, "table")["controls"]] == ADDRESSES
        connection.send(json.dumps({"kind": "set", "address": "/vace/scale", "value": 0.25}))
        while told(connection, "values")["values"].get("/vace/scale") != 0.25:
            pass
    assert show.mailbox.get("/vace/scale") == 0.25


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nonsense",
        "[]",
        "7",
        "{}",
        '{"address": "/vace/scale"}',
        '{"address": [], "value": 1}',
        '{"address": "/vace/none", "value": 1}',
        '{"address": "/vace/scale", "value": NaN}',
        '{"address": "/vace/scale", "value": {}}',
        "[" * 60_000,
        b"\xff\x00",
        '{"address": null, "value": 1}',
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_harms_nothing(show: MadeUpShow, message: str | bytes):
    before = show.mailbox.snapshot()
    with connected(show) as connection:
        connection.send(message)
        assert told(connection, "report")["reason"]
        assert told(connection, "status")
    assert show.mailbox.snapshot() == before


def test_the_page_is_whole_and_loads_nothing_from_elsewhere(show: MadeUpShow):
    with urllib.request.urlopen(show.panel.url, timeout=10) as answer:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "http" not in answer.read().decode().replace("http-equiv", "")


def test_where_another_program_has_the_port_the_next_free_one_is_taken_and_said(
    show: MadeUpShow, caplog: pytest.LogCaptureFixture
):
    taken = urlsplit(show.panel.url).port
    assert taken
    with Panel(TABLE, show.mailbox, dict, front_status, port=taken) as panel:
        port = urlsplit(panel.url).port
        assert port
        assert taken < port <= taken + MORE_PORTS
        assert f"port {taken} is taken by another program, so the panel has port {port}" in caplog.text


def test_an_address_that_cannot_be_had_is_refused_with_what_to_do(show: MadeUpShow, monkeypatch: pytest.MonkeyPatch):
    port = urlsplit(show.panel.url).port
    assert port
    monkeypatch.setattr("backend.panel.server.MORE_PORTS", 0)
    with pytest.raises(PanelError, match="choose another port with --panel"):
        Panel(TABLE, show.mailbox, dict, front_status, port=port).start()
    with pytest.raises(PanelError, match="choose another port with --panel"):
        Panel(TABLE, show.mailbox, dict, front_status, host="192.0.2.1", token=Token("sesame-sesame")).start()
    with pytest.raises(PanelError, match="without a token the panel serves this machine only"):
        Panel(TABLE, show.mailbox, dict, front_status, host="0.0.0.0")


def test_a_page_for_all_shows_how_to_open_it_elsewhere_and_hides_the_token(chromium: Browser):
    with Panel(TABLE, Mailbox(TABLE), dict, front_status, "0.0.0.0", 0, Token("sesame-sesame")) as panel:
        chromium.open(f"{panel.url}?token=sesame-sesame")
        chromium.wait("!document.getElementById('elsewhere').hidden")
        assert chromium.run("document.querySelector('#elsewhere code').textContent") == panel.url_elsewhere
        chromium.wait("document.querySelector('#elsewhere img').naturalWidth > 100")
        assert chromium.run("location.search") == ""
        chromium.open("about:blank")


def test_a_page_opens_while_half_requests_are_held(show: MadeUpShow, chromium: Browser):
    with ExitStack() as held:
        for _ in range(400):
            half = held.enter_context(socket.create_connection(("127.0.0.1", urlsplit(show.panel.url).port or 0)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: ")
        chromium.open(show.panel.url)
        chromium.wait(READY)
    chromium.open("about:blank")
