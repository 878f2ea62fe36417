"""A component in the stand-in for TouchDesigner, with a real process for its backend, and who listens to it."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.control.osc.packets import parse
from tests.backend.waiting import PATIENCE
from tests.td_project.fake_td import Op
from tests.td_project.test_build import built

ROOT = Path(__file__).parents[2]
SLEEPER = "import sys; print('restyling', flush=True); sys.stdin.read()"
SHOW = f"""
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
from backend.front.build import open_front
from backend.front.options import RunOptions
from backend.steering.steering import SteeringOptions

if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--osc") + 1].split(":")[1])
    size = dict(height=32, width=48, fps=30.0, load="tests.backend.fake_model:load")
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    with open_front(RunOptions("testcard:", steering=SteeringOptions(osc=("127.0.0.1", port)), **size)) as front:
        front.wait(None, stop)
"""


def component(folder: Path, root: Op | None = None) -> Op:
    """One whose backend is a script of the test's."""
    made = built(root)
    made.par.Folder.val = str(folder)
    made.par.Python.val = sys.executable
    return made


def end(made: Op) -> None:
    """Nothing of it is left running."""
    backend = made.ext.VaceLive._backend
    made.ext.VaceLive.Leave()
    if backend is not None:
        backend.process.wait(PATIENCE)
    if made.valid:
        made.destroy()


def give(comp: Op, script: str) -> None:
    (Path(comp.par.Folder.eval()) / "start.py").write_text(script)


def frames_until(comp: Op, condition: Callable[[], object], what: str) -> None:
    """Let TouchDesigner draw frames until then, each quick: its thread must not be held up."""
    end, frame = time.monotonic() + PATIENCE, 0
    while not condition():
        assert time.monotonic() < end, f"waited for {what}; state {comp.par.State.eval()}, {comp.par.Lasterror.eval()}"
        frame += 1
        comp.draw(frame)
        time.sleep(1 / 60)


def sent_by_another(comp: Op, address: str, text: str) -> None:
    """What somebody else sends the backend."""
    builder = OscMessageBuilder(address)
    builder.add_arg(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(builder.build().dgram, ("127.0.0.1", int(comp.op("osc_out").par.port.eval())))


def asked(comp: Op, address: str) -> tuple:
    """What the backend answers somebody else."""
    builder = OscMessageBuilder("/vace/get")
    builder.add_arg(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(PATIENCE)
        asker.sendto(builder.build().dgram, ("127.0.0.1", int(comp.op("osc_out").par.port.eval())))
        return parse(asker.recv(65536))[0].arguments


def status(comp: Op, state: str = "running") -> None:
    """What a backend says twice a second."""
    say(comp, "/vace/status", state, 30.0, 24.0, 900)


def say(comp: Op, address: str, *values: object) -> None:
    comp.op("osc_in_callbacks").module.onReceiveOSC(comp.op("osc_in"), 0, "", b"", 0.0, address, list(values), None)


class Listener:
    """Where the component's messages go: a socket in the place of the backend's."""

    def __init__(self, comp: Op) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", int(comp.op("osc_out").par.port.eval())))

    def heard(self) -> list[tuple]:
        """All that has come, but for the host's clock and the signs of life."""
        self._socket.setblocking(False)
        packets = []
        while True:
            try:
                packets.append(self._socket.recv(65536))
            except BlockingIOError:
                break
        messages = [message for packet in packets for message in parse(packet)]
        left_out = ("/vace/subscribe", "/vace/preset/list")
        return [(message.address, *message.arguments) for message in messages if message.address not in left_out]

    def close(self) -> None:
        self._socket.close()


def shown(comp: Op) -> tuple[int, bool]:
    """Which input the Out TOP shows, and whether frames are sent."""
    return comp.op("pick").par.index.eval(), comp.op("spout_out").par.active.eval()
