"""Real runs: the front in this process, the engine in its own, with a model that shows what it was asked."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from pythonosc.udp_client import SimpleUDPClient
from stupidArtnet import StupidArtnet

from backend.engine.one_line import one_line
from backend.front.build import open_front
from backend.front.front import Front
from backend.front.limits import Limits
from backend.front.options import RunOptions
from backend.steering.quantise import DisplayTime
from backend.steering.steering import SteeringOptions
from bridge.control.dmx.receiver import DmxWanted
from bridge.errors import BridgeError
from bridge.video import framecode
from bridge.video.file import FileSink
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing
from bridge.video.shared_memory import SharedMemorySink
from tests.backend.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.usefixtures("prepared_engines")

FAKE = "tests.backend.fake_model:load"
QUICK = Limits(chunk=3.0, backoff=0.05)


def options(**changes) -> RunOptions:
    size = {"height": 32, "width": 48, "fps": 60.0}
    return RunOptions(**{"source": "testcard:", "sinks": ("null:",), "limits": QUICK, "load": FAKE, **size, **changes})


def steered(**options) -> dict[str, SteeringOptions]:
    return {"steering": SteeringOptions(**options)}


def colour(front: Front) -> tuple[int, ...]:
    """The colour of the middle of the output."""
    latest = front.presenter.last_frame
    return () if latest is None else tuple(int(value) for value in latest.pixels[16, 24])


RED, BLUE, BLACK = (255, 0, 0), (0, 0, 255), (0, 0, 0)


def test_the_front_never_imports_torch():
    probe = "import sys, backend.front.build, backend.cli.main, backend.panel; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], timeout=PATIENCE).returncode == 0


@pytest.fixture(scope="module")
def show():
    """A running show with OSC on a free port, red, with its output in shared memory too."""
    name = f"vacetest{secrets.token_hex(4)}"
    here = ("127.0.0.1", 0)
    with open_front(
        options(sinks=("null:", f"shm:{name}"), **steered(osc=here, oscquery=here), values={"/vace/prompt": "red"})
    ) as front:
        wait_for(lambda: colour(front) == RED, "the first chunk")
        yield front, name


@pytest.fixture
def front(show):
    """The show, as it was at its beginning."""
    front, _ = show
    for address, value in (("/vace/prompt", "red"), ("/vace/mask/source", "none"), ("/vace/scale", 1.0)):
        front.mailbox.set(address, value)
    for switch in ("freeze", "bypass", "blackout"):
        front.mailbox.set(f"/vace/{switch}", 0)
    wait_for(lambda: colour(front) == RED, "red again")
    return front


def client(front: Front) -> SimpleUDPClient:
    return SimpleUDPClient("127.0.0.1", front.steering.osc.port)  # type: ignore[union-attr]


@pytest.fixture
def osc(front):
    """A client, which is no subscriber any more once its test is over: the front is that of all tests here."""
    with closing(client(front)) as client_of_front:
        yield client_of_front
        client_of_front.send_message("/vace/unsubscribe", [])


def chunks_until(front: Front, condition: Callable[[], object], what: str) -> int:
    """How many chunks were made until then."""
    before = front.status().chunks
    wait_for(condition, what)
    return front.status().chunks - before


def test_oscquery_tells_what_osc_has_set(front, osc):
    osc.send_message("/vace/scale", 0.5)
    wait_for(lambda: front.settings().scale == 0.5, "the message")
    with urllib.request.urlopen(f"{front.steering.oscquery.url}vace/scale?VALUE", timeout=PATIENCE) as answer:
        assert json.load(answer) == {"VALUE": [0.5]}
    with urllib.request.urlopen(f"{front.steering.oscquery.url}?HOST_INFO", timeout=PATIENCE) as answer:
        assert json.load(answer)["OSC_PORT"] == front.steering.osc.port


def test_a_prompt_by_osc_is_seen_and_takes_effect_on_the_next_chunk(front, osc):
    osc.send_message("/vace/prompt", "blue")
    wait_for(lambda: front.settings().prompt == "blue", "the message")
    in_the_making, presented = 1, 2
    assert chunks_until(front, lambda: colour(front) == BLUE, "blue") <= in_the_making + presented + 1


def test_scale_and_mask_by_osc_are_seen(front, osc):
    osc.send_message("/vace/scale", 0.5)
    wait_for(lambda: colour(front) not in (RED, BLACK) and colour(front)[0] > 100, "half of red")
    osc.send_message("/vace/scale", 1.0)
    osc.send_message("/vace/mask/feather", 0.0)
    osc.send_message("/vace/mask/source", "left")

    def halved() -> bool:
        picture = front.presenter.last_frame.pixels
        return tuple(picture[2, 2]) == RED and tuple(picture[2, -3]) != RED

    wait_for(halved, "the right half kept")


def test_a_shape_is_drawn_and_moved_by_osc(front, osc):
    for address, value in (("feather", 0.0), ("rect", (0.0, 0.0, 1.0, 0.5)), ("source", "rect")):
        osc.send_message(f"/vace/mask/{address}", value)

    def is_red(row: int) -> bool:
        return tuple(front.presenter.last_frame.pixels[row, 24]) == RED

    wait_for(lambda: is_red(8) and not is_red(24), "the lower half kept")
    assert front.previews()["mask"][8, 24].tolist() == [255] * 3
    osc.send_message("/vace/mask/rect", (0.0, 0.5, 1.0, 0.5))
    wait_for(lambda: is_red(24) and not is_red(8), "the upper half kept")
    osc.send_message("/vace/mask/rect", (0.0, 0.5, 1.0))
    osc.send_message("/vace/mask/rect", (0.0, float("nan"), 1.0, 1.0))
    errors = [next(iter(osc.get_messages(PATIENCE))) for _ in range(2)]
    assert [error.params[0] for error in errors] == ["/vace/mask/rect"] * 2
    assert front.settings().mask_rect == (0.0, 0.5, 1.0, 0.5)


def test_a_mask_source_that_means_nothing_is_answered_with_a_near_one_and_changes_nothing(front, osc):
    osc.send_message("/vace/mask/feather", 0.0)
    osc.send_message("/vace/mask/source", "top")
    wait_for(lambda: tuple(front.presenter.last_frame.pixels[30, 24]) != RED, "the lower half kept")
    osc.send_message("/vace/mask/source", "botom")
    error = next(iter(osc.get_messages(PATIENCE)))
    assert error.params[0] == "/vace/mask/source"
    assert "did you mean bottom?" in error.params[1]
    assert tuple(front.presenter.last_frame.pixels[30, 24]) != RED
    assert tuple(front.presenter.last_frame.pixels[2, 2]) == RED


@pytest.mark.parametrize("switch", ["blackout", "bypass"])
def test_switches_act_although_the_engine_does_nothing(front, osc, switch):
    osc.send_message(f"/vace/{switch}", 1)
    wait_for(lambda: colour(front) != RED, switch)
    assert (colour(front) == BLACK) == (switch == "blackout")
    osc.send_message(f"/vace/{switch}", 0.0)
    wait_for(lambda: colour(front) == RED, "red again")


def test_freeze_holds_the_picture_while_the_prompt_changes(front, osc):
    osc.send_message("/vace/freeze", 1)
    wait_for(lambda: front.settings().freeze, "freeze")
    osc.send_message("/vace/prompt", "blue")
    before = front.status().chunks
    wait_for(lambda: front.status().chunks > before + 4, "chunks behind the frozen picture")
    assert colour(front) == RED
    osc.send_message("/vace/freeze", 0)
    wait_for(lambda: colour(front) == BLUE, "blue")


def test_another_process_could_take_every_frame_from_shared_memory(show, front):
    ring = FrameRing.attach(show[1])
    with ring:
        missed = front.status().ticks_missed
        numbers = [front.presenter.last_frame.number]
        wait_for(lambda: ring.written > numbers[0], "frames")

        def taken() -> bool:
            numbers.extend(frame.number for frame in ring.since(numbers[-1]))
            return len(numbers) > 30

        wait_for(taken, "30 frames")
        missed = front.status().ticks_missed - missed
    assert numbers == sorted(set(numbers))
    assert numbers[-1] - numbers[0] + 1 - len(numbers) <= missed, "numbers of ticks that never were"


def test_a_killed_engine_leaves_the_output_at_full_rate_and_comes_back_with_its_controls(front):
    osc_prompt = "blue"
    front.mailbox.set("/vace/prompt", osc_prompt)
    wait_for(lambda: colour(front) == BLUE, "blue")
    restarts, ticks, began = front.supervisor.restarts, front.status().ticks, time.monotonic()
    first = front.supervisor.pid
    os.kill(first, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    seen = set()
    while front.supervisor.restarts == restarts or front.status().state != "running":
        seen.add(colour(front))
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.02)
    chunks = front.status().chunks
    wait_for(lambda: front.status().chunks > chunks, "a chunk of the new engine")
    assert front.supervisor.pid != first
    assert seen == {BLUE}, "the last good picture was held"
    passed = (front.status().ticks - ticks) / front.fps
    assert passed == pytest.approx(time.monotonic() - began, abs=0.3)
    assert colour(front) == BLUE


def test_an_engine_that_hangs_is_started_again(front):
    restarts = front.supervisor.restarts
    front.mailbox.set("/vace/prompt", "hang")
    wait_for(lambda: front.supervisor.restarts > restarts, "the hang to be noticed")
    front.mailbox.set("/vace/prompt", "blue")
    wait_for(lambda: colour(front) == BLUE, "the engine to be back")


def test_an_error_in_a_chunk_is_told_and_the_show_goes_on(front):
    faults, restarts = front.status().faults, front.supervisor.restarts
    front.mailbox.set("/vace/prompt", "raise")
    wait_for(lambda: front.status().faults > faults, "the fault")
    assert front.status().last_fault == "no memory left"
    front.mailbox.set("/vace/prompt", "blue")
    wait_for(lambda: colour(front) == BLUE, "the next good chunk")
    assert front.supervisor.restarts == restarts


def test_a_reference_that_is_not_there_is_told_and_left_out(front):
    front.mailbox.set("/vace/reference", ["/nowhere/picture.png"])
    wait_for(lambda: "picture.png" in front.status().last_fault, "the fault")
    front.mailbox.set("/vace/reference", [])
    assert colour(front) == RED


@pytest.mark.parametrize(
    ("address", "before", "refused"),
    [("/vace/mask/source", "left", "person"), ("/vace/lora/2", 1.0, 0.5)],
)
def test_what_cannot_be_had_goes_back_to_what_it_was_everywhere_and_is_told_once(front, osc, address, before, refused):
    front.mailbox.set(address, before)
    osc.send_message("/vace/subscribe", [])
    osc.send_message(address, refused)
    told = heard(osc, lambda where, said: where == "/vace/error" and said[0] == address)
    assert told[1].endswith("stays as it was") or "would do nothing" in told[1]
    assert heard(osc, lambda where, said: where == address and said == [before])
    wait_for(lambda: front.mailbox.get(address) == before, "the value that was there")


@pytest.mark.parametrize("source", ["file:~nosuchuser/x", f"file:/{'x' * 300}", "/vace/nowhere"])
def test_a_source_that_cannot_be_is_told_and_the_output_goes_on_with_the_input_too(front, osc, source):
    if source.startswith("file:~") and os.name != "posix":
        pytest.skip("Windows guesses where another user's folder would be")
    engine = front.supervisor.pid
    osc.send_message("/vace/source", source)
    heard(osc, lambda address, said: address == "/vace/error" and said[0] == "/vace/source")
    osc.send_message("/vace/bypass", 1)
    wait_for(lambda: colour(front) != RED, "the input")
    ticks, read = front.status().ticks, front.capture.ring.written
    wait_for(lambda: front.status().ticks > ticks + 30 and front.capture.ring.written > read + 15, "frames in and out")
    assert front.mailbox.get("/vace/source") in ("", "testcard:"), "what was there"
    assert front.capture.uri == "testcard:"
    assert front.supervisor.pid == engine


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk that is always full")
def test_a_recording_that_meets_a_full_disk_is_told_and_its_switch_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.video.file.writable_file", Path)  # which would refuse a device
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    with (
        open_front(options(recordings=tmp_path, **steered(osc=("127.0.0.1", 0)))) as front,
        closing(client(front)) as osc,
    ):
        monkeypatch.setattr(front.recorder, "_fresh", lambda: tmp_path / "full.mp4")
        osc.send_message("/vace/record", 1)
        about, reason = heard(osc, lambda address, _: address == "/vace/error")
        assert about == "/vace/record"
        assert "No space left" in reason
        wait_for(lambda: front.mailbox.get("/vace/record") is False, "the switch")
        wait_for(lambda: not front.status().recording, "its end")
        ticks = front.status().ticks
        wait_for(lambda: front.status().ticks > ticks + 10, "the show to go on")


@pytest.mark.parametrize(
    "read",
    [
        {"source": "file:clip.mp4"},
        {"source": "file:~/clip.mp4"},
        {"source": "file:link.mp4"},
        {"values": {"/vace/mask/source": "clip.mp4"}},
        {"values": {"/vace/control/source": "file:clip.mp4"}},
        {"values": {"/vace/reference": ["~/clip.mp4"]}},
    ],
    ids=str,
)
@pytest.mark.parametrize("sink", ["sinks", "control_sinks", "mask_sinks"])
def test_a_show_that_would_write_over_what_it_reads_does_not_begin(tmp_path, monkeypatch, read, sink):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    clip = tmp_path / "clip.mp4"
    with FileSink(str(clip), 48, 32, 30.0) as file:
        for number in range(3):
            file.send(Frame(np.full((32, 48, 3), 80 * number, np.uint8), number, number / 30))
    (tmp_path / "link.mp4").hardlink_to(clip)
    before = clip.read_bytes()
    with pytest.raises(BridgeError, match="written over itself"):
        open_front(options(**read, **{sink: (f"file:{clip}",)}))
    assert clip.read_bytes() == before


def test_previews_show_input_control_and_output(front):
    front.mailbox.set("/vace/control", "depth")
    wait_for(lambda: {"input", "output", "control"} <= set(front.previews()), "previews")
    assert all(picture.shape == (32, 48, 3) for picture in front.previews().values())


def test_a_slot_of_the_bank_is_seen(front, osc):
    osc.send_message("/vace/prompt/bank/2", "blue")
    osc.send_message("/vace/prompt/go", [2, 0.0])
    wait_for(lambda: colour(front) == BLUE, "blue")


def heard(osc: SimpleUDPClient, wanted: Callable[[str, list], bool]) -> list:
    """The arguments of the next message that is wanted."""
    while True:
        for message in osc.get_messages(PATIENCE):
            if wanted(message.address, message.params):
                return message.params


def heard_about(osc: SimpleUDPClient, address: str, word: str) -> bool:
    """Whether an error of that address with that word in it is told; to a subscriber."""
    osc.send_message("/vace/subscribe", [])
    heard(osc, lambda told, said: told == "/vace/error" and said[0] == address and word in said[1])
    return True


def test_a_subscriber_is_told_how_the_show_is_doing_and_what_goes_wrong(front, osc):
    osc.send_message("/vace/subscribe", [])
    told = heard(osc, lambda address, said: address == "/vace/status" and said[2] > 0)
    state, output_fps, _, latency, tempo, beat = told
    assert (tempo, 1.0 <= beat < 5.0) == (120.0, True)
    assert state == "running"
    assert output_fps > 0
    assert isinstance(latency, int)
    front.mailbox.set("/vace/reference", ["/nowhere/another.png"])
    about, _ = heard(osc, lambda address, said: address == "/vace/error" and "another.png" in said[1])
    assert about == "/vace/reference"
    front.mailbox.set("/vace/reference", [])
    counted = {name for name in front.status().as_dict() if name.startswith("osc_")}
    assert counted == {
        "osc_packets", "osc_messages", "osc_damaged", "osc_refused", "osc_ignored", "osc_subscribers",
        "osc_connections", "osc_closed", "osc_faults",
    }  # fmt: skip
    assert front.status().osc.subscribers == 1
    osc.send_message("/vace/unsubscribe", [])
    wait_for(lambda: front.status().osc.subscribers == 0, "the end of it")


def test_what_has_gone_wrong_is_told_to_who_asks_for_it(front, osc):
    began = datetime.now(UTC).replace(microsecond=0)
    osc.send_message("/vace/last", "/nowhere/dusk.png")
    heard(osc, lambda address, said: address == "/vace/error" and "dusk.png" in said[1])
    osc.send_message("/vace/events", 1)
    when, address, reason, count, ended = heard(osc, lambda address, _: address == "/vace/event")
    assert began <= datetime.fromisoformat(when) <= datetime.now(UTC)
    assert (address, count, ended) == ("/vace/last", 1, 0)
    assert "dusk.png" in reason


def test_presets_and_last_values_come_back_after_a_crash(tmp_path):
    presets = tmp_path / "presets.json"
    quiet = steered(osc=("127.0.0.1", 0), presets=presets)
    with open_front(options(**quiet, values={"/vace/prompt": "red"})) as front, closing(client(front)) as osc:
        osc.send_message("/vace/seed", 7)
        osc.send_message("/vace/preset/save", "seven")
        osc.send_message("/vace/seed", 8)
        osc.send_message("/vace/blackout", 1)
        last = tmp_path / "presets.last.json"
        wait_for(lambda: presets.exists() and last.exists() and '"/vace/seed": 8' in last.read_text(), "the files")
        crashed = {file: file.read_bytes() for file in (presets, last)}
    for file, content in crashed.items():
        file.write_bytes(content)
    with (
        open_front(options(**quiet, restore="look", values={"/vace/scale": 0.5})) as front,
        closing(client(front)) as osc,
    ):
        settings = front.settings()
        assert (settings.prompt, settings.seed, settings.scale, settings.blackout) == ("red", 8, 0.5, False)
        osc.send_message("/vace/preset/list", [])
        assert heard(osc, lambda address, _: address == "/vace/preset/list") == ["seven"]
        osc.send_message("/vace/preset/go", "seven")
        wait_for(lambda: front.settings().seed == 7, "the preset")


def test_to_restore_what_never_was_is_to_begin_with_the_defaults(tmp_path, caplog):
    caplog.set_level("INFO")
    with open_front(options(**steered(presets=tmp_path / "presets.json"), restore="look")) as front:
        assert front.settings().seed == 0
    assert "there are no last values" in caplog.text


def test_a_run_ends_by_itself_and_leaves_nothing_behind():
    with open_front(options(source="testcard:")) as front:
        front.wait(0.3, threading.Event())
        pid, ring = front.supervisor.pid, front.capture.ring.name
    assert not front.presenter.running
    assert not front.supervisor.running
    with pytest.raises(Exception, match="no shared memory"):
        FrameRing.attach(ring)
    if hasattr(os, "waitpid") and pid is not None:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_model_that_cannot_be_loaded_ends_the_run_with_its_reason():
    with open_front(options(load="tests.backend.fake_model:broken")) as front:
        front.wait(PATIENCE, threading.Event())
        assert front.failure is not None
        assert "missing key" in front.failure
        assert front.status().state == "failed"
    assert one_line(ValueError("a\n b")) == "a b"


class Host:
    """A host that sends frames through shared memory at a rate, from a thread, until it is closed."""

    def __init__(self, name: str, fps: float) -> None:
        self.name = name
        self._sink = SharedMemorySink(name, 48, 32, fps)
        self._fps = fps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._sink.close()

    def _run(self) -> None:
        due, number = time.monotonic(), 0
        while not self._stop.is_set():
            self._sink.send(Frame(np.full((32, 48, 3), number % 256, np.uint8), number, due))
            number, due = number + 1, due + 1 / self._fps
            time.sleep(max(due - time.monotonic(), 0))


def test_the_output_follows_the_hosts_rate_and_goes_on_when_the_host_is_gone():
    name = f"vacetest{secrets.token_hex(4)}"
    host = Host(name, 50.0)
    with open_front(options(source=f"shm:{name}", fps=30.0)) as front:
        wait_for(lambda: front.clock_source.leader == "source", "the host's periodic")
        wait_for(lambda: abs(front.status().clock_fps - 50) < 1, "its rate")
        host.close()
        wait_for(lambda: front.capture.status(time.monotonic()).lost, "the loss")
        before = front.status().ticks
        wait_for(lambda: front.status().ticks > before + 50, "ticks without a host")
        host = Host(name, 25.0)
        wait_for(lambda: abs(front.status().clock_fps - 25) < 1, "the host's new rate")
        assert front.status().clock_changes >= 1
        wait_for(lambda: front.status().latency_ms > 0, "a restyled frame, whose latency is known")
        host.close()


def test_the_hosts_ticks_by_osc_are_followed(front, osc):
    front.mailbox.set("/vace/output/follow", "tick")
    for number in range(1, 90):
        osc.send_message("/vace/tick", number)
        time.sleep(1 / 40)
        if front.clock_source.leader == "tick" and number > 30:
            break
    assert front.status().clock == "tick"
    assert 20 < front.status().clock_fps <= 42
    front.mailbox.set("/vace/output/follow", "own")
    assert front.status().clock_fps == 60


def test_another_source_can_be_taken_live_and_a_missing_one_keeps_the_old():
    name = f"vacetest{secrets.token_hex(4)}"
    with open_front(options()) as front:
        front.mailbox.set("/vace/source", f"shm:{name}")
        wait_for(lambda: front.mailbox.get("/vace/source") == "testcard:", "the refusal")
        assert front.capture.uri == "testcard:"
        host = Host(name, 30.0)
        front.mailbox.set("/vace/source", f"shm:{name}")
        wait_for(lambda: front.capture.uri == f"shm:{name}", "the new source")
        wait_for(lambda: (latest := front.capture.ring.latest()) and len(set(latest.pixels[..., :3].flat)) == 1, "it")
        front.mailbox.set("/vace/source", "")
        wait_for(lambda: front.capture.uri == "testcard:", "the source of the start")
        host.close()


def test_a_test_cards_code_comes_through_the_whole_program_and_tells_its_latency(tmp_path):
    mask, name = tmp_path / "strip.png", f"vacetest{secrets.token_hex(4)}"
    picture = np.full((64, 96, 3), 255, np.uint8)
    picture[: framecode.strip_height(96)] = 0
    cv2.imwrite(str(mask), picture)
    values = {"/vace/mask/source": str(mask), "/vace/mask/feather": 0, "/vace/prompt": "red"}
    with open_front(options(sinks=(f"shm:{name}",), height=64, width=96, values=values)) as front:
        wait_for(lambda: front.status().chunks > 3, "chunks")
        with FrameRing.attach(name) as ring:

            def newest() -> np.ndarray:
                frame = ring.latest()
                assert frame is not None
                return frame.pixels

            wait_for(lambda: tuple(newest()[40, 40, :3]) == RED, "the restyled part")
            ages = []
            for _ in range(20):
                code = framecode.read(newest())
                assert code is not None
                ages.append(code.age(time.monotonic()))
                time.sleep(0.02)
        measured, reported = sorted(ages)[10], front.status().latency_ms / 1000
    assert measured == pytest.approx(reported, abs=0.3)


def chunks_planned(front: Front, monkeypatch: pytest.MonkeyPatch) -> list[tuple[DisplayTime, str]]:
    """When each chunk from now on is to be shown, and its prompt."""
    planned: list[tuple[DisplayTime, str]] = []
    values_for = front.tempo.values_for

    def noted(shown: DisplayTime):
        values, reset = values_for(shown)
        planned.append((shown, str(values["/vace/prompt"])))
        return values, reset

    monkeypatch.setattr(front.tempo, "values_for", noted)
    return planned


def first_shown(front: Front, wanted: tuple[int, ...]) -> float:
    """When a colour is first on the output: by its frame's time, not by the watcher's."""
    shown = []

    def is_shown() -> bool:
        latest = front.presenter.last_frame
        if latest is not None and tuple(latest.pixels[16, 24]) == wanted:
            shown.append(latest.time)
        return bool(shown)

    wait_for(is_shown, f"{wanted}")
    return shown[0]


def test_a_prompt_sent_off_the_beat_shows_on_it_also_where_the_latency_is_longer_than_one(monkeypatch):
    with open_front(options(values={"/vace/prompt": "red", "/vace/tempo": 60, "/vace/tempo/bar": 2})) as front:
        wait_for(lambda: colour(front) == RED, "red")
        wait_for(lambda: front.status().chunks > 10, "the latency to settle")
        planned, tempo = chunks_planned(front, monkeypatch), front.tempo.tempo
        for grid, beats, latency, prompt, wanted in (("bar", 2, 0.0, "blue", BLUE), ("beat", 1, 1.5, "red", RED)):
            front.mailbox.set_all([("/vace/tempo/quantise", grid), ("/vace/output/latency", latency)])
            wait_for(lambda: front.presenter.delay >= latency, "the latency")  # noqa: B023
            before = len(planned)  # what was due while the latency leapt is let go at once, off the beat
            wait_for(lambda: len(planned) > before + 3, "chunks at this latency")  # noqa: B023
            wait_for(lambda: 0.05 < tempo.beats_at(time.monotonic()) % 2 < 0.15, "a moment after a beat")
            asked = time.monotonic()
            front.mailbox.set("/vace/prompt", prompt)
            assert front.mailbox.get("/vace/prompt") == prompt, "everyone sees it at once"
            seen = first_shown(front, wanted)
            index = max(i for i, pair in enumerate(planned) if pair[1] != prompt) + 1
            chunk = planned[index][0]
            point = tempo.next_grid(asked, beats)
            while point < chunk.start - beats / 2:
                point += beats
            # A chunk is 0.2 s, longer where the machine is busy; without a grid it would be 0.3 to 0.6 s after a beat.
            longest = max(shown.end - shown.start for shown, _ in planned[index - 1 : index + 1])
            assert abs(chunk.start - point) <= longest / 2 + 0.05, "the chunk whose beginning is nearest to it"
            assert point <= asked + front.presenter.delay + longest + beats, "the first that could be reached"
            assert seen >= chunk.start - 0.2, "and no sooner, but for what the latency shrank meanwhile"


def test_a_lighting_desk_sets_controls(tmp_path):
    patch = tmp_path / "desk.json"
    patch.write_text('{"1": "/vace/blackout"}', encoding="utf-8")
    desk = DmxWanted("artnet", 3)
    with open_front(options(values={"/vace/prompt": "red"}, **steered(dmx=desk, dmx_patch=patch))) as front:
        wait_for(lambda: colour(front) == RED, "red")
        sender = StupidArtnet("127.0.0.1", universe=3, packet_size=2)
        sender.set_single_value(1, 255)
        wait_for(lambda: sender.show() or colour(front) == BLACK, "black")
        sender.socket_client.close()


def test_a_show_may_begin_before_its_host():
    name = f"vacetest{secrets.token_hex(4)}"
    with open_front(options(source=f"shm:{name}", values={"/vace/prompt": "red"})) as front:
        wait_for(lambda: front.status().ticks > 10, "ticks")
        host = Host(name, 50.0)
        wait_for(lambda: colour(front) == RED, "the host's frames, restyled")
        host.close()


def newest(name: str) -> tuple[int, ...]:
    """The colour of the middle of a sink's newest frame."""
    with FrameRing.attach(name) as ring:
        frame = ring.latest()
        return () if frame is None else tuple(int(value) for value in frame.pixels[16, 24])


