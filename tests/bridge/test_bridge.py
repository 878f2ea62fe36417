"""What importing the bridge costs, and what it must not bring along."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"cv2", "av", "torch", "transformers", "vace_core", "backend"}


def _loaded_by(*modules: str) -> set[str]:
    """Which of HEAVY a fresh interpreter has loaded after importing these."""
    script = f"import sys, {', '.join(modules)}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_importing_the_bridge_is_light():
    assert not _loaded_by(
        "bridge.video.address", "bridge.video.ring", "bridge.video.shared_memory", "bridge.control.osc.server"
    )


def test_no_module_of_the_bridge_brings_torch_or_the_other_packages_along():
    everything = [f"bridge.video.{name}" for name in ("camera", "file", "null", "testcard", "address", "shared_memory")]
    assert _loaded_by(*everything, "bridge.control.osc.server") <= {"cv2", "av"}
