"""The page that the evaluation writes for the docs: the figures, what they mean, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from .clips import reference_picture, there_and_back
from .figures import MEANINGS, Figure
from .preservation import put_together
from .references import asked as reference_ask
from .shows import Request, frames_of
from .trial import LOOP, Trial

GAP, CAPTION = 4, 18
INK, PAPER = (225, 225, 225), (24, 20, 20)
QUALITY = 88
SHEET_CHUNKS = 2
SHEET_PROMPT = "sunset"
COLUMNS = ("input", "control", "output", "scale 0", "shuffled")
INTRODUCTION = """# Evaluation: does it follow?

Written by `python start.py evaluate --markdown docs/develop/evaluation.md`; do not edit it by hand. Each figure
stands beside two others: **off** is the same prompt at context scale 0, so without any control, and **shuffled** is
the output for another clip's control (mask, reference, prompt), compared with this clip. A figure means something
only in so far as it differs from those two.
"""
HOW = """
## How it is measured

- **Clips** are drawn from seeds that nothing was trained on, as they come; for pose, the first in which people are seen
  from beginning to end. Their depth, masks and skeletons are exact. Footage is the bundled clip of a camera.
- **Depth is read off the output** by a small network of our own, trained on scenes drawn for it in looks as they follow
  the depth, a third of them after the autoencoder. The depth annotator will not do: it was trained on plain footage,
  and on unseen drawn looks its error is 0.19. `flawless` is our reader's on the same, after the autoencoder: an output
  that followed its control to the letter would score about that.
- **Looks are recognised** by another, trained on pictures drawn for it: twelve looks, one for each word for a backdrop,
  with all that goes with it. `flawless` of `prompt_accuracy` is its own accuracy on unseen drawn looks.
- Both readers know the drawn world only: of other pipelines than `pocket` these figures say little.
- **SSIM** is of luma, in an 11 x 11 Gaussian window (sigma 1.5), over the pixels whose window lies in the kept region.
  `autoencoder_alone` is that of the input encoded and decoded, with no model between: what latent-only masking can
  reach with this autoencoder. `made_anew` is the SSIM in the rest, which a mere copy of the input would have at 1.
  Drawn footage has film grain: noise of some strength s (of 0..1; 0.012 on average), which compression loses, and
  without which the SSIM of an even place is 0.0009 / (0.0009 + s * s).
- **Long shows** play a clip's first 19 frames there and back, so that every third chunk shows the same frames, and
  chunks far apart can be compared.
- The paper's Table 7 has, for LongLive 1.3B at 368 x 640: depth RMSE 0.157, mask SSIM 0.983. Other model, other
  footage, other reader: not the same scale.
"""


def page(figures: Sequence[Figure], trial: Trial, sheet: str) -> str:
    """Markdown. sheet: the picture's file name, beside the page."""
    height, width = trial.size
    about = f"Model: `{trial.model.pipeline.name}` at {height} x {width}. {_amount(trial)}"
    look = f"## A look\n\n![Rows: modes]({sheet})"
    parts = [INTRODUCTION, about, "", *_table(figures), "", *_more(figures), look, ""]
    parts.append(
        f'Each picture ends the second chunk; the prompt is "{SHEET_PROMPT}". Columns: {", ".join(COLUMNS)}. '
        "In the references' row the control is the reference, shown with depth and no words."
    )
    return "\n".join([*parts, HOW])


