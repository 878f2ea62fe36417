import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from backend.cli.control_options import RUN_ROWS
from backend.cli.main import build_parser, main
from backend.cli.options import BROKEN, FAILED
from backend.cli.run_options import log_file, run_options
from backend.front.build import open_front
from bridge.control.dmx.receiver import DmxWanted
from bridge.video.clip import Clip
from tests.backend.waiting import wait_for


def parse(*arguments: str):
    parser = build_parser()
    return run_options(parser.parse_args(["run", *arguments]), parser)


def test_run_plays_the_bundled_clip_on_loopback_unless_told_otherwise():
    options = parse()
    assert options.source.endswith("cup.mp4")
    assert options.steering.osc == ("127.0.0.1", 9000)
    assert options.panel is not None
    assert options.panel[0] == "127.0.0.1"
    assert options.values == {}


def test_every_control_has_an_option():
    bank = [word for slot in range(1, 9) for word in (f"--prompt-bank-{slot}", "ice")]
    options = parse(
        "--prompt", "snow", "--prompt-blend", "ice", "--prompt-blend", "1", "--prompt-b", "ice", "--prompt-ab", "0.5",
        "--prompt-fade", "2.5", "--prompt-fade-unit", "chunks", "--prompt-fade-way", "slerp",
        "--control", "scribble", "--control-source", "shm:lines", "--scale", "0.5", "--scale-layers", "1 0.5",
        "--scale-steps", "1.5, 0", "--hints-every", "2", "--noise", "0.7", "--noise-motion",
        "--canvas-x", "-0.25", "--canvas-y", "0.1", "--canvas-w", "0.5", "--canvas-h", "0.5",
        "--mask-source", "left", "--mask-key", "0 0 1", "--mask-tolerance", "0.2", "--mask-softness", "0.3",
        "--mask-rect", "0 0 0.5 1", "--mask-ellipse", "0.5,0.5,0.1,0.2", "--mask-polygon", "0 0 1 0 0 1",
        "--mask-threshold", "0.2", "--mask-track", "--mask-margin", "4", "--mask-invert", "--mask-grow", "-3",
        "--mask-smooth", "6", "--mask-feather", "8", "--no-mask-composite", "--mask-pin",
        "--mask-missing", "keep",
        "--reference", "a.png", "--reference", "b.png", "--reference-strength", "0.5 2", "--reference-mode", "joint",
        "--first", "f.png", "--last", "l.png", "--anchor-from", "output", "--anchor-every", "8",
        "--seed", "7", "--freeze", "--record",
        "--bypass", "--blackout", "--output-follow", "tick", "--output-between", "flow", "--output-latency", "2",
        "--output-stall", "black", "--preset-fade", "3", "--tempo", "90",
        "--tempo-source", "midi", "--tempo-bar", "3", "--tempo-quantise", "bar", *bank,
    )  # fmt: skip
    assert list(options.values) == [row.address for row in RUN_ROWS if row.holds]
    assert options.values["/vace/reference"] == ("a.png", "b.png")
    assert options.values["/vace/mask/composite"] is False
    assert options.values["/vace/scale"] == 0.5
    assert options.values["/vace/scale/steps"] == (1.5, 0.0)
    assert options.values["/vace/canvas/x"] == -0.25


def test_sinks_and_addresses():
    options = parse(
        "--sink", "null:", "--sink", "shm:out", "--osc", "9001", "--panel", "off",
        "--control-sink", "shm:followed", "--mask-sink", "shm:restyled",
    )  # fmt: skip
    assert options.sinks == ("null:", "shm:out")
    assert (options.control_sinks, options.mask_sinks) == (("shm:followed",), ("shm:restyled",))
    assert options.steering.osc == ("127.0.0.1", 9001)
    assert options.panel is None


def test_the_universe_of_a_desk_goes_with_a_patch(tmp_path, capsys):
    patch = tmp_path / "desk.json"
    assert parse().steering.dmx is None
    options = parse("--sacn", "2@10.0.0.7", "--dmx-patch", str(patch))
    assert (options.steering.dmx, options.steering.dmx_patch) == (DmxWanted("sacn", 2, "10.0.0.7"), patch)
    assert parse("--artnet", "0", "--dmx-patch", str(patch)).steering.dmx == DmxWanted("artnet", 0, "127.0.0.1")
    for wrong, said in (
        (["--sacn", "1"], "--dmx-patch"),
        (["--dmx-patch", "p"], "--sacn"),
        (["--sacn", "x", "--dmx-patch", "p"], "UNIVERSE@ADDRESS"),
        (["--sacn", "1", "--artnet", "1"], "not allowed with"),
    ):
        with pytest.raises(SystemExit):
            parse(*wrong)
        assert said in capsys.readouterr().err


