"""The tree keeps its shape: who may import whom, what lies at the top, what is carried along."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"backend", "bridge", "examples", "td_project", "tests", "vace_core"}
TOP = ROOMS | {
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "MANIFEST.in",
    "README.md",
    "SECURITY.md",
    "build_backend.py",
    "docs",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.lock",
    "requirements.txt",
    "start.py",
}
FORBIDDEN = {
    "vace_core": {"bridge", "backend", "td_project", "tests", "examples"},
    "bridge": {"vace_core", "backend", "td_project", "tests", "examples", "torch", "transformers"},
    "backend": {"td_project", "tests", "examples"},
    "td_project": {"vace_core", "bridge", "backend", "tests", "examples"},
    "examples": {"td_project", "tests"},
}
# Folders of backend that the front process imports: they need no torch, at module level or in a function.
TORCH_FREE = ("controls", "front", "imaging", "runtime", "steering")
# Paths of one person's machine; "/home/you" and the like in the docs are meant as examples.
MACHINE_PATH = re.compile(rb"(?<![\w.~$/])(/(root|work|home|Users|tmp)/(?!you\b)\w|[A-Z]:\\\\?Users\\)")


def tracked() -> list[Path]:
    """Every file that git tracks, or would add; skips the test where the tree came without git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of its files")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def imports(path: Path) -> Iterator[str]:
    """The top-level package of every absolute import in a file, at module level or in a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def test_start_imports_only_the_standard_library():
    assert set(imports(ROOT / "start.py")) <= sys.stdlib_module_names


def test_start_can_be_read_by_a_python_that_is_too_old_and_tell_it_so():
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_only_the_known_entries_lie_at_the_top():
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_a_room_imports_only_what_it_may_know(room: str):
    seen = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in imports(path)
        if name in FORBIDDEN[room]
    ]
    assert not seen


@pytest.mark.parametrize("folder", TORCH_FREE)
def test_a_folder_that_the_front_process_uses_has_no_torch_of_its_own(folder: str):
    files = sorted((ROOT / "backend" / folder).rglob("*.py"))
    assert files
    assert not [str(path.relative_to(ROOT)) for path in files if "torch" in imports(path)]


def test_all_that_the_front_process_may_import_brings_no_torch():
    files = [path for folder in TORCH_FREE for path in (ROOT / "backend" / folder).rglob("*.py")]
    parts = [path.relative_to(ROOT).with_suffix("").parts for path in files]
    modules = sorted(".".join(name for name in part if name != "__init__") for part in parts)
    code = (
        f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\nsys.exit('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr or "torch was imported"


def test_no_tracked_file_names_a_path_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in tracked()
        if path.suffix not in {".safetensors", ".mp4", ".png", ".jpg", ".webp"} and path != Path(__file__)
        for match in MACHINE_PATH.finditer(path.read_bytes())
    ]
    assert not found


def test_every_bundled_clip_is_small_and_named_in_the_licence_beside_it():
    clips = sorted((ROOT / "backend" / "clips").glob("*.mp4"))
    licence = (ROOT / "backend" / "clips" / "LICENSE.txt").read_text(encoding="utf-8")
    assert clips
    for clip in clips:
        assert f"{clip.name}:" in licence
        assert clip.stat().st_size <= 1_500_000


def test_every_requirement_is_pinned_to_one_version():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
        assert all(re.match(r"[\w.\[\]-]+==[\w.]+(;|\s|$)", line) for line in wanted), wanted


def test_every_package_that_the_program_imports_is_required():
    installs = {"cv2": "opencv-python-headless", "pythonosc": "python-osc", "PIL": "pillow"}
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    # whose absence is an error that says how to install them
    optional = {"aalink", "torchvision", "ultralytics", "video_depth_anything"}
    for room in ("backend", "bridge", "vace_core"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for name in set(imports(path)) - sys.stdlib_module_names - ROOMS - optional:
                assert installs.get(name, name).lower() + "==" in required, f"{path.relative_to(ROOT)}: {name}"


def test_the_page_of_controls_is_what_the_table_says():
    command = [sys.executable, "-m", "backend", "controls", "--markdown"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    page = (ROOT / "docs" / "reference" / "controls.md").read_text(encoding="utf-8")
    assert ran.stdout in page, "run `python start.py python docs/scripts/generated.py`"


def modules_of(*rooms: str) -> dict[str, Path]:
    """Each module of these rooms by its dotted name; a package by its own."""
    paths = (path for room in rooms for path in sorted((ROOT / room).rglob("*.py")))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def modules_imported(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Which of the known modules a module imports: anywhere in it, in a function or for its types alone too."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            parts = {f"{base}.{alias.name}" for alias in node.names}
            found |= parts & known.keys() or {base}
    return found & known.keys() - {name}


def importers_of(package: str, *rooms: str) -> set[str]:
    """The modules outside a package that import it or a part of it."""
    known = modules_of(*rooms)
    parts = {name for name in known if name == package or name.startswith(f"{package}.")}
    return {name for name, path in known.items() if name not in parts and modules_imported(name, path, known) & parts}


def test_no_modules_import_each_other_in_a_circle():
    known = modules_of("backend", "bridge", "vace_core")
    try:
        TopologicalSorter({name: modules_imported(name, path, known) for name, path in known.items()}).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def test_what_made_the_pocket_model_is_no_part_of_what_runs():
    importers = importers_of("vace_core.pocket.training", "backend", "bridge", "docs", "tests", "vace_core")
    assert not {name for name in importers if not name.startswith("tests.vace_core.pocket.training.")}


def test_the_pocket_model_s_world_is_drawn_for_training_and_measurement_alone():
    allowed = ("vace_core.pocket.training.", "backend.measure.", "docs.", "tests.")
    importers = importers_of("vace_core.pocket.world", "backend", "bridge", "docs", "tests", "vace_core")
    assert not {name for name in importers if not name.startswith(allowed)}
