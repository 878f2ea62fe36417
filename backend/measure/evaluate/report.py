"""The page that the evaluation writes for the docs: the figures, what they mean, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from vace_core.pocket.painter import CONTROLS

from .clips import Clip, reference_picture, there_and_back
from .figures import MEANINGS, PICTURES, REAL, Figure, pictures_of
from .painted import Target, asked_look
from .preservation import put_together
from .references import asked as reference_ask
from .references import look_of
from .shows import Request, frames_of
from .trial import Trial

GAP, CAPTION = 4, 18
INK, PAPER = (225, 225, 225), (24, 20, 20)
QUALITY = 88
SHEET_CHUNKS = 2
ARMS = ("control", "off", "shuffled")
COLUMNS = ("input", "control", "painter", "output", "scale 0", "shuffled")
REFERENCE = {"control": "reference", "scale 0": "without"}
"""What these columns are in the row of references."""
INTRODUCTION = """# Evaluation: does it follow?

Written by `python start.py evaluate --markdown docs/develop/evaluation.md`, or with `--quick` where few clips and words
are counted below; do not edit it by hand. What the bundled model should paint is known: the painter's picture
(`vace_core/pocket/painter`) is a function of the control and of the words. So outputs are set beside it, for drawn
clips that nothing was trained on and for real ones. Each figure stands beside two others: **off** is the same prompt at
context scale 0, so without any control, and **shuffled** is the output for another clip's control (mask, reference,
prompt), compared with this clip. A figure means something only in so far as it differs from those two.
"""
HOW = """
## How it is measured

- **Clips** are drawn from seeds that nothing was trained on, as they come; for pose, the first in which people are seen
  from beginning to end; for references, the first whose things are neither small nor everywhere. Their depth, masks
  and skeletons are exact. **Real clips** are the bundled one and those that `--clip FILE` names; their controls are
  made by the annotators that run live. The published figures are with two more, `tree.avi` and `box.mp4` of Debian's
  package `opencv-doc` (the second is packed there as `box.mp4.gz`): OpenCV's own, under Apache-2.0.
- **The painter's picture** is painted from the very control that the model is shown. One frame in three is compared;
  for flicker all of them are. Textures that lie on the screen have gradients of their own on the grid of 8 pixels, or
  beside it, and may flicker where the input moves: what the painter's own picture has is `truth`.
- **A word counts as obeyed** if, of the painter's pictures of the same control in every style there is, the nearest is
  the one that was asked for: by the mean difference in CIELAB of colours in areas and, twice as much, of what is finer,
  at half the size. No network judges that.
- **Depth is read off the output** by a small network of our own, trained on painted pictures. The depth annotator will
  not do, since it was trained on plain footage. `flawless` is what ours reads off the painter's pictures of the same
  clips: an output that followed its control to the letter would score that.
- Pipelines other than `pocket` were never shown the painter's pictures: of them these figures say little.
- **SSIM** is of luma, in an 11 x 11 Gaussian window (sigma 1.5); where a mask keeps the input, over the pixels whose
  window lies in what is kept. `autoencoder alone` is that of pictures encoded and decoded, with no model between: what
  a model can reach with this autoencoder. `made anew` is the SSIM in the rest, which a mere copy of the input would
  have at 1. Drawn footage has film grain: noise of some strength s (of 0..1; 0.012 on average), which compression
  loses, and without which the SSIM of an even place is 0.0009 / (0.0009 + s * s).
- **References** are painted pictures of scenes that no clip shows, with depth and without words.
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
    by_kind = {name for kind in CONTROLS for real in (False, True) for name in pictures_of(kind, real)}
    others = [figure for figure in figures if figure.name not in by_kind]
    parts = [INTRODUCTION, about, "", *_beside_the_painter({figure.name: figure for figure in figures})]
    if others:
        parts += ["## Words, masks, references and long shows", "", *_table(others), ""]
        parts += _meanings({figure.name: figure.name for figure in others})
    parts += [*_over_time(others), look, ""]
    parts.append(
        f'Each picture ends the second chunk; the prompt is "{_sheet_prompt(trial)}". Columns: {", ".join(COLUMNS)}. '
        "In the references' row the control is the reference, shown with depth and no words, and the fifth picture is "
        "without one."
    )
    return "\n".join([*parts, HOW])


