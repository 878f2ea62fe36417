"""`models list | download | verify`, as a person or a program runs it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from backend.cli import main
from backend.models.download_record import DownloadRecord
from tests.backend.models.hub import Hub
from tests.backend.waiting import wait_for
from vace_core.checkpoints.catalogue import FILES, PUBLISHED, WeightFile, files_of
from vace_core.checkpoints.store import Store


class Terminal(io.StringIO):
    """Standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


def on_hub(file: WeightFile) -> str:
    return f"{file.repository}/{file.path}"


@pytest.fixture
def full(hub: Hub) -> Hub:
    """A hub that has everything, each file of a content of its own."""
    for number, file in enumerate(FILES.values()):
        hub.files[on_hub(file)] = f'{{"{file.name}": {number}}}'.encode() * 50
    return hub


def run(*arguments: str) -> int:
    return main.main(["models", *arguments])


@pytest.mark.parametrize("pipeline", PUBLISHED)
def test_a_pipeline_is_downloaded_once_verified_and_then_found_without_a_network(
    pipeline: str, full: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    there = ["--models", str(tmp_path / "models")]
    assert run("download", pipeline, "--accept-licence", "--endpoint", full.endpoint, "--json", *there) == 0
    printed = capsys.readouterr()
    brought = json.loads(printed.out)["files"]
    assert set(brought) == {file.name for file in files_of(pipeline).values()}
    assert all(Path(path).read_bytes() == full.files[on_hub(FILES[name])] for name, path in brought.items())
    assert set(Store([tmp_path / "models"]).require(files_of(pipeline))) == set(files_of(pipeline))
    assert all(f"{name}: licence" in printed.err for name in brought)
    assert run("verify", pipeline, "--json", *there) == 0
    rows = json.loads(capsys.readouterr().out)["files"]
    assert [(row["fault"], row["known"]) for row in rows] == [(None, "as it came")] * len(rows)
    full.asked.clear()
    assert run("download", pipeline, "--endpoint", full.endpoint, *there) == 0
    assert full.asked == []
    assert capsys.readouterr().err.count("is here") == len(brought)


def test_a_restricting_licence_is_asked_for_and_without_consent_nothing_is_fetched(
    full: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    command = ("download", "krea-realtime-base", "--endpoint", full.endpoint, "--models", str(tmp_path / "models"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))  # a program's input is nobody's consent
    assert run(*command) == 1
    assert "give --accept-licence" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    assert run(*command) == 1
    assert "CC BY-NC-SA 4.0" in capsys.readouterr().err
    assert full.asked == []
    monkeypatch.setattr(sys, "stdin", Terminal("Yes\n"))
    assert run(*command) == 0


def test_the_text_encoder_is_what_is_here_unless_one_is_named(full: Hub, tmp_path: Path):
    there = ["--models", str(tmp_path / "models"), "--endpoint", full.endpoint]
    assert run("download", "umt5-bf16", *there) == 0
    assert run("download", "memflow", *there) == 0
    store = Store([tmp_path / "models"])
    assert store.find(FILES["umt5"]) is None
    assert store.require(files_of("memflow"))["text"] == store.find(FILES["umt5-bf16"])
    assert run("download", "memflow", "--text", "umt5-bf16", *there) == 0
    assert store.find(FILES["umt5-bf16"]) is not None


def test_the_autoencoder_can_be_chosen(full: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["download", "longlive", "--autoencoder", "lighttae", "--json", "--endpoint", full.endpoint]
    assert run(*command, "--models", str(tmp_path)) == 0
    brought = json.loads(capsys.readouterr().out)["files"]
    assert "lighttae" in brought
    assert "taew2_1" not in brought


def test_files_of_a_comfyui_are_taken_and_not_fetched(full: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    comfy = tmp_path / "home" / "ComfyUI" / "models"
    vace = comfy / "diffusion_models" / "wan" / "wan2_1-vace_module_1_3B_bf16.safetensors"
    vace.parent.mkdir(parents=True)
    vace.write_bytes(b"vace")
    command = ["download", "vace-1.3b", "taew2_1", "--models", str(tmp_path / "models"), "--endpoint", full.endpoint]
    assert run(*command, "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"]["vace-1.3b"] == str(vace)
    assert {one.path.rpartition("/")[2] for one in full.asked} == {"taew2_1.pth"}


def test_what_models_json_names_is_fetched_from_there(full: Hub, tmp_path: Path):
    full.files["somebody/Else/tiny.pth"] = b"other weights"
    (tmp_path / "models.json").write_text('{"taew2_1": {"repository": "somebody/Else", "path": "tiny.pth"}}')
    assert run("download", "taew2_1", "--models", str(tmp_path), "--endpoint", full.endpoint) == 0
    assert (tmp_path / "somebody" / "Else" / "tiny.pth").read_bytes() == b"other weights"


def test_verify_names_what_is_missing_damaged_or_cut_off(full: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    there = ["--models", str(tmp_path)]
    names = ["longlive-base", "longlive-lora", "taew2_1", "wan"]
    assert run("download", *names[:3], "--endpoint", full.endpoint, *there) == 0
    damaged, cut = (Store([tmp_path]).require({"": FILES[name]})[""] for name in names[:2])
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    cut.write_bytes(cut.read_bytes()[:-1])
    capsys.readouterr()
    assert run("verify", *names, "--json", *there) == 1
    printed = capsys.readouterr()
    faults = {row["name"]: row["fault"] or "" for row in json.loads(printed.out)["files"]}
    assert "another content" in faults["longlive-base"]
    assert "bytes, and had" in faults["longlive-lora"]
    assert (faults["taew2_1"], faults["wan"]) == ("", "is missing")
    assert "delete what is not whole" in printed.err
    assert run("verify", *names, *there) == 1
    assert "taew2_1: as it came" in capsys.readouterr().out


def test_verify_tells_a_file_that_is_another_than_its_name_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tiny, lora = {"encoder.4.conv.0.weight": torch.zeros(2)}, {"lora_unet_blocks_0.lora_down.weight": torch.zeros(2)}
    command = ["verify", "taew2_1", "--models", str(tmp_path)]
    torch.save(tiny, tmp_path / "taew2_1.pth")
    assert run(*command) == 0
    assert "all there, by its form" in capsys.readouterr().out
    torch.save(lora, tmp_path / "taew2_1.pth")
    assert run(*command) == 1
    assert "taew2_1: holds a LoRA, not a tiny autoencoder" in capsys.readouterr().out
    torch.save({"other": torch.zeros(2)}, tmp_path / "taew2_1.pth")
    assert run(*command) == 1
    assert "holds nothing that is known here" in capsys.readouterr().out
    torch.save([1, 2], tmp_path / "taew2_1.pth")
    assert run(*command) == 1
    assert "cannot be opened" in capsys.readouterr().out


def test_a_list_is_for_persons_or_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "taew2_1.pth").write_bytes(b"12345")
    assert run("list", "--models", str(tmp_path), "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert set(listed["pipelines"]) == set(PUBLISHED)
    rows = {row["name"]: row for row in listed["files"]}
    assert set(rows) == set(FILES)
    tiny, base = rows["taew2_1"], rows["longlive-base"]
    assert (tiny["found"], tiny["bytes"], tiny["estimated"]) == (str(tmp_path / "taew2_1.pth"), 5, False)
    assert (base["found"], base["estimated"]) == (None, True)
    assert run("list", "--models", str(tmp_path)) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*PUBLISHED, *FILES, str(tmp_path)))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["download", "nonesuch"], "there is no 'nonesuch'; it is longlive"),
        (["verify", "pocket"], "pocket is bundled"),
        (["download", "longlive", "--endpoint", "nowhere"], "no folder here"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(*arguments, "--models", str(tmp_path)) == 1
    assert told in capsys.readouterr().err.splitlines()[-1]


def test_a_mistake_in_models_json_is_told_by_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "models.json").write_text('{"longlive": "x"}')
    for command in (["list"], ["download", "longlive"], ["verify", "longlive"]):
        assert run(*command, "--models", str(tmp_path)) == 1
        assert "there is no file 'longlive'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to one process")
def test_ctrl_c_in_the_middle_ends_in_one_line_and_the_next_run_goes_on(full: Hub, tmp_path: Path):
    content = os.urandom(400_000)
    full.files[on_hub(FILES["taew2_1"])] = content
    full.cuts.append(250_000)
    full.finish.clear()
    command = [sys.executable, "-m", "backend", "models", "download", "taew2_1", "--models", str(tmp_path)]
    environment = {**os.environ, "HF_ENDPOINT": full.endpoint}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as program:
        wait_for(lambda: any(part.stat().st_size for part in tmp_path.rglob("*.part")), "a part")
        program.send_signal(signal.SIGINT)
        full.finish.set()
        _, err = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "vace: stopped; run the same command again, it goes on from here"
    (part,) = tmp_path.rglob("*.part")
    had = part.stat().st_size
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    path = Store([tmp_path]).find(FILES["taew2_1"])
    assert path is not None
    assert path.read_bytes() == content
    assert DownloadRecord.of(path) is not None
    assert full.fetched()[-1].range == f"bytes={had}-"
    assert {one.path.rpartition("/")[2] for one in full.asked} == {"taew2_1.pth"}, "something else was asked for"
