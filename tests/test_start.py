"""start.py: what it decides, and what it says. That it installs and runs is seen by these tests running at all."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

import start


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree with the two requirement files, an environment in it that works, and no GPU."""
    (tmp_path / "requirements.txt").write_text("torch==9.9.9\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\npytest==1\n")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(start, "STAMP", tmp_path / ".venv" / "vace-live.json")
    monkeypatch.setattr(start, "venv_works", lambda: True)
    monkeypatch.setattr(start, "has_build", lambda pin, build: False)
    monkeypatch.setattr(start, "nvidia_gpu", lambda: False)
    monkeypatch.delenv("VACE_TORCH", raising=False)
    return tmp_path


@pytest.fixture
def asked_of_pip(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(start, "pip", lambda *arguments: calls.append(arguments))
    return calls


@pytest.mark.usefixtures("tree")
def test_a_second_run_installs_nothing(asked_of_pip: list[tuple[str, ...]]):
    start.set_up("requirements-dev.txt")
    assert asked_of_pip
    asked_of_pip.clear()
    start.set_up("requirements-dev.txt")
    start.set_up("requirements.txt")
    assert asked_of_pip == []


def test_a_changed_requirement_is_installed(tree: Path, asked_of_pip: list[tuple[str, ...]]):
    start.set_up("requirements.txt")
    (tree / "requirements.txt").write_text("torch==9.9.9\nnumpy==1\n")
    asked_of_pip.clear()
    start.set_up("requirements.txt")
    assert ("install", "-r", str(tree / "requirements.txt")) in asked_of_pip


@pytest.mark.usefixtures("tree")
def test_a_set_up_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch, asked_of_pip: list[tuple[str, ...]]):
    def fail(*_: str) -> None:
        raise start.SetupError("no network")

    with monkeypatch.context() as broken:
        broken.setattr(start, "pip", fail)
        with pytest.raises(start.SetupError):
            start.set_up("requirements.txt")
    start.set_up("requirements.txt")
    assert asked_of_pip


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("platform", "gpu", "asked", "index"),
    [
        ("linux", False, "", "cpu"),
        ("linux", True, "", "cu130"),
        ("linux", True, "cpu", "cpu"),
        ("linux", False, "cuda", "cu130"),
        ("win32", False, "", None),
        ("win32", True, "", "cu130"),
        ("darwin", False, "", None),
    ],
)
def test_the_build_of_torch_is_the_machines(
    monkeypatch: pytest.MonkeyPatch, asked_of_pip: list, platform: str, gpu: bool, asked: str, index: str | None
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(start, "nvidia_gpu", lambda: gpu)
    monkeypatch.setenv("VACE_TORCH", asked)
    start.install_torch(start.torch_build())
    from_index = ("--index-url", start.TORCH_INDEX + index) if index else ()
    assert asked_of_pip == [("install", "torch==9.9.9", *from_index)]


@pytest.mark.usefixtures("tree")
def test_an_unknown_build_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("VACE_TORCH", "rocm")
    assert start.main(["controls"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "start: VACE_TORCH is 'rocm'; it can be 'cpu' or 'cuda', or unset to look for a GPU"


def test_an_old_python_is_told_which_to_take(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    assert start.main([]) == 1
    assert "needs Python 3.11 to 3.14" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for nvidia-smi is a shell script")
@pytest.mark.parametrize(
    ("script", "found"), [("echo 'GPU 0: H100'", True), ("echo 'no devices'", False), ("echo 'GPU 0:'; exit 9", False)]
)
def test_a_gpu_is_what_the_drivers_tool_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: bool
):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start.nvidia_gpu() is found
    tool.unlink()
    assert start.nvidia_gpu() is False


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """The commands that this process would have become, with their environments."""
    became: list[tuple[list[str], dict[str, str]]] = []

    class Program:
        def __init__(self, command: list[str], env: dict[str, str]) -> None:
            became.append((command, env))

        def wait(self) -> int:
            return 3

    def execve(_: str, command: list[str], environment: dict[str, str]) -> None:
        became.append((command, environment))
        raise SystemExit

    monkeypatch.setattr(start.os, "execve", execve)
    monkeypatch.setattr(start.subprocess, "Popen", Program)
    monkeypatch.setattr(start, "set_up", lambda _: None)
    return became


@pytest.mark.parametrize(
    ("given", "run"),
    [
        ([], ["-m", "backend", "run"]),
        (["render", "a.mp4", "b.mp4"], ["-m", "backend", "render", "a.mp4", "b.mp4"]),
        (["pip", "install", "aalink"], ["-m", "pip", "install", "aalink"]),
        (["python", "examples/latency.py", "--help"], ["examples/latency.py", "--help"]),
    ],
)
def test_what_is_asked_for_runs_inside_the_environment_and_finds_the_program(
    tree: Path, monkeypatch: pytest.MonkeyPatch, became: list, given: list[str], run: list[str]
):
    monkeypatch.setenv("PYTHONPATH", "mine")
    with contextlib.suppress(SystemExit):
        start.main(given)
    ((command, environment),) = became
    assert command == [str(start.venv_python()), *run]
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(tree), "mine"]


@pytest.mark.usefixtures("tree", "became")
def test_on_windows_the_exit_code_of_what_ran_is_handed_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(start, "venv_python", lambda: "python.exe")
    monkeypatch.setattr(start.os, "name", "nt")
    assert start.main(["pip", "list"]) == 3


@pytest.mark.parametrize(
    ("platform", "command", "with_version"),
    [
        ("win32", "py start.py", "py -3.11 start.py"),
        ("linux", "python3 start.py", "python3.11 start.py"),
        ("darwin", "python3 start.py", "python3.11 start.py"),
    ],
)
def test_messages_name_the_command_of_the_platform(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    platform: str,
    command: str,
    with_version: str,
):
    monkeypatch.setattr(sys, "platform", platform)
    assert start.command_of() == command
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    assert start.main([]) == 1
    assert capsys.readouterr().err.strip().endswith(f"for example: {with_version}")
