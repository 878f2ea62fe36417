"""Write everything that is generated from code and tests: pages, layouts and TouchDesigner's list of controls.

    python start.py python docs/scripts/generated.py

The tests say when one of these files is stale; the page of the evaluation is written by `evaluate --markdown`.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.cli.options import OSC
from backend.controls import docs
from backend.controls.table import TABLE
from backend.models import page
from bridge.layouts.files import write_layouts
from tests.vace_core import attention_table, files_table
from vace_core.checkpoints.options import KINDS
from vace_core.config import PIPELINES

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- generated -->", "<!-- end of what is generated -->"
REFERENCE = ROOT / "docs" / "reference"


def main() -> None:
    """Write each file, and say which ones they are."""
    replace_generated(REFERENCE / "controls.md", docs.markdown())
    replace_generated(REFERENCE / "pipelines.md", page.markdown())
    replace_generated(REFERENCE / "files.md", files_table.markdown())
    replace_generated(REFERENCE / "attention.md", attention_table.markdown())
    controls = ROOT / "td_project" / "controls.json"
    controls.write_text(json.dumps({"controls": [row.describe() for row in TABLE]}) + "\n", encoding="utf-8")
    model = ROOT / "td_project" / "model.json"
    model.write_text(json.dumps({"pipelines": sorted(PIPELINES), "quantise": list(KINDS)}) + "\n", encoding="utf-8")
    host, _, port = OSC.rpartition(":")
    layouts = write_layouts(TABLE, ROOT / "docs" / "layouts", (host, int(port)))
    pages = (REFERENCE / name for name in ("controls.md", "pipelines.md", "files.md", "attention.md"))
    for path in (*pages, controls, model, *layouts):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


def replace_generated(path: Path, generated: str) -> None:
    """Put generated Markdown between a page's two marks."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{generated.strip()}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