def test_oscquery_describes_osc_and_is_off_without_it_unless_it_is_asked_for():
    assert parse().steering.oscquery == ("127.0.0.1", 9001)
    assert parse("--osc", "off").steering.oscquery is None
    assert parse("--oscquery", "off").steering.oscquery is None
    assert parse("--osc", "off", "--oscquery", "0.0.0.0:9005").steering.oscquery == ("0.0.0.0", 9005)


def test_a_value_out_of_range_is_clamped_and_said(capsys):
    assert parse("--scale", "7").values == {"/vace/scale": 2.0}
    assert "0 to 2" in capsys.readouterr().err


def test_osc_beyond_this_machine_and_where_presets_are_kept(tmp_path):
    options = parse("--osc", "0.0.0.0:9000", "--osc-tcp", "9001", "--osc-allow", "10.0.0.7", "--osc-allow", "fd00::/8")
    assert options.steering.osc_tcp == ("127.0.0.1", 9001)
    assert [str(allowed) for allowed in options.steering.osc_allow] == ["10.0.0.7/32", "fd00::/8"]
    assert parse().steering.osc_tcp is None
    assert parse().steering.presets is not None
    assert parse("--presets", "off").steering.presets is None
    assert parse("--presets", str(tmp_path / "mine.json"), "--restore").steering.presets == tmp_path / "mine.json"


