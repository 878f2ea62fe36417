"""What a chunk says about its settings."""

from dataclasses import replace

import numpy as np

from backend.chunks import ChunkMaker
from backend.controls import TABLE
from backend.settings import Settings
from bridge.control.mailbox import Mailbox

from . import fake_model

PICTURES = [np.zeros((32, 48, 3), np.uint8)] * 12


def maker_that_knows(*known: str) -> ChunkMaker:
    loaded = fake_model.load("fake", "cpu")
    return ChunkMaker(
        replace(loaded, unread=lambda prompt: tuple(word for word in prompt.split() if word not in known)), 32, 48
    )


def prompt(words: str) -> Settings:
    return replace(Settings.latch(Mailbox(TABLE).snapshot()), prompt=words)


def test_words_that_the_model_does_not_know_are_named_once():
    maker = maker_that_knows("gold", "at", "sunset")
    said = [maker.make(PICTURES[: maker.frames_wanted], None, prompt("gold zeppelin at sunset")).faults for _ in "ab"]
    assert said[0] == (("/vace/prompt", 'the model does not know "zeppelin"; the prompt\'s other words are followed'),)
    assert said[1] == ()


def test_a_prompt_that_is_understood_is_no_fault():
    maker = maker_that_knows("gold")
    assert maker.make(PICTURES[: maker.frames_wanted], None, prompt("gold")).faults == ()


def test_a_prompt_fades_into_the_next_one_over_the_seconds_that_are_asked_for():
    maker = maker_that_knows("red", "blue")

    def colour(words: str, fade: float) -> list[int]:
        settings = replace(prompt(words), prompt_fade=fade)
        return maker.make(PICTURES[: maker.frames_wanted], None, settings, seconds=0.5).frames[0, 0, 0].tolist()

    assert colour("red", 2.0) == [255, 0, 0]
    assert [colour("blue", 2.0) for _ in range(4)] == [[191, 0, 64], [128, 0, 128], [64, 0, 191], [0, 0, 255]]
    assert colour("red", 0.0) == [255, 0, 0]
