"""Train the pocket model from nothing: `python -m vace_core.pocket.training.train --out DIR`.

The stages: draw clips, train the autoencoder, encode the clips, train the transformer and the text encoder, train
the depth annotator and, from it, the one of subjects. Each leaves its result in the folder, so that a run that was cut
off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from vace_core.annotators.pixels import video
from vace_core.config import PIPELINES

from ..loading import WEIGHTS, load_pocket, store
from .autoencoder_training import AutoencoderBudget, load_autoencoder, train_autoencoder
from .batches import CHUNK, Batches
from .clips import FRAMES, draw_all, load_clip
from .data_parallel import run_data_parallel
from .depth_training import DEPTH, SUBJECT, DepthBudget, train_to_see
from .latents import ClipLatents, encode_all, load_latents
from .preview import contact_sheet, of_clip
from .transformer_training import Pocket, TransformerBudget, train_transformer
from .weight_transfer import LatentMap, latent_map

AUTOENCODER = AutoencoderBudget(steps=20000, minutes=21)
TRANSFORMER = TransformerBudget(steps=20000, minutes=64)
DEPTH_BUDGET = DepthBudget(steps=20000, minutes=13)
SUBJECT_BUDGET = DepthBudget(steps=20000, minutes=12, rate=2e-3)
BRIDGING = 40
"""Takes by which the latents of two autoencoders are compared."""


@dataclass(frozen=True)
class Plan:
    """Everything that a run is made of."""

    out: Path
    weights: Path
    clips: int = 300
    seed: int = 0
    processes: int = 2
    autoencoder: AutoencoderBudget = AUTOENCODER
    transformer: TransformerBudget = TRANSFORMER
    depth: DepthBudget = DEPTH_BUDGET
    subject: DepthBudget = SUBJECT_BUDGET
    start: Path | None = None
    """A folder of finished weights whose autoencoder is kept, and whose transformer is taught further."""
    renew: bool = False
    """Train a new autoencoder all the same, and carry the transformer over to its latents."""

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
    count: int
    autoencoder: Path

    def __call__(self) -> Batches:
        clips = load_latents(self.folder, self.count)
        return Batches(clips, gray_stream(self.autoencoder), visibility(self.autoencoder, clips[:8]))


def main() -> None:
    """Parse the command line and train."""
    train(_plan())


def train(plan: Plan) -> None:
    """All stages, skipping what the folder already holds."""
    plan.out.mkdir(parents=True, exist_ok=True)
    report = Log(plan.out / "train.log")
    clips, latents = plan.out / "clips", plan.out / "latents"
    autoencoder, checkpoint = plan.out / "autoencoder.safetensors", plan.out / "pocket.pt"
    draw_all(clips, plan.clips, plan.seed, plan.processes, report)
    if plan.start is not None and not plan.renew and not autoencoder.exists():
        shutil.copy(plan.start / autoencoder.name, autoencoder)
    if not autoencoder.exists():
        partial = autoencoder.with_suffix(".part")
        job = (clips, plan.pool, partial, plan.autoencoder, plan.seed, report)
        run_data_parallel(train_autoencoder, plan.processes, *job)
        partial.rename(autoencoder)
    run_data_parallel(encode_all, plan.processes, clips, latents, plan.clips, autoencoder, plan.seed, report)
    source = EncodedClips(latents, plan.clips, autoencoder)
    over = _bridge(plan, plan.start, autoencoder, clips) if plan.start and plan.renew else None
    job = (source, checkpoint, plan.transformer, plan.seed, report, plan.start, over)
    run_data_parallel(train_transformer, plan.processes, *job)
    for task, budget in ((DEPTH, plan.depth), (SUBJECT, plan.subject)):
        if not (plan.weights / f"{task.part}.safetensors").exists():
            job = (task, clips, plan.clips, plan.weights, budget, plan.seed, report)
            run_data_parallel(train_to_see, plan.processes, *job)
    export(autoencoder, checkpoint, plan.weights)
    footages = [of_clip(load_clip(clips, number).clip) for number in range(min(3, plan.clips))]
    model = load_pocket(PIPELINES["pocket"], torch.device("cpu"), folder=plan.weights)
    contact_sheet(model, footages, plan.out / "preview.png")
    report(f"weights are in {plan.weights}, pictures in {plan.out / 'preview.png'}")


def _bridge(plan: Plan, start: Path, autoencoder: Path, clips: Path) -> LatentMap:
    """From the new autoencoder's latents to those that the weights in `start` know."""
    stored = [load_clip(clips, number).clip for number in range(min(BRIDGING, plan.clips))]
    old = load_autoencoder(start / autoencoder.name)
    return latent_map(load_autoencoder(autoencoder), old, [video(look) for clip in stored for look in clip.looks])


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
    parser.add_argument("--weights", type=Path, help="folder for the finished weights (default: OUT/weights)")
    parser.add_argument("--start", type=Path, help="folder of weights to teach further (default: from nothing)")
    parser.add_argument("--renew", action="store_true", help="with --start: train a new autoencoder for them")
    parser.add_argument("--bundle", action="store_true", help=f"write the weights into the package ({WEIGHTS.name}/)")
    parser.add_argument("--steps", type=int, default=20000, help="most steps for the transformer")
    parser.add_argument("--minutes", type=float, default=64, help="most minutes for the transformer")
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2, help="training processes of one thread each")
    a = parser.parse_args()
    if a.renew and a.start is None:
        parser.error("--renew gives finished weights a new autoencoder: say which, with --start FOLDER")
    weights = WEIGHTS if a.bundle else a.weights or a.out / "weights"
    budget = TransformerBudget(steps=a.steps, minutes=a.minutes)
    return Plan(a.out, weights, a.clips, a.seed, a.processes, transformer=budget, start=a.start, renew=a.renew)


if __name__ == "__main__":
    main()
