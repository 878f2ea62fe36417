"""A show that is started again when it dies."""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backend.cli.options import BROKEN, DONE, FAILED
from backend.cli.supervise import UNTIL_STDIN_ENDS, WRONG_USAGE, arguments_of, is_worth_another
from bridge.errors import BridgeError
from bridge.video.shared_memory import SharedMemorySource
from tests.backend.waiting import wait_for

SINK = f"vacetest-supervised-{os.getpid()}"


class Supervised:
    """A supervised show, from outside."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.last = folder / "presets.last.json"
        command = [
            sys.executable,
            "-m",
            "backend",
            "run",
            "--supervise",
            "--source",
            "testcard:",
            "--sink",
            f"shm:{SINK}",
        ]
        command += ["--osc", "off", "--panel", "off", "--presets", str(folder / "presets.json")]
        command += ["--log", str(folder / "vace.log"), *arguments]
        self.program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.parent = psutil.Process(self.program.pid)

    def show(self) -> psutil.Process:
        """The show's front process, once its picture is out."""
        wait_for(lambda: self.program.poll() is not None or has_frames(), "a picture")
        [show] = self.parent.children()
        return show


def has_frames() -> bool:
    try:
        source = SharedMemorySource(SINK, 0, 0, 0)
    except BridgeError:
        return False
    try:
        return source.read(0.05) is not None
    finally:
        source.close()


@contextmanager
def supervised(folder: Path, *arguments: str) -> Iterator[Supervised]:
    held = Supervised(folder, *arguments)
    everything = []
    try:
        yield held
        everything = held.parent.children(recursive=True)
    except psutil.NoSuchProcess:
        pass
    finally:
        held.program.kill()
        held.program.communicate(timeout=60)
        _, alive = psutil.wait_procs(everything, timeout=60)
        assert not alive


def test_a_show_that_is_killed_comes_back_with_its_output_and_its_values(tmp_path: Path):
    with supervised(tmp_path, "--prompt", "gold") as held:
        first = held.show()
        wait_for(held.last.exists, "the values to be kept")
        kept = json.loads(held.last.read_text(encoding="utf-8"))
        kept["content"] |= {"/vace/prompt": "ice", "/vace/blackout": True}
        first.suspend()  # so that it does not write meanwhile
        held.last.write_text(json.dumps(kept), encoding="utf-8")
        family = [first, *first.children(recursive=True)]
        first.kill()
        _, alive = psutil.wait_procs(family, timeout=60)
        assert not alive, "the engine ends with its front"
        wait_for(lambda: [child.pid for child in held.parent.children()] not in ([], [first.pid]), "another show")
        second = held.show()
        assert second.pid != first.pid
        values = wait_for_values(held, lambda values: values["/vace/prompt"] == "ice")
        assert values["/vace/blackout"] is True
        held.program.terminate()
        assert held.program.wait(60) == DONE


def wait_for_values(held: Supervised, wanted) -> dict[str, object]:
    found: list[dict[str, object]] = []

    def read() -> bool:
        found[:] = [json.loads(held.last.read_text(encoding="utf-8"))["content"]]
        return wanted(found[0])

    wait_for(read, "these values")
    return found[0]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whoever_ends_it_ends_the_show_cleanly(tmp_path: Path, number: str):
    with supervised(tmp_path, "--json") as held:
        family = [held.show(), *held.parent.children(recursive=True)]
        held.program.send_signal(getattr(signal, number))
        out, err = held.program.communicate(timeout=60)
        assert held.program.returncode == DONE, err
        assert json.loads(out)["sent"] > 0, "the show had the time to say how it was"
        _, alive = psutil.wait_procs(family, timeout=60)
        assert not alive


def test_nothing_is_left_where_the_one_that_watches_is_killed(tmp_path: Path):
    with supervised(tmp_path) as held:
        held.show()
        everything = held.parent.children(recursive=True)
        held.program.kill()
        _, alive = psutil.wait_procs(everything, timeout=60)
        assert not alive
        assert not has_frames()


