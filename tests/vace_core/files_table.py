"""The generated part of docs/reference/files.md: every layout and LoRA style that a test tries, and what happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.vace_core.checkpoints.layout_cases import CASES
from tests.vace_core.lora.style_cases import FORMS, LEFTOVERS, REFUSED, SPELLINGS, WHOLE

STYLES = (
    ("spelling", SPELLINGS),
    ("whole changes", WHOLE),
    ("other forms", FORMS),
    ("leftovers", LEFTOVERS),
    ("of another model or form", REFUSED),
)


def markdown() -> str:
    """Two tables, each under its heading."""
    weights = _table(("file of a", "layout", "what happens"), ((one.part, one.layout, one.happens) for one in CASES))
    loras = _table(
        ("", "style", "what happens"), ((title, one.name, one.happens) for title, styles in STYLES for one in styles)
    )
    return f"## Files of weights\n\n{weights}\n\n## LoRAs\n\n{loras}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