def test_who_may_steer_from_elsewhere_and_which_files_he_may_name(tmp_path, capsys):
    options = parse("--osc-token", "a blue hour", "--media", str(tmp_path))
    assert (options.steering.osc_token, options.steering.media) == ("a blue hour", (tmp_path,))
    assert "a blue hour" not in repr(options)
    assert (parse().steering.osc_token, parse().steering.media) == (None, ())
    for wrong, said in ((["--osc-token", "1234567"], "8 characters"), (["--media", "nowhere"], "no such folder")):
        with pytest.raises(SystemExit):
            parse(*wrong)
        error = capsys.readouterr().err
        assert said in error
        assert "1234567" not in error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--source", "file:/nowhere/clip.mp4"], "clip.mp4"),
        (["--source", "camera:99"], "camera 99"),
        (["--source", "nonesuch:1"], "nonesuch"),
        (["--source", "testcard:", "--sink", "file:/nowhere/out.mp4"], "out.mp4"),
        (["--source", "testcard:", "--sink", "nonesuch:1"], "nonesuch"),
    ],
)
def test_a_run_that_cannot_begin_says_why_in_one_line(arguments, told):
    command = [sys.executable, "-m", "backend", "run", "--osc", "off", "--panel", "off", "--presets", "off", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert told in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to one process")
def test_ctrl_c_ends_a_run_and_leaves_whole_files_and_one_json_object(tmp_path):
    recording = tmp_path / "out.mp4"
    command = [sys.executable, "-m", "backend", "run", "--source", "testcard:", "--sink", f"file:{recording}"]
    command += ["--osc", "off", "--panel", "off", "--presets", "off", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        wait_for(lambda: recording.exists(), "the recording to begin")
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    assert "Traceback" not in err
    figures = json.loads(out)
    assert figures["ticks"] == figures["sent"] == sum(1 for _ in Clip(recording).decode()) > 0


def test_a_run_that_another_program_holds_ends_with_it_and_cleanly(tmp_path):
    recording = tmp_path / "out.mp4"
    command = [sys.executable, "-m", "backend", "run", "--source", "testcard:", "--sink", f"file:{recording}"]
    command += ["--osc", "off", "--panel", "off", "--presets", "off", "--until-stdin-ends"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        wait_for(lambda: recording.exists() and recording.stat().st_size, "a recording")
        assert program.stdin is not None
        program.stdin.close()
        assert program.wait(60) == 0
    assert len(list(Clip(recording).decode())) > 5


def test_a_run_that_another_program_holds_may_also_end_by_itself():
    command = [sys.executable, "-m", "backend", "run", "--source", "testcard:", "--seconds", "0.5"]
    command += ["--osc", "off", "--panel", "off", "--presets", "off", "--until-stdin-ends"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        assert "Fatal" not in program.stderr.read()
        assert program.wait(60) == 0


def test_a_page_or_oscquery_for_other_machines_has_a_token_a_new_one_each_time():
    assert parse().steering.token is None
    for opened in (("--panel", "0.0.0.0:8080"), ("--oscquery", "192.168.1.7:9001")):
        first, second = parse(*opened).steering.token, parse(*opened).steering.token
        assert first is not None
        assert second is not None
        assert first.text != second.text


def test_a_token_may_be_chosen():
    token = parse("--panel", "0.0.0.0:8080", "--panel-token", "open sesame").steering.token
    assert token is not None
    assert token.text == "open sesame"


def test_a_token_that_is_too_short_is_a_usage_error(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        parse("--panel-token", "short")
    assert "--panel-token: a token has 8 to 200 characters, not 5" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "set_blocking"), reason="there are no pipes that can be filled")
def test_a_stderr_that_nobody_reads_holds_up_neither_the_show_nor_its_engine_nor_its_end(tmp_path):
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(write, b"x" * 4096):
            pass
    os.set_blocking(write, True)
    recording = tmp_path / "out.mp4"
    command = [sys.executable, "-m", "backend", "run", "--source", "testcard:", "--sink", f"file:{recording}"]
    command += ["--osc", "off", "--panel", "off", "--presets", "off", "--json", "--verbose", "--until-stdin-ends"]
    command += ["--log", str(tmp_path / "vace.log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=write, text=True) as program:
        os.close(write)
        wait_for(lambda: recording.exists() and recording.stat().st_size, "a recording")
        wait_for(lambda: "the engine is ready" in (tmp_path / "vace.log").read_text(), "the engine")
        out, _ = program.communicate(timeout=60)
    os.close(read)
    assert program.returncode == 0
    assert json.loads(out)["sent"] > 0


def test_a_second_program_of_the_same_name_says_so_and_leaves_the_first_one_s_values_alone(tmp_path, caplog):
    presets = tmp_path / "presets.json"
    quiet = ["--source", "testcard:", "--osc", "off", "--panel", "off", "--presets", str(presets)]
    with open_front(parse(*quiet, "--prompt", "ice")) as first:
        wait_for((tmp_path / "presets.last.json").exists, "the first one's values")
        with open_front(parse(*quiet, "--prompt", "lava", "--restore")) as second:
            assert "another program named vace is running" in caplog.text
            second.mailbox.set("/vace/preset/save", "theirs")
            wait_for(lambda: presets.exists() and "theirs" in presets.read_text(), "the second one's preset")
        assert first.mailbox.set("/vace/preset/save", "mine") is None
        wait_for(lambda: all(name in presets.read_text() for name in ("theirs", "mine")), "both presets")
    assert '"/vace/prompt": "ice"' in (tmp_path / "presets.last.json").read_text()
    assert '"/vace/prompt": "lava"' not in (tmp_path / "presets.last.json").read_text()


def test_a_program_that_began_before_its_former_one_had_ended_keeps_its_values_from_then_on(tmp_path):
    quiet = ["--source", "testcard:", "--osc", "off", "--panel", "off", "--presets", str(tmp_path / "presets.json")]
    last = tmp_path / "presets.last.json"
    with ExitStack() as former:
        former.enter_context(open_front(parse(*quiet, "--prompt", "ice")))
        wait_for(last.exists, "the former one's values")
        with open_front(parse(*quiet, "--prompt", "lava")):
            former.close()
            wait_for(lambda: '"/vace/prompt": "lava"' in last.read_text(), "the later one's values")


def test_programs_of_two_names_keep_their_values_apart(tmp_path):
    quiet = ["--source", "testcard:", "--osc", "off", "--panel", "off", "--presets", str(tmp_path / "presets.json")]
    with open_front(parse(*quiet, "--prompt", "ice")), open_front(parse(*quiet, "--prompt", "lava", "--name", "left")):
        for name in ("presets.last.json", "presets.left.last.json"):
            wait_for((tmp_path / name).exists, name)
    with open_front(parse(*quiet, "--restore", "--name", "left")) as front:
        assert front.settings().prompt == "lava"
    assert log_file(build_parser().parse_args(["run", "--name", "left"])).name == "left.log"  # type: ignore[union-attr]
    assert log_file(build_parser().parse_args(["run", "--log", "off"])) is None


def test_a_show_that_goes_on_has_the_source_that_was_chosen_and_the_last_word_of_whoever_steered(tmp_path):
    quiet = ["--source", "testcard:", "--osc", "off", "--panel", "off", "--presets", str(tmp_path / "presets.json")]
    last = tmp_path / "presets.last.json"
    with open_front(parse(*quiet, "--prompt", "ice")) as front:
        front.mailbox.set_all(
            [("/vace/prompt", "lava"), ("/vace/source", "testcard:320x240@24"), ("/vace/blackout", 1)]
        )
        wait_for(lambda: last.exists() and "320x240" in last.read_text(), "the values")
    with open_front(parse(*quiet, "--prompt", "ice", "--restore=all")) as front:
        wait_for(lambda: front.capture.uri == "testcard:320x240@24", "the source")
        assert (front.settings().prompt, front.settings().blackout) == ("lava", True)
    with open_front(parse(*quiet, "--prompt", "ice", "--restore")) as front:
        assert (front.settings().prompt, front.settings().blackout) == ("ice", False)
        assert front.capture.uri == "testcard:"


def test_a_show_that_breaks_off_is_told_from_one_that_could_not_begin(monkeypatch, capsys):
    monkeypatch.setattr("backend.front.front.Front.wait", lambda *_: 1 / 0)
    quiet = ["--source", "testcard:", "--osc", "off", "--panel", "off", "--presets", "off", "--log", "off"]
    assert main(["run", *quiet]) == BROKEN
    assert main(["run", *quiet, "--sink", "nonesuch:1"]) == FAILED
    capsys.readouterr()
