"""Every fault is simulated and found, with a fix; and the real command looks at this machine."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import start
from backend.cli.doctor import checks, command, disk, extras, nvidia, ports, processor, python, pytorch, spout, weights
from backend.cli.doctor.finding import Finding, fault, install, note, ok, pip, set_up
from backend.cli.doctor.nvidia import Gpu, Nvidia
from backend.cli.doctor.ports import Port
from backend.cli.doctor.report import text
from backend.cli.doctor.torch_facts import TorchFacts, probed
from vace_core.checkpoints.catalogue import PUBLISHED, WeightFile, files_of
from vace_core.checkpoints.store import Store
from vace_core.transformer.fp8 import ROWS, Fp8Choice

ROOT = Path(__file__).resolve().parents[3]
CARD = Gpu("NVIDIA GeForce RTX 4090", "581.29", 24 << 30, 1 << 30)
WITH_GPU = Nvidia(True, [CARD])
NO_GPU = Nvidia()
CPU_BUILD = TorchFacts(version="2.13.0+cpu")
CUDA_BUILD = TorchFacts(
    version="2.13.0+cu130",
    cuda="13.0",
    available=True,
    devices=[CARD.name],
    capability=[8, 9],
    builds=["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"],
    product=262144.0,
    triton=True,
    attention="flash",
    trials=["flash is right to 0.003 and takes 9.1 ms of a chunk", "flash2 is not taken: flash_attn is not installed"],
)


def saying(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_fault(finding: Finding, found: str, fix: str) -> bool:
    """Whether it is a fault that says this, in a sentence, and names the fix."""
    assert finding.found.endswith((".", "?")), finding.found
    return finding.state == "fault" and found in finding.found and fix in finding.fix


# Python and packages


def test_the_pythons_are_those_of_start():
    assert (python.OLDEST, python.NEWEST) == start.PYTHONS


def test_a_python_that_is_too_old_too_new_or_of_32_bits_is_a_fault():
    assert python.python_version((3, 11), 64).state == "ok"
    assert is_fault(python.python_version((3, 10), 64), "Python 3.10", "Install Python 3.11")
    assert is_fault(python.python_version((3, 15), 64), "3.11 to 3.14", "Install Python 3.11")
    assert is_fault(python.python_version((3, 12), 32), "32 bits", "64 bit")


def test_a_missing_package_is_a_fault_and_another_version_a_note():
    pins = 'torch==2.13.0\nav==18.1.0   # video\nSpoutGL==0.1.1; sys_platform == "win32"\n'
    assert python.packages(pins, {"torch": "2.13.0+cu130", "av": "18.1.0"}.get) == ok(
        "Packages", "All 2 are here, in the versions that were tested."
    )
    assert is_fault(python.packages(pins, {"torch": "2.13.0"}.get), "av is missing", "python start.py")
    other = python.packages(pins, {"torch": "2.13.0", "av": "17.0"}.get)
    assert (other.state, "av 17.0 (tested with 18.1.0)" in other.found) == ("note", True)


def test_the_environment_of_the_tests_has_every_package():
    assert python.check_packages().state in ("ok", "note")
    assert python.check_python().state == "ok"


# The driver


def test_a_driver_is_held_against_the_cuda_of_pytorch():
    assert nvidia.driver(WITH_GPU, CUDA_BUILD).state == "ok"
    old = Nvidia(True, [replace(CARD, driver="572.16")])
    assert is_fault(nvidia.driver(old, CUDA_BUILD), "572.16 is too old for CUDA 13.0", "Install driver 580 or newer")
    assert nvidia.driver(old, replace(CUDA_BUILD, cuda="12.8")).state == "ok"
    assert is_fault(nvidia.driver(old, CPU_BUILD), "too old for CUDA 13.0", "580")
    assert "nvidia.com/drivers" in nvidia.driver(old, CUDA_BUILD, "win32").fix


def test_without_a_driver_a_note_says_that_the_bundled_model_runs_on_the_processor():
    finding = nvidia.driver(NO_GPU, CPU_BUILD, "linux")
    assert (finding.state, "runs on the processor" in finding.found) == ("note", True)
    assert nvidia.driver(NO_GPU, CPU_BUILD, "darwin").state == "ok"


def test_what_nvidia_smi_prints_is_read():
    rows = "NVIDIA GeForce RTX 4090, 581.29, 24564, 1024\nNVIDIA GB10, 581.29, [N/A], [N/A]\n"
    gpus = nvidia.asked(saying(f"print({rows!r}, end='')")).gpus
    assert gpus == [Gpu(CARD.name, "581.29", 24564 << 20, 1 << 30), Gpu("NVIDIA GB10", "581.29", 0, 0)]


def test_an_nvidia_smi_that_fails_is_a_fault_with_its_words():
    broken = nvidia.asked(saying("import sys; print('Driver/library version mismatch'); sys.exit(18)"))
    assert is_fault(nvidia.driver(broken, CUDA_BUILD), "Driver/library version mismatch", "Restart")
    assert is_fault(nvidia.driver(nvidia.asked(saying("")), CUDA_BUILD), "lists no GPU", "Restart")
    assert is_fault(nvidia.driver(nvidia.asked(["no-such-program"]), CUDA_BUILD), "does not work", "Restart")


def test_a_gpu_that_others_have_filled_and_a_small_one_are_noted():
    assert nvidia.graphics_memory(WITH_GPU).state == "ok"
    assert nvidia.graphics_memory(NO_GPU).state == "ok"
    full = nvidia.graphics_memory(Nvidia(True, [replace(CARD, used=20 << 30)]))
    assert (full.state, "21.5 GB of 25.8 GB" in full.found) == ("note", True)
    small = nvidia.graphics_memory(Nvidia(True, [replace(CARD, memory=6 << 30)]))
    assert (small.state, "--quantise int8" in small.fix) == ("note", True)


def test_two_gpus_are_noted_as_spout_wants_one():
    assert nvidia.several(WITH_GPU).state == "ok"
    finding = nvidia.several(Nvidia(True, [CARD, CARD]), "win32")
    assert (finding.state, "TouchDesigner" in finding.found, "--device cuda:1" in finding.fix) == ("note", True, True)


# PyTorch


def test_a_build_without_cuda_beside_a_gpu_is_a_fault():
    finding = pytorch.build(CPU_BUILD, WITH_GPU, "linux")
    assert is_fault(finding, "the NVIDIA GeForce RTX 4090 stands idle", "VACE_TORCH=cuda python start.py")
    assert '$env:VACE_TORCH="cuda"' in pytorch.build(CPU_BUILD, WITH_GPU, "win32").fix
    assert pytorch.build(CPU_BUILD, NO_GPU).state == "ok"
    assert pytorch.build(CUDA_BUILD, WITH_GPU).state == "ok"


def test_a_pytorch_that_lacks_a_dll_wants_the_redistributable():
    error = 'OSError: [WinError 126] The specified module could not be found. Error loading "c10.dll"'
    broken = probed(saying(f"import sys; sys.exit('Traceback:\\n' + {error!r})"), 20)
    assert broken.error == error
    assert is_fault(pytorch.build(broken, WITH_GPU, "win32"), "WinError 126", "vc_redist.x64.exe")
    assert pytorch.build(broken, WITH_GPU, "linux").fix.endswith(set_up())
    paging = replace(broken, error="OSError: [WinError 1455] The paging file is too small")
    assert is_fault(pytorch.build(paging, WITH_GPU, "win32"), "1455", "paging file")


def test_a_pytorch_that_kills_its_process_is_told_by_what_it_was_doing():
    code = 'import os; print(\'{"version": "9", "cuda": "13.0", "stage": "CUDA is asked"}\', flush=True); os.abort()'
    died = probed(saying(code), 20)
    assert (died.version, died.stage) == ("9", "CUDA is asked")
    assert is_fault(pytorch.cuda(died, WITH_GPU, None), "failed when CUDA is asked", "Restart")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_processor_that_is_too_old_is_told_by_the_signal():
    died = probed(saying("import os, signal; os.kill(os.getpid(), signal.SIGILL)"), 20)
    assert is_fault(pytorch.build(died, NO_GPU), "signal 4", "AVX2")


def test_a_pytorch_that_never_answers_is_not_waited_for():
    late = probed(saying('import time; print(\'{"version": "9"}\', flush=True); time.sleep(60)'), 2)
    assert (late.version, late.error) == ("9", "There was no answer within 2 seconds")


def test_what_else_is_printed_is_passed_over():
    assert probed(saying("print('hello'); print('[1]'); print('{\"version\": \"9\", \"new\": 1}')"), 20) == TorchFacts(
        "9"
    )


def test_the_real_probe_tells_of_the_pytorch_that_is_here():
    import torch

    facts = checks.torch_facts()
    assert (facts.version, facts.available, facts.error) == (torch.__version__, torch.cuda.is_available(), "")


def test_a_gpu_that_pytorch_does_not_reach_is_a_fault():
    unreached = TorchFacts("2.13.0+cu130", "13.0")
    assert pytorch.cuda(CUDA_BUILD, WITH_GPU, None).state == "ok"
    assert is_fault(pytorch.cuda(unreached, WITH_GPU, None), "does not reach it", "Update the driver")
    assert is_fault(pytorch.cuda(unreached, WITH_GPU, "-1"), "CUDA_VISIBLE_DEVICES=-1 hides", "Take CUDA_VISIBLE_DEV")
    assert "does not reach it" in pytorch.cuda(unreached, WITH_GPU, "0").found
    assert pytorch.cuda(unreached, NO_GPU, None).state == "note"
    assert pytorch.cuda(CPU_BUILD, NO_GPU, None).state == "note"
    assert pytorch.cuda(CPU_BUILD, WITH_GPU, None).state == "note"
    assert pytorch.cuda(replace(CPU_BUILD, mps=True), NO_GPU, None).state == "ok"
    failing = replace(CUDA_BUILD, product=0.0, stage="the GPU multiplies two matrices", error="no kernel image")
    assert is_fault(pytorch.cuda(failing, WITH_GPU, None), "failed when the GPU multiplies", "capability")


@pytest.mark.parametrize(
    ("own", "state", "words"),
    [
        ((8, 9), "ok", "built for"),
        ((9, 0), "ok", "built for"),
        ((12, 1), "ok", "built for"),  # by PTX
        ((13, 0), "ok", "built for"),  # by PTX
        ((7, 5), "note", "bfloat16"),
        ((6, 1), "fault", "was not built for"),
    ],
)
def test_the_capability_is_held_against_what_pytorch_was_built_for(own, state, words):
    finding = pytorch.capability(replace(CUDA_BUILD, capability=own))
    assert (finding.state, words in finding.found) == (state, True)


def test_a_gpu_too_new_wants_a_newer_program_and_one_too_old_the_processor():
    machine_code = replace(CUDA_BUILD, builds=["sm_80", "sm_90a"])
    assert is_fault(pytorch.capability(replace(machine_code, capability=(12, 0))), "12.0", "newer version")
    assert is_fault(pytorch.capability(replace(machine_code, capability=(6, 1))), "6.1", "VACE_TORCH=cpu")
    assert pytorch.capability(CPU_BUILD).state == "ok"


def test_the_attention_that_will_run_is_told_with_what_became_of_the_others_and_what_a_faster_one_lacks():
    assert "sdpa runs, as no NVIDIA GPU" in pytorch.attention(replace(CPU_BUILD, attention="sdpa")).found
    told = pytorch.attention(CUDA_BUILD)
    assert told.state == "ok"
    assert told.found == (
        "flash runs; flash is right to 0.003 and takes 9.1 ms of a chunk; "
        "flash2 is not taken: flash_attn is not installed."
    )
    assert "triton-windows" in pytorch.attention(replace(CUDA_BUILD, triton=False), "win32").fix
    assert pytorch.attention(replace(CUDA_BUILD, product=0.0)).state == "note"
    assert "none is right" in pytorch.attention(replace(CUDA_BUILD, attention="", trials=["none is right"])).found
    killed = replace(
        CUDA_BUILD, attention="", stage="attention: sage1 is tried", error="The process was killed by signal 11"
    )
    assert is_fault(
        pytorch.attention(killed), "trial of sage1: The process was killed by signal 11", "--attention sdpa"
    )


def test_graphs_are_told_and_if_there_are_none_why():
    right = replace(CUDA_BUILD, graphs_trouble="")
    assert "only NVIDIA GPUs have them" in pytorch.graphs(CPU_BUILD).found
    assert (pytorch.graphs(right).state, "They are on" in pytorch.graphs(right).found) == ("ok", True)
    assert pytorch.graphs(CUDA_BUILD).state == "note", "the probe did not come so far"
    stale = replace(CUDA_BUILD, graphs_trouble="a replay repeats what was computed when it was recorded")
    assert is_fault(pytorch.graphs(stale), "not right here: a replay repeats", "--graphs off")
    died = replace(CUDA_BUILD, stage="a CUDA graph is recorded", error="The process was killed by signal 11")
    assert is_fault(pytorch.graphs(died), "recording one: The process was killed by signal 11", "--graphs off")


def test_what_the_bundled_model_multiplies_in_is_told():
    assert "runs in float32" in pytorch.precision(CPU_BUILD).found
    assert "multiplies in it" in pytorch.precision(replace(CPU_BUILD, bfloat16=True)).found
    assert pytorch.precision(replace(CPU_BUILD, version="")).state == "note"


def test_eight_bits_are_told():
    assert "fp8 needs" in pytorch.eight_bits(CPU_BUILD).found
    assert "fp8 work here" in pytorch.eight_bits(CUDA_BUILD).found
    assert "as it is old" in pytorch.eight_bits(replace(CUDA_BUILD, fp8_trouble="it is old")).found
    rows = "fp8 by rows is right to 0.037 and takes 0.80 ms where bfloat16 takes 1.31 ms"
    assert rows in pytorch.eight_bits(replace(CUDA_BUILD, fp8=rows)).found
    slow = Fp8Choice(ROWS, error=0.037, milliseconds=(1.31, 1.0))
    slower = pytorch.eight_bits(replace(CUDA_BUILD, fp8=slow.words(), fp8_slower=slow.slower)).found
    assert "fp8 is slower than bfloat16: fp8 by rows" in slower
    assert "takes 1.31 ms where bfloat16 takes 1.00 ms" in slower
    assert "--quantise fp8" not in slower
    died = replace(CUDA_BUILD, stage="a product in fp8 is tried", error="The process ended")
    assert pytorch.eight_bits(died).state == "note"


# Spout


def test_spout_is_looked_at_on_windows_only():
    assert spout.spout("linux", (3, 14), "", []).state == "ok"
    assert spout.spout("win32", (3, 11), "", ["TDOut", "OBS"]).found == "It works; there is spout:TDOut and spout:OBS."
    assert spout.spout("win32", (3, 11), "", []).state == "note"


def test_spout_that_leaves_pictures_black_is_a_fault_whoever_sends():
    for senders in ([], ["TDOut"]):
        found = spout.spout("win32", (3, 13), "", senders, main_memory=True)
        assert is_fault(found, "black", 'reg delete "HKCU\\Software\\Leading Edge\\Spout" /v MemoryShare /f')


def test_what_keeps_spout_from_working_is_a_fault():
    assert is_fault(spout.spout("win32", (3, 14), "", []), "Python 3.14", "3.11, 3.12 or 3.13")
    missing = spout.spout("win32", (3, 13), "No module named 'SpoutGL'", [])
    assert is_fault(missing, "missing", "pip install SpoutGL==0.1.1")
    assert is_fault(spout.spout("win32", (3, 13), "DLL load failed", []), "DLL load failed", "vc_redist")


# Ports


@pytest.fixture
def taken_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        yield Port("OSC", "udp", "127.0.0.1", holder.getsockname()[1], "--osc")


@pytest.fixture
def taken_tcp():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield Port("page", "tcp", "127.0.0.1", holder.getsockname()[1], "--panel")


def test_a_taken_port_is_a_fault_that_names_who_has_it_and_another(taken_udp: Port, taken_tcp: Port):
    for taken in (taken_udp, taken_tcp):
        finding = ports.port(taken, ports.holder_of)
        assert is_fault(finding, f"port {taken.number} on 127.0.0.1 is taken", f"{taken.option} 127.0.0.1:")
        if sys.platform == "linux":
            assert f"(process {os.getpid()})" in finding.found
    assert "is taken." in ports.port(taken_udp, lambda _: "").found


def test_a_port_is_free_again_after_it_was_tried(taken_udp: Port):
    free = replace(taken_udp, number=ports._free(taken_udp))
    assert ports.port(free, ports.holder_of).state == "ok"
    assert ports.port(free, ports.holder_of).state == "ok"


def test_an_address_of_another_machine_is_a_fault():
    for kind in ("udp", "tcp"):
        elsewhere = Port("OSC", kind, "192.0.2.1", 9000, "--osc")
        assert is_fault(ports.port(elsewhere, ports.holder_of), "192.0.2.1 is no address", "--osc 127.0.0.1")


def test_a_port_that_windows_keeps_is_told_from_one_that_a_program_has(monkeypatch: pytest.MonkeyPatch):
    kept = Port("OSC", "udp", "127.0.0.1", 9000, "--osc")
    monkeypatch.setattr(ports, "trouble", lambda port: PermissionError(13, "no") if port == kept else None)
    assert is_fault(ports.port(kept, lambda _: ""), "kept by the system", "netsh")
    assert is_fault(ports.port(kept, lambda _: "TouchDesigner.exe"), "TouchDesigner.exe", "--osc 127.0.0.1:9010")


def test_the_ports_are_those_of_run():
    found = [(port.name, port.kind, port.number) for port in ports.wanted_ports(checks.defaults())]
    assert found == [("OSC", "udp", 9000), ("OSCQuery", "tcp", 9001), ("page", "tcp", 8080)]


# Disks and folders


def test_a_full_disk_is_a_fault(tmp_path: Path):
    full = disk.space("weights", tmp_path, "VACE_MODELS", lambda _: 500_000_000)
    assert is_fault(full, "Only 0.5 GB are free", "Free at least 1.5 GB, or name another folder with VACE_MODELS")
    assert disk.space("weights", tmp_path, "", lambda _: 50_000_000_000).state == "ok"
    assert disk.space("weights", tmp_path / "not" / "yet", "", checks.free_space).found.endswith("yet.")


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path):
    assert disk.writable("presets", tmp_path, "--presets").state == "ok"
    assert "can be made" in disk.writable("presets", tmp_path / "a" / "b", "--presets").found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that is read-only to the administrator too")
def test_a_read_only_folder_is_a_fault(tmp_path: Path):
    locked = Path("/proc/self")
    if os.geteuid():
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o555)
    assert is_fault(disk.writable("presets", locked / "x", "--presets"), "cannot be written", "--presets")


def test_a_folder_that_may_not_be_written_names_what_windows_forbids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: object):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(disk.tempfile, "TemporaryFile", refuse)
    finding = disk.writable("recordings", tmp_path, "--recordings")
    assert is_fault(finding, "(Permission denied)", "Controlled folder access")


def test_a_file_in_the_place_of_a_folder_is_a_fault(tmp_path: Path):
    (tmp_path / "recordings").write_text("")
    assert is_fault(disk.writable("recordings", tmp_path / "recordings", "--recordings"), "is a file", "Move it away")


# Weights


def put(folder: Path, file: WeightFile, content: bytes = b"{}") -> Path:
    path = folder / file.repository / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def whole(file: WeightFile) -> bytes:
    header = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    return len(header).to_bytes(8, "little") + header + b"\0" if file.path.endswith(".safetensors") else b"{}"


def test_no_weights_are_a_note_with_the_command(tmp_path: Path):
    [finding] = weights.weights(Store([tmp_path]), 10**12)
    assert (finding.state, "bundled model needs none" in finding.found) == ("note", True)
    assert all(pipeline in finding.found for pipeline in PUBLISHED)
    assert "python start.py models download" in finding.fix
    [finding] = weights.weights(Store([tmp_path]), 10**9)
    assert "Only 1.0 GB are free there" in finding.fix


def test_weights_that_are_complete_partly_here_or_cut_off_are_told(tmp_path: Path):
    files = files_of("longlive")
    for file in files.values():
        put(tmp_path, file, whole(file))
    put(tmp_path, files_of("memflow")["base"])
    cut = files_of("reward-forcing")["base"]
    put(tmp_path, cut).rename(tmp_path / cut.repository / f"{cut.path}.0123456789abcdef.part")
    found = weights.weights(Store([tmp_path]), 10**12)
    assert found[0] == ok("Weights", "All files of longlive and longlive-infinity are here.")
    partly = {finding.fix: finding.found for finding in found[1:-1]}
    assert "memflow-lora is missing" in partly["Run: python start.py models download memflow"]
    assert "reward-forcing-base" in partly["Run: python start.py models download reward-forcing"]
    assert all(finding.state == "note" for finding in found[1:])


def test_torn_weights_are_a_fault_once(tmp_path: Path):
    shared = files_of("longlive")["vace"]
    path = put(tmp_path, shared, b"\x40\0\0\0\0\0\0\0{")
    found = weights.weights(Store([tmp_path]), 10**12)
    torn = [finding for finding in found if finding.state == "fault"]
    assert len(torn) == 1
    assert is_fault(torn[0], f"{path} is not whole", f"models download {shared.name}")


def test_a_wrong_models_json_is_a_fault_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VACE_MODELS", str(tmp_path))
    (tmp_path / "models.json").write_text('{"vace-1.3b": "nowhere.safetensors"}')
    [finding] = weights.check_weights(checks.free_space)
    assert is_fault(finding, "models.json", "models list")


# The machine


def test_a_busy_processor_is_noted_with_who_is_busy():
    assert processor.processor(16, 9.5, {"chrome": 6.0}).state == "ok"
    finding = processor.processor(4, 0.5, {"chrome": 2.0, "idle": 0.1, "ffmpeg": 1.0})
    assert (finding.state, "0.5 of 4 cores" in finding.found) == ("note", True)
    assert finding.fix == "Close what need not run; most is taken by chrome (2.0) and ffmpeg (1.0)."


def test_a_battery_and_a_power_saver_are_noted():
    assert processor.power(False, False).state == "ok"
    assert processor.power(True, False).fix == "Plug it in."
    assert "power mode" in processor.power(False, True).fix


def test_too_little_memory_is_a_fault_and_too_little_for_published_pipelines_a_note():
    assert processor.memory(32 << 30, 20 << 30).state == "ok"
    assert processor.memory(16 << 30, 8 << 30).state == "note"
    assert is_fault(processor.memory(8 << 30, 1 << 30), "1.1 GB of 8.6 GB", "Close other programs")


# What may be added, and files


def test_what_may_be_added_is_a_note_with_the_command():
    [ndi] = [row for row in extras.EXTRAS if row.name == "NDI"]
    assert extras.extra(ndi, lambda _: True).state == "ok"
    absent = extras.extra(ndi, lambda _: False)
    assert (absent.state, absent.fix) == ("note", f"If wanted: {install('cyndilib==0.1.3')}")


def test_midi_is_told():
    assert extras.midi(["Launchpad", "nanoKONTROL2"], "").found == "There is Launchpad and nanoKONTROL2."
    assert extras.midi([], "").state == "note"
    assert extras.midi([], "MIDI needs the package rtmidi2").found == "MIDI needs the package rtmidi2."


def test_a_pyav_without_h264_and_one_that_does_not_load_are_faults():
    assert extras.codecs(True, True, "").state == "ok"
    assert is_fault(extras.codecs(False, True, ""), "cannot be written", "av")
    assert is_fault(extras.codecs(False, False, "DLL load failed", "win32"), "DLL load failed", "media feature pack")
    assert is_fault(extras.codecs(False, False, "no libGL", "linux"), "no libGL", "start.py")
    assert extras.check_codecs().state == "ok"


# All of it


def test_a_check_that_fails_is_a_fault_and_the_others_are_made():
    def broken() -> Finding:
        raise RuntimeError("no such\n  thing")

    found = checks.examine([("One", broken), ("Two", lambda: ok("Two", "Fine.")), ("Three", list)])
    assert is_fault(found[0], "RuntimeError: no such thing", "start.py")
    assert found[1:] == [ok("Two", "Fine.")]


def test_pip_is_given_by_start_where_the_program_runs_in_its_environment(tmp_path: Path):
    inside = tmp_path / ".venv" / "bin" / "python"
    assert pip("list", str(inside), tmp_path) == "python start.py pip list"
    assert pip("list", "/usr/bin/python3", tmp_path) == "/usr/bin/python3 -m pip list"


def test_the_report_is_aligned_and_says_how_many():
    findings = [
        ok("One", "It is well."),
        fault(
            "The other",
            "It is broken, in more words than go into a line of sixty columns.",
            "Run: a --very-long-option b",
        ),
        note("Third", "It is so."),
    ]
    assert text(findings, 60).splitlines() == [
        "ok     One        It is well.",
        "fault  The other  It is broken, in more words than go into a",
        "                  line of sixty columns.",
        "                  -> Run: a --very-long-option b",
        "note   Third      It is so.",
        "",
        "1 fault and 1 note. What mends each stands behind its arrow.",
    ]
    assert text(findings[:1], 60).endswith("\nNo fault.")


def test_the_real_command_prints_one_object_and_its_exit_code_says_whether_there_is_a_fault():
    ran = doctor("-m", "backend", "doctor", "--json")
    said = json.loads(ran.stdout)
    assert ran.stdout.count("\n") == 1
    assert ran.returncode == (0 if said["ok"] else 1), ran.stderr
    assert said["ok"] == all(check["state"] != "fault" for check in said["checks"])
    assert all(set(check) == {"name", "state", "found", "fix"} for check in said["checks"])
    assert all(check["fix"] for check in said["checks"] if check["state"] == "fault")
    assert not [check for check in said["checks"] if "failed itself" in check["found"]]
    names = {check["name"] for check in said["checks"]}
    assert {"Python", "NVIDIA driver", "PyTorch", "Attention", "Spout", "Port, OSC", "Disk, weights", "NDI"} <= names


def test_a_port_that_is_taken_is_found_by_the_real_command_which_can_be_run_by_itself():
    """As a person sees it; and by itself, for where the other commands can't be imported."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with holder:
        if ports.trouble(Port("OSC", "udp", "127.0.0.1", 9000, "--osc")) is None:
            holder.bind(("127.0.0.1", 9000))
        ran = doctor("-m", "backend.cli.doctor")
    assert ran.returncode == 1, ran.stdout
    assert "fault  Port, OSC" in ran.stdout
    assert "UDP port 9000 on 127.0.0.1 is taken" in " ".join(ran.stdout.split())


@pytest.mark.parametrize("package", ["torch", "psutil", "cv2"])
def test_a_package_that_cannot_be_loaded_does_not_keep_the_others_from_being_looked_at(package: str, tmp_path: Path):
    (tmp_path / f"{package}.py").write_text("raise OSError('[WinError 126] a DLL is missing')")
    ran = doctor("-m", "backend.cli.doctor", "--json", PYTHONPATH=str(tmp_path))
    said = json.loads(ran.stdout)
    states = {check["name"]: check["state"] for check in said["checks"]}
    assert ran.returncode == 1
    assert any("WinError 126" in check["found"] for check in said["checks"] if check["state"] == "fault")
    assert states["Python"] == states["Spout"] == "ok"
    assert "NDI" in states


def test_whether_all_is_well_counts_faults_only():
    assert command.is_well([ok("a", "b."), note("c", "d.")])
    assert not command.is_well([fault("e", "f.", "g.")])


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, *arguments], {**os.environ, **environment}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=100
    )