def test_control_video_and_mask_go_out_beside_the_output_frame_by_frame():
    output, control, mask = (f"vacetest{secrets.token_hex(4)}" for _ in range(3))
    host = Host(f"vacetest{secrets.token_hex(4)}", 50.0)
    shown = {"sinks": (f"shm:{output}",), "control_sinks": (f"shm:{control}",), "mask_sinks": (f"shm:{mask}",)}
    values = {"/vace/prompt": "as the control", "/vace/control": "gray", "/vace/mask/source": "top"}
    with open_front(options(source=f"shm:{host.name}", values=values, **shown)) as front:
        wait_for(lambda: newest(mask) == BLACK, "the mask")
        restyled = front.status().ticks
        with FrameRing.attach(output) as ring, FrameRing.attach(control) as beside:
            pairs: set[tuple[int, int]] = set()

            def enough() -> bool:
                made = {frame.number: int(frame.pixels[2, 2, 0]) for frame in ring.since(-1)}
                for frame in beside.since(restyled):
                    if frame.number in made:
                        pairs.add((made[frame.number], int(frame.pixels[2, 2, 0])))
                return len(pairs) > 20

            wait_for(enough, "frames of both")
        assert [pair for pair in pairs if pair[0] != pair[1]] == [], "the same frame of the input, on every tick"
        front.mailbox.set("/vace/control", "none")
        wait_for(lambda: newest(control) == BLACK, "nothing followed")
        front.mailbox.set("/vace/mask/source", "none")
        wait_for(lambda: newest(mask) == (255, 255, 255), "all restyled")
    host.close()


