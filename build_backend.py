"""What builds the package: setuptools, with one difference between the two ways to install it.

A wheel that is published holds `vace_core` alone, as pyproject.toml says. An editable installation (`pip install -e .`)
exposes this whole folder, so it can run the program: only there is the command `vace-live`, and what the program
requires. PEP 660 gives an editable installation hooks of its own, which is where both are added.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401  the other hooks of PEP 517 are setuptools' own
    build_sdist,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_wheel,
)

COMMAND = "[console_scripts]\nvace-live = backend.__main__:console\n"


def prepare_metadata_for_build_editable(folder: str, settings: dict | None = None) -> str:
    """setuptools' metadata in a .dist-info below `folder`, with the command and what the program requires."""
    name = build_meta.prepare_metadata_for_build_editable(folder, settings)
    (Path(folder) / name / "entry_points.txt").write_text(COMMAND, encoding="utf-8")
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = "".join(f"Requires-Dist: {line}\n" for line in project["optional-dependencies"]["program"])
    metadata = Path(folder) / name / "METADATA"
    head, body = metadata.read_text(encoding="utf-8").split("\n\n", 1)
    metadata.write_text(f"{head}\n{required}\n{body}", encoding="utf-8")
    return name


def build_editable(folder: str, settings: dict | None = None, metadata: str | None = None) -> str:
    """setuptools' editable wheel, with that metadata."""
    with TemporaryDirectory() as made:
        # Made again: setuptools looks for the .dist-info below the folder that it is given, and misses the frontend's.
        prepare_metadata_for_build_editable(made, settings)
        return build_meta.build_editable(folder, settings, made)
