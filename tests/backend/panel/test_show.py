"""The page before a real show: the front here, the engine in its own process, a model that paints plain colours."""

import socket
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from backend.front.build import open_front
from backend.front.options import RunOptions
from backend.steering.steering import SteeringOptions
from tests.browser import Browser, find_chromium

pytestmark = pytest.mark.usefixtures("prepared_engines")


def asked_by_osc(port: int, address: str) -> list:
    """What `/vace/get ADDRESS` answers."""
    builder = OscMessageBuilder("/vace/get")
    builder.add_arg(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.sendto(builder.build().dgram, ("127.0.0.1", port))
        return OscMessage(asking.recv(65536)).params


def test_a_prompt_typed_on_the_page_shows_in_the_output_and_in_oscs_answer(tmp_path: Path):
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    options = RunOptions(
        source="testcard:",
        sinks=("null:",),
        height=32,
        width=48,
        fps=30.0,
        steering=SteeringOptions(osc=("127.0.0.1", 0)),
        panel=("127.0.0.1", 0),
        values={"/vace/prompt": "red"},
        load="tests.backend.fake_model:load",
    )
    pixel = "[...document.querySelector('#preview-output canvas').getContext('2d').getImageData(24, 16, 1, 1).data]"
    with open_front(options) as front, Browser(executable, tmp_path) as page:
        assert front.panel_url
        assert front.steering.osc
        page.open(front.panel_url)
        page.wait("document.getElementById('state').textContent === 'running'")
        page.wait(f"document.querySelector('#preview-output canvas') && {pixel}[0] > 200 && {pixel}[2] < 50")
        page.type('[data-address="/vace/prompt"] textarea', "blue")
        page.wait(f"{pixel}[2] > 200 && {pixel}[0] < 50")
        assert asked_by_osc(front.steering.osc.port, "/vace/prompt")[-1] == "blue"
