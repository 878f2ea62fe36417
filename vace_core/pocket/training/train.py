"""Train the pocket model from nothing: `python -m vace_core.pocket.training.train --out DIR`.

The stages: draw clips, train the depth annotator and, from it, the one of subjects, train the autoencoder, train the
transformer and the text encoder while other processes draw, paint and encode ever new clips, and finish the decoder on
what the transformer makes. Each leaves its result in the folder, so that a run that was cut off goes on where it
stopped.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from vace_core.annotators.depth import DepthNet
from vace_core.checkpoints.options import LoadOptions
from vace_core.config import PIPELINES

from ..loading import WEIGHTS, fill, load_pocket, store
from .autoencoder_training import AutoencoderBudget, load_autoencoder, train_autoencoder
from .batches import CHUNK, Batches
from .clips import FRAMES, draw_all, load_clip
from .data_parallel import run_data_parallel
from .decoder_training import DecoderBudget, finish_decoder
from .depth_training import DEPTH, SUBJECT, DepthBudget, train_to_see
from .latents import ClipLatents, Pool, keep_encoding
from .preview import contact_sheet, of_clip
from .transformer_training import Pocket, TransformerBudget, train_transformer

AUTOENCODER = AutoencoderBudget(steps=20000, minutes=25)
TRANSFORMER = TransformerBudget(steps=40000, minutes=120)
DECODER = DecoderBudget(steps=20000, minutes=30)
DEPTH_BUDGET = DepthBudget(steps=20000, minutes=13)
SUBJECT_BUDGET = DepthBudget(steps=20000, minutes=12, rate=2e-3)
ENOUGH = 64
POLL_SECONDS = 5.0
CPU = torch.device("cpu")
KEPT = 1500
"""Encoded clips that are kept: some 2 GB of memory in each training process."""


@dataclass(frozen=True)
class Plan:
    """Everything that a run is made of."""

    out: Path
    clips: int = 300
    seed: int = 0
    processes: int = 1
    makers: int = 1
    """Processes that draw, paint and encode while so many `processes` train."""
    autoencoder: AutoencoderBudget = AUTOENCODER
    transformer: TransformerBudget = TRANSFORMER
    decoder: DecoderBudget = DECODER
    depth: DepthBudget = DEPTH_BUDGET
    subject: DepthBudget = SUBJECT_BUDGET
    start: Path | None = None
    """A folder of finished weights, whose transformer is taught further and whose other parts are kept."""
    bundle: bool = False
    """Copy the finished weights into the package."""

    @property
    def weights(self) -> Path:
        """The folder of the finished weights."""
        return self.out / "weights"

    @property
    def trained(self) -> tuple[str, ...]:
        """The stages that have a budget here, by the names of their fields."""
        late = ("transformer", "decoder")
        return late if self.start else ("depth", "subject", "autoencoder", *late)

    def within(self, minutes: float) -> Plan:
        """The same with that many minutes in all, shared out among the stages as they are now."""
        budgets = {stage: getattr(self, stage) for stage in self.trained}
        factor = minutes / sum(budget.minutes for budget in budgets.values())
        shared = {stage: replace(budget, minutes=factor * budget.minutes) for stage, budget in budgets.items()}
        return replace(self, **shared)

    @property
    def enough(self) -> int:
        """Encoded clips with which the transformer's training begins."""
        return min(self.clips, ENOUGH)

    @property
    def pool(self) -> int:
        """Takes that the autoencoder is trained on."""
        return min(self.clips, 180)


@dataclass(frozen=True)
class Log:
    """Lines to the screen and to a file, each with the time."""

    path: Path

    def __call__(self, line: str) -> None:
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        print(stamped, flush=True)
        with self.path.open("a") as file:
            file.write(stamped + "\n")


@dataclass(frozen=True)
class EncodedClips:
    """Opens a folder of latents as batches, in whichever process it is called."""

    folder: Path
    autoencoder: Path

    def __call__(self) -> Batches:
        pool = Pool(self.folder)
        weight = visibility(self.autoencoder, pool.refresh()[:8])
        return Batches(pool, gray_stream(self.autoencoder), weight, load_autoencoder(self.autoencoder))


def main() -> None:
    """Parse the command line and train."""
    train(_plan())


