"""Training, very small: every stage runs, goes on where it stopped, and gives weights that load."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vace_core.annotators.pixels import video
from vace_core.pocket.loading import WEIGHTS
from vace_core.pocket.training.autoencoder_training import AutoencoderBudget, load_autoencoder, train_autoencoder
from vace_core.pocket.training.batches import MODES, REFERENCES_AS, Batches
from vace_core.pocket.training.clips import FRAMES, draw_all, load_clip, looks_of
from vace_core.pocket.training.data_parallel import DataParallel
from vace_core.pocket.training.depth_training import DEPTH, DepthBudget, train_to_see
from vace_core.pocket.training.latents import SHOWN, encode_all, load_latents
from vace_core.pocket.training.train import EncodedClips, export, gray_stream
from vace_core.pocket.training.transformer_training import TransformerBudget, train_transformer
from vace_core.pocket.world.appearance import CONTROLS, by_control
from vace_core.pocket.world.controls import controls_of


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Two clips on disk."""
    folder = tmp_path_factory.mktemp("clips")
    draw_all(folder, 2, seed=1, workers=1, report=print)
    return folder


@pytest.fixture(scope="module")
def autoencoder(clips, tmp_path_factory):
    """An autoencoder trained for two steps."""
    path = tmp_path_factory.mktemp("autoencoder") / "autoencoder.safetensors"
    train_autoencoder(DataParallel(), clips, 2, path, AutoencoderBudget(steps=2, minutes=5, batch=1), 0, print)
    return path


@pytest.fixture(scope="module")
def latents(clips, autoencoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("latents")
    encode_all(DataParallel(), clips, folder, 2, autoencoder, 0, print)
    return folder


def test_neighbours_share_their_looks_and_others_do_not():
    assert looks_of(4, 0) == looks_of(5, 0)
    assert looks_of(4, 0) != looks_of(6, 0)


def test_drawn_clips_are_not_drawn_again(clips):
    before = (clips / "00000.npz").stat().st_mtime_ns
    draw_all(clips, 2, seed=1, workers=1, report=print)
    assert (clips / "00000.npz").stat().st_mtime_ns == before


def test_before_any_step_the_transform_already_shows_the_picture(clips, tmp_path):
    path = tmp_path / "autoencoder.safetensors"
    train_autoencoder(DataParallel(), clips, 2, path, AutoencoderBudget(steps=1, minutes=1e-9), 0, print)
    model = load_autoencoder(path)
    clip = video(load_clip(clips, 0).clip.looks[0][:9])
    with torch.no_grad():
        shown = model.decode(model.encode(clip)[0])[0]
    assert (shown - clip).abs().mean() < 0.2 * (clip - clip.mean()).abs().mean()


def test_latents_of_a_clip_are_what_a_stream_encodes(clips, autoencoder, latents):
    model = load_autoencoder(autoencoder)
    clip, stored = load_clip(clips, 1).clip, load_latents(latents, 2)[1]
    kind = CONTROLS[int(stored.kinds[1])]
    look = by_control(clip.looks[1], controls_of(clip)[kind].says, kind)
    video = torch.from_numpy(look).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    with torch.no_grad():
        start, state = model.encode(video[:, :, :9])
        rest, _ = model.encode(video[:, :, 9:], state)
    assert torch.allclose(stored.looks[1, 1].float(), torch.cat((start, rest), dim=2)[0], atol=0.02)
    assert len(stored.kinds) == len(stored.controls) == len(stored.looks) == SHOWN
    assert stored.masked.shape == (2, 96, 3, 16, 24)
    assert gray_stream(autoencoder).shape == (16, (FRAMES + 3) // 4, 16, 24)


def test_every_mode_is_drawn_in_time_and_shape(autoencoder, latents):
    batches = EncodedClips(latents, 2, autoencoder)()
    rng = np.random.default_rng(0)
    drawn = [batches.draw(rng, 1, small=True) for _ in range(200)]
    seen = {batch.mode: batch for batch in drawn}
    assert set(seen) == set(MODES)
    for mode, batch in seen.items():
        assert batch.clean.shape == (1, 16, 3, 8, 12)
        assert (batch.context is None) == (mode == "text")
        assert (batch.references is None) == ("reference" not in mode)
        assert batch.references is None or batch.references.shape[2] == (2 if "two" in mode else 1)
    assert {batch.references_as for batch in drawn if batch.references is not None} == set(REFERENCES_AS)


def test_two_looks_of_one_clip_are_each_other_s_surroundings(clips, autoencoder, latents):
    drawn = [CONTROLS[int(stored.kinds[0])] for stored in load_latents(latents, 2)]
    number = next(n for n, kind in enumerate(drawn) if kind != "scribble")  # lines may be drawn of a look
    clip, stored, kind = load_clip(clips, number).clip, load_latents(latents, 2)[number], drawn[number]
    model = load_autoencoder(autoencoder)
    one, other = (by_control(look, controls_of(clip)[kind].says, kind) for look in clip.looks)
    mixed = np.where((clip.mask > 127)[..., None], other, one)
    video = torch.from_numpy(mixed).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    with torch.no_grad():
        assert torch.allclose(stored.mixed[1].float(), model.encode(video)[0][0], atol=0.02)


def test_two_steps_of_training_go_on_where_they_stopped_and_load(autoencoder, latents, tmp_path):
    source, lines = EncodedClips(latents, 2, autoencoder), []
    checkpoint = tmp_path / "pocket.pt"
    budget = TransformerBudget(steps=1, minutes=5, batch=1, small_batch=1)
    train_transformer(DataParallel(), source, checkpoint, budget, 0, lines.append)
    more = TransformerBudget(steps=2, minutes=5, batch=1, small_batch=1)
    train_transformer(DataParallel(), source, checkpoint, more, 0, lines.append)
    assert lines[-1] == "transformer: done after 2 steps"
    assert torch.load(checkpoint, weights_only=True)["step"] == 2
    export(autoencoder, checkpoint, tmp_path)
    assert isinstance(source(), Batches)
    assert {path.stem for path in tmp_path.glob("*.safetensors")} == {"transformer", "text", "autoencoder"}


def test_training_can_go_on_from_finished_weights(autoencoder, latents, tmp_path):
    checkpoint = tmp_path / "pocket.pt"
    budget = TransformerBudget(steps=1, minutes=1e-9)  # over before the first step
    train_transformer(DataParallel(), EncodedClips(latents, 2, autoencoder), checkpoint, budget, 0, print, WEIGHTS)
    begun = torch.load(checkpoint, weights_only=True)["average"]
    for part in ("transformer", "text.encoder"):
        for name, bundled in load_file(WEIGHTS / f"{part.partition('.')[0]}.safetensors").items():
            assert torch.equal(begun[f"{part}.{name}"], bundled.float())


def test_the_depth_net_trains(clips, tmp_path):
    train_to_see(DataParallel(), DEPTH, clips, 2, tmp_path, DepthBudget(steps=2, minutes=5, batch=2), 0, print)
    assert (tmp_path / "depth.safetensors").exists()
