"""The whole front process as a Windows program, with an engine process beside it, steered by OSC from outside."""

from __future__ import annotations

import json
import socket
import time

import pytest
from pythonosc.udp_client import SimpleUDPClient

from .machine import HERE, Peer, Program, WindowsMachine, for_windows

pytestmark = pytest.mark.timeout(600)

SHOW = HERE / "windows" / "show.py"
RED, GREEN, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 0]
TO_WAIT_FOR_IT = 0x00100000
SIZE = ("--width", "64", "--height", "48", "--fps", "30")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_show_with_spout_and_shared_memory_runs_obeys_and_ends_well(windows: WindowsMachine, ours: Peer):
    port = free_port()
    show = windows.start(
        for_windows(SHOW), "--source", "testcard:", "--sink", "spout:show", "--sink", "touch:show",
        "--osc", f"127.0.0.1:{port}", *SIZE, "--prompt", "red",
    )  # fmt: skip
    with show:
        wait_until(show, ours, RED)
        assert ours("registry.senders()") == ["show"]
        assert ours("(lambda info: [info.width, info.height])(registry.info('show'))") == [64, 48]
        controller = SimpleUDPClient("127.0.0.1", port)
        with controller:
            for address, value, colour in (
                ("/vace/prompt", "green", GREEN),
                ("/vace/blackout", 1, BLACK),
                ("/vace/blackout", 0, GREEN),
                ("/vace/prompt", "red", RED),
            ):
                controller.send_message(address, value)
                wait_until(show, ours, colour)
        code, printed = show.end()
    status = status_in(printed)
    assert code == 0, printed
    assert (status["state"], status["restarts"], status["faults"], status["failed_sinks"]) == ("stopped", 0, 0, "")
    assert status["mode"] == "stand-in"
    assert status["sent"] >= 2 * 30
    assert ours("registry.senders()") == []


def test_a_show_takes_its_frames_from_shared_memory_and_outlives_their_sender(windows: WindowsMachine, ours: Peer):
    ours("sink = open_sink('touch:in', 64, 48, 30)")
    ours("sink.send(Frame(np.full((48, 64, 3), 55, np.uint8), 0, 0.0))")
    port = free_port()
    arguments = ("--source", "touch:in", "--sink", "touch:show", "--osc", f"127.0.0.1:{port}", "--bypass")
    with windows.start(for_windows(SHOW), *arguments, *SIZE) as show:
        wait_until(show, ours, [55, 55, 55])
        ours("sink.close()")
        ours("sink = open_sink('touch:in', 320, 240, 30)")
        ours("sink.send(Frame(np.full((240, 320, 3), 77, np.uint8), 0, 0.0))")
        wait_until(show, ours, [77, 77, 77])
        code, printed = show.end()
    ours("sink.close()")
    assert code == 0, printed
    assert status_in(printed)["source_size_changes"] == 1


def test_a_show_that_is_killed_leaves_no_engine_and_no_sender(windows: WindowsMachine, ours: Peer):
    arguments = ("--source", "testcard:", "--sink", "spout:show", "--sink", "touch:show", "--osc", "off")
    with windows.start(for_windows(SHOW), *arguments, *SIZE, "--prompt", "red") as show:
        wait_until(show, ours, RED)
        (engine,) = (line.removeprefix("engine: ") for line in show.lines() if line.startswith("engine: "))
        ours("import ctypes; kernel = ctypes.windll.kernel32")
        ours(
            "def ended(number):\n"
            f"    process = kernel.OpenProcess({TO_WAIT_FOR_IT}, False, number)\n"
            "    over = not process or kernel.WaitForSingleObject(process, 0) == 0\n"
            "    kernel.CloseHandle(process)\n"
            "    return over\n"
        )
        assert not ours(f"ended({engine})")
        show.process.kill()
        show.process.wait()
        ours.wait_for(f"ended({engine})", "the engine to end")
    assert ours("registry.senders()") == []


def wait_until(show: Program, peer: Peer, colour: list[int], seconds: float = 60.0) -> None:
    """Until the middle of the show's picture has that colour."""
    peer(
        "def middle(name):\n"
        "    try:\n"
        "        with open_source(name, 64, 48, 200) as source:\n"
        "            return source.read(1.0).pixels[24, 32, :3].tolist()\n"
        "    except BridgeError as error:\n"
        "        return str(error)\n"
    )
    end = time.monotonic() + seconds
    while (seen := peer("middle('touch:show')")) != colour:
        if show.process.poll() is not None or time.monotonic() > end:
            _, printed = show.end(10)
            raise AssertionError(f"the show's picture is {seen}, not {colour}:\n{printed}")
        time.sleep(0.05)


def status_in(printed: str) -> dict:
    lines = [line.removeprefix("status: ") for line in printed.splitlines() if line.startswith("status: ")]
    assert len(lines) == 1, printed
    return json.loads(lines[0])