def test_a_show_that_is_done_is_not_begun_again(tmp_path: Path):
    with supervised(tmp_path, "--seconds", "0.5", "--json") as held:
        out, err = held.program.communicate(timeout=60)
        assert held.program.returncode == DONE
        assert len(out.splitlines()) == 1
        assert "again" not in err


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--scale", "much"], WRONG_USAGE), (["--source", "file:/nowhere/clip.mp4"], FAILED)]
)
def test_what_somebody_must_mend_first_is_not_tried_again(tmp_path: Path, arguments: list[str], code: int):
    with supervised(tmp_path, *arguments) as held:
        _, err = held.program.communicate(timeout=60)
        assert held.program.returncode == code
        assert "again" not in err


def test_which_ends_are_followed_by_another_life():
    assert [is_worth_another(code, 0) for code in (DONE, FAILED, WRONG_USAGE, BROKEN, -9, 3221225477)] == [
        False, False, False, True, True, True,
    ]  # fmt: skip
    assert is_worth_another(FAILED, 1), "a port may still be given back"
    assert not is_worth_another(WRONG_USAGE, 1)


def test_a_later_life_goes_on_with_the_values_and_records_beside_what_the_former_recorded():
    given = ["run", "--source", "file:in.mp4", "--sink", "file:out.mp4", "--mask-sink=file:a/b.mkv", "--sink", "shm:x"]
    assert arguments_of(given, 0) == [*given, UNTIL_STDIN_ENDS]
    b = Path("a/b-2.mkv")
    assert arguments_of(given, 2) == [
        "run", "--source", "file:in.mp4", "--sink", "file:out-2.mp4", f"--mask-sink=file:{b}", "--sink", "shm:x",
        UNTIL_STDIN_ENDS, "--restore=all",
    ]  # fmt: skip
    assert arguments_of(["run", "--si", "file:o.mp4", UNTIL_STDIN_ENDS], 1) == [
        "run", "--si", "file:o-1.mp4", UNTIL_STDIN_ENDS, "--restore=all",
    ]  # fmt: skip


def test_the_one_that_watches_ends_with_the_program_that_holds_it(tmp_path: Path):
    command = [sys.executable, "-m", "backend", "run", "--supervise", UNTIL_STDIN_ENDS, "--source", "testcard:"]
    command += ["--osc", "off", "--panel", "off", "--presets", "off", "--log", "off"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        parent = psutil.Process(program.pid)
        wait_for(lambda: len(parent.children(recursive=True)) > 1, "the show and its engine")
        everything = parent.children(recursive=True)
        assert program.stdin is not None
        program.stdin.close()
        assert program.wait(60) == DONE
    _, alive = psutil.wait_procs(everything, timeout=60)
    assert not alive


def test_what_watches_imports_nothing_of_what_it_watches_over():
    code = "import backend.__main__, sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "argparse", "cv2", "torch", "bridge.video", "platformdirs"} & set(ran.stdout.split())


@pytest.mark.slow
def test_twenty_kills_are_survived_with_nothing_half_written_or_left(tmp_path: Path):
    """How long it is away is measured by the clock of whoever looks at its output; run with -s to see it."""
    away = []
    with supervised(tmp_path, "--prompt", "gold") as held:
        for _ in range(20):
            show = held.show()
            wait_for(held.last.exists, "the values to be kept")
            time.sleep(random.uniform(0.5, 3.5))
            killed = time.monotonic()
            show.kill()
            wait_for(lambda: not has_frames(), "the output to be gone")
            wait_for(has_frames, "the output to be back")
            away.append(time.monotonic() - killed)
            assert json.loads(held.last.read_text(encoding="utf-8"))["content"]["/vace/prompt"] == "gold"
        held.program.terminate()
        assert held.program.wait(60) == DONE
    print(f"away: median {statistics.median(away):.2f} s, at most {max(away):.2f} s")  # noqa: T201
    assert not list(tmp_path.glob("*.unfinished"))
    assert not [name for name in os.listdir("/dev/shm") if name == SINK] if Path("/dev/shm").exists() else True