def write_sheet(trial: Trial, path: Path) -> None:
    """A JPEG of one frame in every mode. OSError where it cannot be written."""
    rows = [np.hstack([_captioned(*cell) for cell in row]) for row in _rows(trial)]
    done, data = cv2.imencode(".jpg", np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise OSError(f"{path} could not be made a JPEG")
    path.write_bytes(data.tobytes())


def _sheet_prompt(trial: Trial) -> str:
    return trial.scope.prompts[0]


def _amount(trial: Trial) -> str:
    scope = trial.scope
    return (
        f"{scope.clips} drawn clips and {1 + len(trial.files)} real; depth, scribble and grey under "
        f"{len(scope.prompts)} words, {scope.chunks} chunks each; other controls and masks under "
        f"{len(scope.brief_prompts)}, {scope.brief_chunks} each; {len(scope.references)} references as "
        f"`{trial.reference_mode}`, {scope.lasting} of them to chunk {scope.late}; drift over {scope.drift[-1]} chunks."
    )


def _beside_the_painter(figures: dict[str, Figure]) -> list[str]:
    """A table for each kind of control, drawn clips on its left and real ones on its right, and what it shows."""
    lines, seen = [], []
    for kind in CONTROLS:
        names = [name for name in pictures_of(kind, False) if name in figures or name + REAL in figures]
        if names:
            lines += [f"## Under {'grey' if kind == 'gray' else kind}", ""]
            lines += ["| measure | better | control | off | shuffled | | real: control | off | shuffled | |"]
            lines += ["|---|---|---|---|---|---|---|---|---|---|"]
            lines += [_pair(name, figures.get(name), figures.get(name + REAL)) for name in names]
            lines += [""]
        seen += [figures.get(name) or figures[name + REAL] for name in names]
    by_name = {figure.name.split("_", 1)[1].removesuffix(REAL): figure.name for figure in seen}
    return [*lines, *_meanings({short: by_name[short] for short in ("rmse", *PICTURES) if short in by_name})]


def _pair(name: str, drawn: Figure | None, real: Figure | None) -> str:
    cells = [cell for figure in (drawn, real) for cell in (_cells(figure) if figure else [""] * 4)]
    return f"| `{name}` | {MEANINGS[name].better} | {' | '.join(cells)} |"


def _table(figures: Sequence[Figure]) -> list[str]:
    lines = ["| measure | better | control | off | shuffled | |", "|---|---|---|---|---|---|"]
    rows = (f"| `{one.name}` | {MEANINGS[one.name].better} | {' | '.join(_cells(one))} |" for one in figures)
    return [*lines, *rows]


def _cells(figure: Figure) -> list[str]:
    """Its three values, and what else belongs to it."""
    row = figure.row()
    more = {name: row[name] for name in figure.more if isinstance(row[name], float)}
    return [
        *(_number(row[arm]) for arm in ARMS),
        ", ".join(f"{n.replace('_', ' ')} {_number(v)}" for n, v in more.items()),
    ]


def _meanings(names: dict[str, str]) -> list[str]:
    """What figures are: `names` by how they are called on the page."""
    if not names:
        return []
    return ["What they are:", "", *(f"- `{name}`: {MEANINGS[full].doc}." for name, full in names.items()), ""]


def _over_time(figures: Sequence[Figure]) -> list[str]:
    lines = []
    for figure in figures:
        rows = figure.row().get("by_chunk", [])
        if rows:
            lines += [f"`{figure.name}` as the show goes on:", "", "| " + " | ".join(rows[0]) + " |"]
            lines.append("|" + "---|" * len(rows[0]))
            lines += ["| " + " | ".join(_number(value) for value in row.values()) + " |" for row in rows] + [""]
    return lines


def _number(value: float | None) -> str:
    return "none" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"


def _rows(trial: Trial) -> Iterator[list[tuple[np.ndarray, str]]]:
    """Of every mode, the pictures of COLUMNS and their captions."""
    prompt = _sheet_prompt(trial)
    off = trial.show(Request(prompt, scale=0.0), SHEET_CHUNKS)
    for kind in CONTROLS:
        own, other = (trial.people if kind == "pose" else trial.clips)[:2]
        yield _control_row(trial, kind, (own, other), off, kind)
    yield _control_row(trial, "depth", (trial.real[-1], trial.clips[0]), off, "depth, real")
    yield from _mask_rows(trial, off)
    yield _reference_row(trial)


def _control_row(
    trial: Trial, kind: str, clips: tuple[Clip, Clip], off: np.ndarray, title: str
) -> list[tuple[np.ndarray, str]]:
    """clips: one, and another whose control stands for a wrong one."""
    prompt, own = _sheet_prompt(trial), clips[0]
    made, other = (trial.show(Request(prompt, control=clip.controls[kind]), SHEET_CHUNKS) for clip in clips)
    return _row(
        trial, (own.footage, own.controls[kind], _painted(own, kind, prompt), made, off, other), {"control": title}
    )


def _painted(clip: Clip, kind: str, prompt: str) -> np.ndarray:
    return Target(clip, kind, asked_look(prompt), len(clip.footage)).pictures


def _mask_rows(trial: Trial, off: np.ndarray) -> Iterator[list[tuple[np.ndarray, str]]]:
    clip, other = trial.clips[:2]
    asks = (Request(_sheet_prompt(trial), source=one.footage, mask=one.mask) for one in (clip, other))
    made = [trial.show(ask, SHEET_CHUNKS) for ask in asks]
    mask = np.repeat((clip.mask * 255).astype(np.uint8)[..., None], 3, axis=-1)
    exact = [put_together(pictures, one) for pictures, one in ((made[0], clip), (off, clip), (made[1], other))]
    none = np.full_like(clip.footage[:1], PAPER)
    for title, outputs in (("mask", (made[0], off, made[1])), ("mask, composited", exact)):
        yield _row(trial, (clip.footage, mask, none, *outputs), {"control": title, "painter": ""})


def _reference_row(trial: Trial) -> list[tuple[np.ndarray, str]]:
    clip, styles = trial.things, trial.scope.references[:2]
    pictures = [reference_picture(style, *trial.size) for style in styles]
    made = [trial.show(reference_ask(trial, picture), SHEET_CHUNKS) for picture in pictures]
    off = trial.show(reference_ask(trial), SHEET_CHUNKS)
    painted = Target(clip, "depth", look_of(styles[0]), len(clip.footage)).pictures
    return _row(trial, (clip.footage, pictures[0][None], painted, made[0], off, made[1]), REFERENCE)


def _row(trial: Trial, videos: tuple[np.ndarray, ...], titles: dict[str, str]) -> list[tuple[np.ndarray, str]]:
    """The frames that end a show, of clips that are played there and back and of outputs; titles of some of COLUMNS."""
    last = frames_of(trial.model.pipeline, SHEET_CHUNKS) - 1
    shown = [video[next(islice(there_and_back(len(video)), last, None))] for video in videos]
    return list(zip(shown, [titles.get(column, column) for column in COLUMNS], strict=True))


def _captioned(picture: np.ndarray, text: str) -> np.ndarray:
    framed = cv2.copyMakeBorder(picture, GAP, CAPTION, GAP, GAP, cv2.BORDER_CONSTANT, value=PAPER)
    place = (GAP + 1, framed.shape[0] - 5)
    return cv2.putText(framed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