def train(plan: Plan) -> None:
    """All stages, skipping what the folder already holds."""
    plan.out.mkdir(parents=True, exist_ok=True)
    report = Log(plan.out / "train.log")
    clips, latents, finished = plan.out / "clips", plan.out / "latents", plan.weights
    autoencoder, checkpoint = plan.out / "autoencoder.safetensors", plan.out / "pocket.pt"
    together = plan.processes + plan.makers
    draw_all(clips, plan.clips, plan.seed, together, report)
    if plan.start is not None:
        _take_over(plan.start, finished, autoencoder)
    for task, budget in ((DEPTH, plan.depth), (SUBJECT, plan.subject)):
        if not (finished / f"{task.part}.safetensors").exists():
            job = (task, clips, plan.clips, finished, budget, plan.seed, report)
            run_data_parallel(train_to_see, together, *job)
    if not autoencoder.exists():
        partial = autoencoder.with_suffix(".part")
        job = (clips, plan.pool, partial, plan.autoencoder, plan.seed, report)
        run_data_parallel(train_autoencoder, together, *job)
        partial.rename(autoencoder)
    with _encoding(plan, latents, autoencoder):
        _wait_for(latents, plan.enough, report)
        job = (EncodedClips(latents, autoencoder), checkpoint, plan.transformer, plan.seed, report, plan.start)
        run_data_parallel(train_transformer, plan.processes, *job)
    export(autoencoder, checkpoint, finished)
    decoder = plan.out / "decoder.safetensors"
    if not decoder.exists():
        exact = LoadOptions(precision="float32")  # its decoder is trained on
        model = load_pocket(PIPELINES["pocket"], CPU, exact, finished)
        net = fill(DepthNet(), "depth", folder=finished)
        partial = decoder.with_suffix(".part")
        finish_decoder(model, net, partial, plan.decoder, plan.seed, report)
        partial.rename(decoder)
    store(load_autoencoder(decoder), "autoencoder", finished)
    footages = [of_clip(load_clip(clips, number)) for number in range(min(3, plan.clips))]
    model = load_pocket(PIPELINES["pocket"], CPU, folder=finished)
    contact_sheet(model, footages, plan.out / "preview.png")
    if plan.bundle:
        shutil.copytree(finished, WEIGHTS, dirs_exist_ok=True)
    report(f"weights are in {finished}, pictures in {plan.out / 'preview.png'}")


def _take_over(start: Path, finished: Path, autoencoder: Path) -> None:
    """Copy what a further training keeps as it is, where it is not there yet."""
    finished.mkdir(parents=True, exist_ok=True)
    for task in (DEPTH, SUBJECT):
        there = finished / f"{task.part}.safetensors"
        if not there.exists():
            shutil.copy(start / there.name, there)
    if not autoencoder.exists():
        shutil.copy(start / autoencoder.name, autoencoder)


@contextmanager
def _encoding(plan: Plan, latents: Path, autoencoder: Path) -> Iterator[None]:
    """Processes that encode new clips all the while."""
    context = multiprocessing.get_context("spawn")
    makers = []
    for rank in range(plan.makers):
        given = (latents, autoencoder, plan.weights, plan.seed, rank, plan.makers, KEPT)
        makers.append(context.Process(target=keep_encoding, args=given, daemon=True))
    for maker in makers:
        maker.start()
    try:
        yield
    finally:
        for maker in makers:
            maker.terminate()
            maker.join()


def _wait_for(latents: Path, enough: int, report: Log) -> None:
    while (there := len(list(latents.glob("*.pt")))) < enough:
        report(f"latents: {there} of the first {enough} clips")
        time.sleep(POLL_SECONDS)


def export(autoencoder: Path, checkpoint: Path, weights: Path) -> None:
    """Write a training checkpoint's averaged weights as the files that `loading.load_pocket` reads."""
    pocket = Pocket()
    pocket.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    store(pocket.transformer, "transformer", weights)
    store(pocket.text.encoder, "text", weights)
    store(load_autoencoder(autoencoder), "autoencoder", weights)


@torch.inference_mode()
def gray_stream(autoencoder: Path, height: int = 128, width: int = 192) -> torch.Tensor:
    """Latents [16, f, h, w] of a clip's worth of grey: the inactive stream of a pure control."""
    return load_autoencoder(autoencoder).encode(torch.zeros(1, 3, FRAMES, height, width))[0][0]


@torch.no_grad()
def visibility(autoencoder: Path, clips: list[ClipLatents]) -> torch.Tensor:
    """[16], mean 1: by how much pixels change with each latent channel.

    The channels are about equally strong, but the first few hold nearly all that is seen and most of the others grain
    that can't be foreseen: counted alike, grain drowns what prompt and control say.
    """
    model, noise = load_autoencoder(autoencoder), torch.Generator().manual_seed(0)
    latents = torch.stack([clip.looks[0, 0, :, :CHUNK].float() for clip in clips])
    usual, changes = model.decode(latents)[0], []
    for channel in range(latents.shape[1]):
        nudged = latents.clone()
        nudged[:, channel] += 0.1 * torch.randn(nudged[:, channel].shape, generator=noise)
        changes.append((model.decode(nudged)[0] - usual).square().mean().sqrt())
    return torch.stack(changes) / torch.stack(changes).mean()


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m vace_core.pocket.training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for clips, latents, checkpoints, pictures")
    parser.add_argument("--start", type=Path, help="folder of weights to teach further (default: from nothing)")
    parser.add_argument("--bundle", action="store_true", help="copy the finished weights into the package")
    parser.add_argument(
        "--minutes",
        type=float,
        help="for all stages together (default: 200, of which the transformer has 120; with --start 150); drawing the "
        "first clips, and the shows that the decoder learns from, is not counted: some 15 minutes",
    )
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1, help="training processes of one thread each")
    parser.add_argument("--makers", type=int, default=1, help="processes that draw and encode clips meanwhile")
    a = parser.parse_args()
    if a.minutes is not None and not a.minutes > 0:
        parser.error(f"--minutes {a.minutes:g}: give the minutes that training may take, such as 200")
    plan = Plan(a.out, a.clips, a.seed, a.processes, a.makers, start=a.start, bundle=a.bundle)
    return plan if a.minutes is None else plan.within(a.minutes)


if __name__ == "__main__":
    main()
