"""What the command line says about the model."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from backend.cli.model_options import add_model_options, model_options
from backend.cli.options import add_devices_option
from backend.engine.options import ModelOptions
from vace_core.annotators.options import AnnotatorOptions
from vace_core.checkpoints.options import Quantise
from vace_core.config import pipeline_named


def choose(*words: str) -> tuple[ModelOptions, dict[str, object]]:
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    add_devices_option(parser)
    return model_options(parser.parse_args(words), parser)


def test_without_options_the_pipeline_runs_as_its_authors_trained_it():
    choice, values = choose("--pipeline", "longlive")
    assert choice.preset() == pipeline_named("longlive")
    assert values == {}


def test_steps_positions_and_sparse_memory_take_the_place_of_the_pipelines_own():
    choice, _ = choose("--pipeline", "memflow", "--steps", "raw", "--sparse-memory", "3")
    assert not choice.preset().warp
    assert choice.preset().bank.sparse == 3  # type: ignore[union-attr]
    assert choose("--pipeline", "longlive", "--positions", "window")[0].preset().positions == "window"
    assert choose("--video-steps", "full")[0].preset().full_video_steps
    assert not choose("--video-steps", "below")[0].preset().full_video_steps


def test_several_devices_are_read_in_their_order():
    assert choose("--devices", "cuda:1,cuda:0")[0].devices == ("cuda:1", "cuda:0")
    assert choose()[0].devices == ()


def test_loras_are_read_with_their_strengths_as_values_of_controls(tmp_path: Path):
    files = [tmp_path / name for name in ("film.safetensors", "a:b.safetensors")]
    for file in files:
        file.touch()
    choice, values = choose("--lora", f"{files[0]}:0.8", "--lora", str(files[1]))
    assert choice.weights.loras == tuple(files)
    assert values == {"/vace/lora/1": 0.8, "/vace/lora/2": 1.0}


def test_loras_to_merge_are_read_with_strengths_that_no_control_has(tmp_path: Path):
    file = tmp_path / "dora.safetensors"
    file.touch()
    choice, values = choose("--merge-lora", f"{file}:0.7", "--merge-lora", str(file))
    assert choice.weights.merged == ((file, 0.7), (file, 1.0))
    assert choice.weights.loras == ()
    assert values == {}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["int8"], Quantise("int8", "int8", "int8")),
        (["fp8", "text=int8"], Quantise("fp8", "fp8", "int8")),
        (["main=fp8"], Quantise("fp8", "none", "none")),
    ],
)
def test_a_number_format_is_for_all_parts_or_for_one(words: list[str], expected: Quantise):
    options = [word for text in words for word in ("--quantise", text)]
    assert choose(*options)[0].weights.quantise == expected


def test_what_is_compiled_is_left_to_the_device_unless_it_is_said():
    assert choose()[0].weights.compile == "auto"
    assert choose("--compile", "on")[0].weights.compile == "on"


def test_what_the_bundled_model_multiplies_in_is_left_to_the_processor_unless_it_is_said():
    assert choose()[0].weights.precision == "auto"
    assert choose("--precision", "float32")[0].weights.precision == "float32"


def test_attention_is_chosen_by_trial_unless_a_kernel_is_named():
    assert choose()[0].weights.attention == "auto"
    assert choose("--attention", "cudnn")[0].weights.attention == "cudnn"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--lora", "nowhere.safetensors:0.5"), "there is no file nowhere.safetensors"),
        (("--merge-lora", "nowhere.safetensors:0.5"), "--merge-lora .*there is no file nowhere.safetensors"),
        (("--lora", "~nosuchuser/a.safetensors"), "nobody is called ~nosuchuser here"),
        (("--lora", "x" * 300), "there is no file xxx"),
        (("--lora", "/dev/zero"), "there is no file /dev/zero"),
        (("--lora", f"{Path(__file__).as_posix()}:nan"), "the strength nan is no number"),
        (("--lora", f"{Path(__file__).as_posix()}:1e999"), "the strength inf is no number"),
        (("--quantise", "int4"), "--quantise takes none, fp8, int8, or PART=KIND.*got 'int4'"),
        (("--quantise", "vae=int8"), "PART one of main, context, text, got 'vae=int8'"),
        (("--precision", "float16"), "invalid choice: 'float16' .choose from .*auto.*float32.*bfloat16"),
        (("--attention", "fast"), "invalid choice: 'fast' .choose from .*auto.*sdpa"),
        (("--sparse-memory", "2"), "for pipelines with a memory bank .memflow., not pocket"),
        (("--pipeline", "memflow", "--positions", "window"), "a bank or a rebuilt memory goes with absolute"),
        (("--devices", "cuda:0"), "--devices cuda:0: it takes two or more, such as cuda:0,cuda:1; --device takes one"),
        (("--devices", "cuda:0,cuda:0"), "--devices cuda:0,cuda:0: cuda:0 is there twice"),
        (("--devices", "cuda:0,cuda"), "cuda needs a number, such as cuda:0"),
        (("--devices", "cuda:0,cpu"), "it takes GPUs with their numbers, such as cuda:0,cuda:1, or cpu,cpu"),
        (("--devices", "mps,mps"), "--devices mps,mps: it takes GPUs with their numbers"),
        (("--devices", "cpu,"), "--devices cpu,: it takes GPUs with their numbers"),
        (("--devices", "cpu,cpu", "--graphs", "on"), "--devices cpu,cpu: .*--graphs on cannot be; choose auto or off"),
        (("--devices", "cpu,cpu", "--compile", "on"), "--devices cpu,cpu: .*--compile on cannot be; choose auto"),
        (("--device", "cpu", "--devices", "cpu,cpu"), "--device cpu is one device and --devices are several"),
        (
            ("--devices", "cpu,cpu,cpu,cpu"),
            "6 heads of attention cannot be shared equally by 4 devices; use 2 or 3 or 6",
        ),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        choose(*words)
    assert ended.value.code == 2
    assert re.search(told, capsys.readouterr().err)


def test_more_loras_than_can_be_played_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "film.safetensors"
    file.touch()
    with pytest.raises(SystemExit):
        choose(*["--lora", str(file)] * 5)
    assert "--lora may be given 4 times, got 5" in capsys.readouterr().err


def test_the_networks_of_annotators_are_the_bundled_ones_unless_others_are_chosen():
    assert choose()[0].annotators == AnnotatorOptions("pocket", "dis", "things")
    words = ("--depth", "depth-anything-v2-small", "--flow", "raft", "--detector", "yolo")
    assert choose(*words)[0].annotators == AnnotatorOptions("depth-anything-v2-small", "raft", "yolo")


def test_a_network_that_is_none_names_those_there_are():
    with pytest.raises(ValueError, match="there is no flow 'farneback': choose one of dis, raft"):
        AnnotatorOptions(flow="farneback")
