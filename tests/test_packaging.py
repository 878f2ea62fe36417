"""What an installation holds: of a wheel the core alone, of an editable one the whole program."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.test_house import ROOMS, ROOT, imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = ("vace_core", "backend", "bridge", "pyproject.toml", "build_backend.py", "MANIFEST.in", "README.md", "LICENSE")
BUILD = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--no-build-isolation")
INSTALLED_AS = {"cv2": "opencv-python-headless", "pythonosc": "python-osc", "PIL": "pillow"}
OPTIONAL = {"aalink", "gguf", "torchvision", "ultralytics", "video_depth_anything"}
"""Whose absence is an error that says how to install them."""


def required(lines: list[str]) -> dict[str, str]:
    """The packages of requirements, in lower case, and their versions."""
    return {
        name.lower(): version for line in lines for name, version in re.findall(r"^([\w.-]+).*?[>=]=([\w.]+)", line)
    }


@pytest.mark.parametrize(("room", "extras"), [("vace_core", ()), ("bridge", ("program",)), ("backend", ("program",))])
def test_what_a_room_imports_is_required(room: str, extras: tuple[str, ...]):
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    for path in sorted((ROOT / room).rglob("*.py")):
        for name in set(imports(path)) - sys.stdlib_module_names - ROOMS - OPTIONAL:
            assert INSTALLED_AS.get(name, name).lower() in required(lines), f"{path.relative_to(ROOT)}: {name}"


def test_lower_bounds_and_pins_agree():
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    bounds = required([*PROJECT["dependencies"], *extras])
    pins = required(
        [
            line
            for name in ("requirements.txt", "requirements-dev.txt")
            for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        ]
    )
    assert set(pins) <= set(bounds)
    for name, version in pins.items():
        assert numbers(bounds[name]) <= numbers(version), name


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is built from, as a build leaves files beside it."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


def outside(command: list[str], folder: Path) -> None:
    """Run a command in a folder, with nothing of this tree on its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
def test_a_wheel_holds_the_core_alone_and_runs_in_an_empty_folder(tree: Path, tmp_path: Path):
    outside([*BUILD, "--wheel-dir", str(tmp_path), str(tree)], tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    held = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in held} == {"vace_core", "vace_live-0.1.0.dist-info"}
    assert not [name for name in held if name.endswith("entry_points.txt")]
    for path in (tree / "vace_core").rglob("*"):
        assert not path.is_file() or path.relative_to(tree).as_posix() in held

    python = environment_with(wheel, tmp_path / "environment")
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(ROOT / "examples" / "stream_in_ten_lines.py", tmp_path)
    outside([python, str(tmp_path / "stream_in_ten_lines.py"), "made.mp4", "1"], empty)
    assert (empty / "made.mp4").stat().st_size > 1000


def environment_with(wheel: Path, folder: Path) -> str:
    """The interpreter of a new environment that has the wheel; what that requires is lent by this environment."""
    venv.create(folder)
    python = next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())
    outside([sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", str(wheel)], folder)
    (packages,) = (path for path in folder.rglob("site-packages") if path.is_dir())
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return str(python)


@pytest.mark.slow
def test_an_editable_installation_has_the_command_and_what_the_program_requires(tree: Path, tmp_path: Path):
    build = "import sys, build_backend; print(build_backend.build_editable(sys.argv[1]))"
    outside([sys.executable, "-c", build, str(tmp_path)], tree)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as held:
        texts = {name.split("/")[-1]: held.read(name).decode() for name in held.namelist()}
    assert texts["entry_points.txt"] == "[console_scripts]\nvace-live = backend.__main__:console\n"
    assert "\nRequires-Dist: starlette>=1.10\n" in texts["METADATA"]
    assert texts["__editable__.vace_live-0.1.0.pth"].strip() == str(tree)