def write_sheet(trial: Trial, path: Path) -> None:
    """A JPEG of one frame in every mode. OSError where it cannot be written."""
    rows = [np.hstack([_captioned(*cell) for cell in row]) for row in _rows(trial)]
    done, data = cv2.imencode(".jpg", np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise OSError(f"{path} could not be made a JPEG")
    path.write_bytes(data.tobytes())


def _amount(trial: Trial) -> str:
    scope = trial.scope
    return (
        f"{scope.clips} drawn clips; depth under {len(scope.prompts)} prompts, {scope.chunks} chunks each; other "
        f"controls and masks under {len(scope.brief_prompts)}, {scope.brief_chunks} each; {len(scope.references)} "
        f"references as `{trial.reference_mode}`, {scope.lasting} of them to chunk {scope.late}; drift over "
        f"{scope.drift[-1]} chunks."
    )


def _table(figures: Sequence[Figure]) -> list[str]:
    lines = ["| measure | better | control | off | shuffled | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        row = figure.row()
        values = " | ".join(_number(row[arm]) for arm in ("control", "off", "shuffled"))
        more = {name: value for name, value in row.items() if name in figure.more and isinstance(value, float)}
        beside = ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in more.items())
        lines.append(f"| `{figure.name}` | {row['better']} | {values} | {beside} |")
    return lines


def _more(figures: Sequence[Figure]) -> list[str]:
    lines = ["What they are:", "", *(f"- `{figure.name}`: {MEANINGS[figure.name].doc}." for figure in figures), ""]
    for figure in figures:
        rows = figure.row().get("by_chunk", [])
        if rows:
            lines += [f"`{figure.name}` as the show goes on:", "", "| " + " | ".join(rows[0]) + " |"]
            lines.append("|" + "---|" * len(rows[0]))
            lines += ["| " + " | ".join(_number(value) for value in row.values()) + " |" for row in rows] + [""]
    return lines


def _number(value: float | None) -> str:
    return "none" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"


def _rows(trial: Trial) -> list[list[tuple[np.ndarray, str]]]:
    """Of every mode, the pictures of COLUMNS and their captions."""
    last = frames_of(trial.model.pipeline, SHEET_CHUNKS) - 1
    off = trial.show(Request(SHEET_PROMPT, scale=0.0), SHEET_CHUNKS)
    rows = []
    for kind in ("depth", "scribble", "gray", "flow", "layout", "pose"):
        clip, other = (trial.people if kind == "pose" else trial.clips)[:2]
        made = [
            trial.show(Request(SHEET_PROMPT, control=one.controls[kind].pictures), SHEET_CHUNKS)
            for one in (clip, other)
        ]
        rows.append(_row((clip.footage, clip.controls[kind].pictures, made[0], off, made[1]), kind, last))
    return [*rows, *_mask_rows(trial, off, last), _reference_row(trial, last)]


def _mask_rows(trial: Trial, off: np.ndarray, last: int) -> list[list[tuple[np.ndarray, str]]]:
    clip, other = trial.clips[:2]
    made = [trial.show(Request(SHEET_PROMPT, source=one.footage, mask=one.mask), SHEET_CHUNKS) for one in (clip, other)]
    mask = np.repeat((clip.mask * 255).astype(np.uint8)[..., None], 3, axis=-1)
    exact = [put_together(pictures, one) for pictures, one in ((made[0], clip), (off, clip), (made[1], other))]
    return [
        _row((clip.footage, mask, made[0], off, made[1]), "mask", last),
        _row((clip.footage, mask, *exact), "mask, composited", last),
    ]


def _reference_row(trial: Trial, last: int) -> list[tuple[np.ndarray, str]]:
    clip, pictures = trial.clips[0], [reference_picture(word, *trial.size) for word in trial.scope.references[:2]]
    made = [trial.show(reference_ask(trial, picture), SHEET_CHUNKS) for picture in pictures]
    off = trial.show(Request(scale=0.0), SHEET_CHUNKS)
    return _row((clip.footage[:LOOP], pictures[0][None], made[0], off, made[1]), "reference", last)


def _row(videos: tuple[np.ndarray, ...], name: str, last: int) -> list[tuple[np.ndarray, str]]:
    titles = (COLUMNS[0], name, *COLUMNS[2:])
    shown = [video[next(islice(there_and_back(len(video)), last, None))] for video in videos]
    return list(zip(shown, titles, strict=True))


def _captioned(picture: np.ndarray, text: str) -> np.ndarray:
    framed = cv2.copyMakeBorder(picture, GAP, CAPTION, GAP, GAP, cv2.BORDER_CONSTANT, value=PAPER)
    place = (GAP + 1, framed.shape[0] - 5)
    return cv2.putText(framed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