def test_a_second_source_is_followed_and_the_anchor_and_references_act_live(tmp_path):
    control, look = tmp_path / "control.png", tmp_path / "look.png"
    cv2.imwrite(str(control), np.full((32, 48, 3), (30, 20, 10), np.uint8))
    cv2.imwrite(str(look), np.full((32, 48, 3), 90, np.uint8))
    values = {"/vace/prompt": "as the control", "/vace/control": "raw", "/vace/control/source": str(control)}
    with open_front(options(**steered(osc=("127.0.0.1", 0)), values=values)) as front, closing(client(front)) as osc:
        wait_for(lambda: colour(front) == (10, 20, 30), "the second source")
        osc.send_message("/vace/anchor", 1)
        wait_for(lambda: "no picture to return to" in front.status().last_fault, "the fault")
        osc.send_message("/vace/control/source", str(tmp_path / "nowhere.png"))
        assert heard_about(osc, "/vace/control/source", "nowhere.png")
        osc.send_message("/vace/reference/add", str(look))
        wait_for(lambda: front.settings().reference == (str(look),), "the reference")
        osc.send_message("/vace/canvas/w", 0.5)
        wait_for(lambda: "mask" in front.previews(), "the canvas, as a mask")
        before = front.status().chunks
        wait_for(lambda: front.status().chunks > before + 2, "the show goes on")
