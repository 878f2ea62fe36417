"""What another package brings is found by its entry points and used by name; what is broken is named and left out."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_house import ROOT

CLIP = ROOT / "backend" / "clips" / "cup.mp4"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example package is installed into."""
    folder = tmp_path_factory.mktemp("installed")
    package = shutil.copytree(ROOT / "examples" / "plugin", tmp_path_factory.mktemp("package") / "plugin")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "install", "--no-deps", "--no-build-isolation", "--target", str(folder), str(package)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with what an installation leaves of a package whose plug-ins do not work."""
    folder = tmp_path / "broken"
    metadata = folder / "show_kit-2.5.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: show-kit\nVersion: 2.5\n")
    (metadata / "entry_points.txt").write_text(
        "[vace_live.video]\nrtsp = show_kit:Rtsp\nfile = show_kit.parts:TEXT\n"
        "[vace_live.annotators]\nglow = show_kit:Glow\n"
        "[vace_live.masks]\nfog = show_kit:Fog\n"
        "[vace_live.pipelines]\nhuge = show_kit.parts:TEXT\n"
    )
    (folder / "show_kit").mkdir()
    (folder / "show_kit" / "__init__.py").write_text("")
    (folder / "show_kit" / "parts.py").write_text("TEXT = 'this is no pipeline'\n")
    return folder


def backend(arguments: list[str], *installed: Path) -> subprocess.CompletedProcess[str]:
    """What `python -m backend` says, with packages installed besides."""
    paths = os.pathsep.join(str(path) for path in (ROOT, *installed))
    command = [sys.executable, "-m", "backend", *arguments]
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def rendered(target: Path, *options: str) -> list[str]:
    return ["render", str(CLIP), str(target), "--frames", "9", "--width", "96", "--height", "64", "--json", *options]


def show(source: str) -> list[str]:
    quiet = ["--sink", "null:", "--osc", "off", "--panel", "off", "--presets", "off"]
    return ["run", "--source", source, "--seconds", "1", *quiet]


def test_a_clip_is_rendered_with_what_the_example_brings(example: Path, tmp_path: Path):
    options = ["--pipeline", "pocket-brief", "--control", "edges", "--mask-source", "center_disc"]
    ran = backend(rendered(tmp_path / "out.mp4", *options), example)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("plug-in") == 0
    assert json.loads(ran.stdout)["pipeline"] == "pocket-brief"
    assert (tmp_path / "out.mp4").stat().st_size > 1000


def test_a_show_has_the_examples_source(example: Path):
    ran = backend(show("noise:7"), example)
    assert "source: noise, 192x128 at" in ran.stderr, ran.stderr


def test_the_names_are_listed_with_ours(example: Path, tmp_path: Path):
    table = {row["address"]: row for row in json.loads(backend(["controls", "--json"], example).stdout)["controls"]}
    assert "edges" in table["/vace/control"]["choices"]
    assert "center_disc" in table["/vace/mask/source"]["doc"]
    for options, listed in (
        (["--pipeline", "x"], "pocket-brief"),
        (["--control", "x"], "edges"),
        (["--mask-source", "unknown"], "center_disc"),
    ):
        ran = backend(rendered(tmp_path / "out.mp4", *options), example)
        assert ran.returncode != 0
        assert listed in ran.stderr
    assert "noise:" in backend(show("unknown:"), example).stderr


def test_a_broken_plug_in_is_named_and_left_out_and_the_rest_works(example: Path, broken: Path, tmp_path: Path):
    options = ["--pipeline", "pocket-brief", "--control", "edges", "--mask-source", "center_disc"]
    ran = backend(rendered(tmp_path / "out.mp4", *options), example, broken)
    assert ran.returncode == 0, ran.stderr
    for line in (
        "plug-in rtsp of show-kit 2.5 (vace_live.video) left out: AttributeError: module 'show_kit' has no",
        "plug-in file of show-kit 2.5 (vace_live.video) left out: ValueError: there is a scheme file: already",
        "plug-in glow of show-kit 2.5 (vace_live.annotators) left out: AttributeError",
        "plug-in fog of show-kit 2.5 (vace_live.masks) left out: AttributeError",
        "plug-in huge of show-kit 2.5 (vace_live.pipelines) left out: ValueError: it must be a vace_core.config.Pipe",
    ):
        assert ran.stderr.count(line) == 1, ran.stderr


def test_what_is_broken_is_refused_with_what_there_is(broken: Path, tmp_path: Path):
    ran = backend(rendered(tmp_path / "out.mp4", "--control", "glow"), broken)
    assert ran.returncode == 1
    assert "vace: nothing here makes a glow control; choose one of depth" in ran.stderr
    ran = backend(show("rtsp://camera"), broken)
    assert "'rtsp://camera' is not an address of a source; they begin with testcard:" in ran.stderr


def test_looking_up_a_pipeline_imports_no_torch(example: Path):
    look = "import sys; from vace_core.config import pipeline_named as p; print(p('pocket-brief').window, *sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(example)))}
    command = [sys.executable, "-c", look]
    window, *modules = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert window == "4"
    assert "torch" not in modules
