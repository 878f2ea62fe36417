"""Training, very small: every stage runs, goes on where it stopped, and gives weights that load."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vace_core.annotators.depth import DepthNet
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.checkpoints.options import LoadOptions
from vace_core.config import PIPELINES
from vace_core.pocket.loading import WEIGHTS, fill, load_pocket
from vace_core.pocket.painter import CONTROLS
from vace_core.pocket.training import latents as encoding
from vace_core.pocket.training.autoencoder_training import AutoencoderBudget, load_autoencoder, train_autoencoder
from vace_core.pocket.training.batches import MODES, REFERENCES_AS, Batches
from vace_core.pocket.training.clips import FRAMES, draw_all
from vace_core.pocket.training.data_parallel import DataParallel
from vace_core.pocket.training.decoder_training import DecoderBudget, finish_decoder
from vace_core.pocket.training.depth_training import DEPTH, DepthBudget, train_to_see
from vace_core.pocket.training.latents import SHOWN, Pool, clip_of, controls_as_shown, keep_encoding
from vace_core.pocket.training.train import EncodedClips, Plan, export, gray_stream, train
from vace_core.pocket.training.transformer_training import TransformerBudget, train_transformer

KEPT = 3


@pytest.fixture(params=[False, True], ids=["float32", "bfloat16"])
def products(request, monkeypatch):
    """Trains in what processors without and with bfloat16 train in, whichever this one is."""
    monkeypatch.setattr("vace_core.mixed_precision.has_bfloat16", lambda: request.param)


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
def latents(autoencoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("latents")
    keep_encoding(folder, autoencoder, WEIGHTS, 0, 0, 1, KEPT, count=KEPT)
    return folder


@pytest.fixture(scope="module")
def batches(autoencoder, latents):
    """What training draws from; the text encoder has read all captions."""
    return EncodedClips(latents, autoencoder)()


@pytest.fixture(scope="module")
def net():
    return fill(DepthNet(), "depth")


def test_drawn_clips_are_not_drawn_again(clips):
    before = (clips / "00000.npz").stat().st_mtime_ns
    draw_all(clips, 2, seed=1, workers=1, report=print)
    assert (clips / "00000.npz").stat().st_mtime_ns == before


def test_encoding_goes_on_without_end_and_keeps_the_newest(autoencoder, latents):
    pool = Pool(latents)
    before = pool.refresh()
    keep_encoding(latents, autoencoder, WEIGHTS, 0, 0, 1, KEPT, count=1)
    assert [path.name for path in sorted(latents.glob("*.pt"))] == ["0000001.pt", "0000002.pt", "0000003.pt"]
    after = pool.refresh()
    assert len(before) == len(after) == KEPT
    assert after[:2] == before[1:]  # read once
    assert after[2] is not before[2]


def test_what_is_stored_is_what_a_stream_encodes_of_the_painted_control(autoencoder, net, monkeypatch):
    painted = []

    def paint(look, control, kind, ramp=None):
        painted.append((kind, encoding_paint(look, control, kind, ramp)))
        return painted[-1][1]

    encoding_paint = encoding.paint
    monkeypatch.setattr(encoding, "paint", paint)
    model = load_autoencoder(autoencoder)
    stored = encoding.encode_clip(model, net, clip_of(0, 0), clip_of(1, 0), np.random.default_rng(0))
    kind, pictures = painted[3]  # the second kind's second look
    assert kind == CONTROLS[int(stored.kinds[1])]
    video = torch.from_numpy(pictures).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    with torch.no_grad():
        start, state = model.encode(video[:, :, :9])
        rest, _ = model.encode(video[:, :, 9:], state)
    assert torch.allclose(stored.looks[1, 1].float(), torch.cat((start, rest), dim=2)[0], atol=0.02)
    assert len(stored.kinds) == len(stored.controls) == len(stored.looks) == SHOWN
    assert stored.masked.shape == (2, 96, 3, 16, 24)
    assert gray_stream(autoencoder).shape == (16, (FRAMES + 3) // 4, 16, 24)


def test_a_reference_of_a_scene_without_people_is_its_depth_and_is_painted_as_such(net):
    clip = clip_of(0, 0)
    nobody = type(clip)(clip.footage, clip.depth, clip.mask, clip.nouns, clip.people[:, :0])
    still, kind = encoding._still_control(nobody, "pose", net, np.random.default_rng(0))
    assert kind == "depth"
    assert still.shape == (1, *clip.footage.shape[1:])


def test_a_photograph_s_depth_is_the_annotator_s(net):
    clip = clip_of(0, 0)
    unknown = type(clip)(clip.footage, np.zeros_like(clip.depth), clip.mask, (), clip.people)
    assert controls_as_shown(unknown, net, np.random.default_rng(0))["depth"].std() > 10


def test_every_mode_is_drawn_in_time_and_shape(batches):
    rng = np.random.default_rng(0)
    seen, references_as = {}, set()
    for _ in range(200):
        batch = batches.draw(rng, 1, small=True)
        seen.setdefault(batch.mode, batch)
        references_as |= set() if batch.references is None else {batch.references_as}
        if set(seen) == set(MODES) and references_as == set(REFERENCES_AS):
            break
    assert set(seen) == set(MODES)
    assert references_as == set(REFERENCES_AS)
    for mode, batch in seen.items():
        assert batch.clean.shape == (1, 16, 3, 8, 12)
        assert (batch.context is None) == (mode == "text")
        assert (batch.references is None) == ("reference" not in mode)
        assert batch.references is None or batch.references.shape[2] == (2 if "two" in mode else 1)


def test_a_reference_that_does_not_say_how_to_paint_has_words_beside_it(batches):
    clip = batches.clips[0]
    silent = [batches._caption(np.random.default_rng(n), clip, 1, "control+reference") == "" for n in range(40)]
    said = type(clip)(**{**vars(clip), "recoloured": True, "pictured": True})
    spoken = [batches._caption(np.random.default_rng(n), said, 1, "control+reference") for n in range(40)]
    assert any(silent) or clip.pictured
    assert set(spoken) == {clip.captions[1]}


@pytest.mark.usefixtures("products")
def test_two_steps_of_training_go_on_where_they_stopped_and_load(autoencoder, latents, tmp_path):
    source, lines = EncodedClips(latents, autoencoder), []
    checkpoint = tmp_path / "pocket.pt"
    budget = TransformerBudget(steps=1, minutes=5, batch=1, small_batch=1, fused=False)
    train_transformer(DataParallel(), source, checkpoint, budget, 0, lines.append)
    more = TransformerBudget(steps=2, minutes=5, batch=1, small_batch=1, fused=False)
    train_transformer(DataParallel(), source, checkpoint, more, 0, lines.append)
    assert lines[-1] == "transformer: done after 2 steps"
    assert torch.load(checkpoint, weights_only=True)["step"] == 2
    export(autoencoder, checkpoint, tmp_path)
    assert isinstance(source(), Batches)
    assert {path.stem for path in tmp_path.glob("*.safetensors")} == {"transformer", "text", "autoencoder"}


def test_training_can_go_on_from_finished_weights(autoencoder, latents, tmp_path):
    checkpoint = tmp_path / "pocket.pt"
    budget = TransformerBudget(steps=1, minutes=1e-9, fused=False)  # over before the first step
    train_transformer(DataParallel(), EncodedClips(latents, autoencoder), checkpoint, budget, 0, print, WEIGHTS)
    begun = torch.load(checkpoint, weights_only=True)["average"]
    for part in ("transformer", "text.encoder"):
        for name, bundled in load_file(WEIGHTS / f"{part.partition('.')[0]}.safetensors").items():
            assert torch.equal(begun[f"{part}.{name}"], bundled.float())


@pytest.mark.usefixtures("products")
def test_finishing_leaves_the_encoder_as_it_is(net, tmp_path):
    model = load_pocket(PIPELINES["pocket"], torch.device("cpu"), LoadOptions(precision="float32"))
    assert isinstance(model.autoencoder, TinyAutoencoder)
    before = {name: value.clone() for name, value in model.autoencoder.state_dict().items()}
    budget = DecoderBudget(steps=2, minutes=5, shows=1, batch=1)
    finish_decoder(model, net, tmp_path / "decoder.safetensors", budget, 0, print)
    after = load_file(tmp_path / "decoder.safetensors")
    changed = {name.partition(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"decoder", "soft"}


def test_a_decoder_in_bfloat16_is_not_trained(net, tmp_path):
    model = load_pocket(PIPELINES["pocket"], torch.device("cpu"), LoadOptions(precision="bfloat16"))
    with pytest.raises(ValueError, match="is trained in float32"):
        finish_decoder(model, net, tmp_path / "decoder.safetensors", DecoderBudget(steps=1, minutes=1), 0, print)


@pytest.mark.usefixtures("products")
def test_the_depth_net_trains(clips, tmp_path):
    train_to_see(DataParallel(), DEPTH, clips, 2, tmp_path, DepthBudget(steps=2, minutes=5, batch=2), 0, print)
    assert (tmp_path / "depth.safetensors").exists()


@pytest.mark.parametrize("start", [None, Path("weights")])
def test_minutes_are_shared_out_among_the_stages_that_are_trained(start):
    usual = Plan(Path("out"), start=start)
    plan = usual.within(20.0)
    assert sum(getattr(plan, stage).minutes for stage in plan.trained) == pytest.approx(20.0)
    assert plan.transformer.minutes / plan.decoder.minutes == usual.transformer.minutes / usual.decoder.minutes
    assert plan.depth == usual.depth if start else plan.depth.minutes < usual.depth.minutes


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_call_trains_it_all_from_nothing_and_again_has_nothing_to_do(tmp_path):
    short = {"steps": 1, "minutes": 5.0}
    plan = Plan(
        tmp_path,
        clips=2,
        autoencoder=AutoencoderBudget(**short, batch=1),
        transformer=TransformerBudget(**short, batch=1, small_batch=1, fused=False),
        decoder=DecoderBudget(**short, shows=1, batch=1),
        depth=DepthBudget(**short, batch=2),
        subject=DepthBudget(**short, batch=2),
    )
    train(plan)
    assert {path.stem for path in plan.weights.glob("*.safetensors")} == {path.stem for path in WEIGHTS.glob("*")}
    assert (tmp_path / "preview.png").stat().st_size > 0
    load_pocket(PIPELINES["pocket"], torch.device("cpu"), folder=plan.weights)
    stages = [tmp_path / f"{name}.safetensors" for name in ("autoencoder", "decoder", "weights/depth")]
    made = [path.stat().st_mtime_ns for path in stages]
    train(plan)
    assert [path.stat().st_mtime_ns for path in stages] == made
