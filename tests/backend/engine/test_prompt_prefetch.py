"""A new prompt: the show goes on under the old one while it is encoded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from backend.controls.settings import Settings
from backend.controls.table import TABLE
from backend.engine.control_video import Faults
from backend.engine.prompt_prefetch import AGAIN_SECONDS, PromptPrefetcher
from bridge.control.parameters import Value

from ..waiting import wait_for

VALUES = {row.address: row.default for row in TABLE if row.holds}
B, AB, BLEND = "/vace/prompt/b", "/vace/prompt/ab", "/vace/prompt/blend"


class Slow:
    """An encoder that takes as long as it is let."""

    def __init__(self) -> None:
        self.go, self.seen = threading.Event(), []

    def __call__(self, prompt: str) -> str:
        self.seen.append(prompt)
        assert self.go.wait(10)
        return prompt


class Prefetched:
    """What a show would be made under, and what it is told."""

    def __init__(self, encode: Callable[[str], object]) -> None:
        self.now, self.faults = 100.0, Faults()
        self.prefetcher = PromptPrefetcher(encode, lambda: self.now)

    def __call__(self, prompt: str, **more: Value) -> object:
        """The blend, or the prompt where there is only one."""
        blend = self.prefetcher.resolve(Settings.from_values(VALUES | {"/vace/prompt": prompt} | more), self.faults)
        return blend[0][0] if len(blend) == 1 else dict(blend)


@pytest.fixture
def make() -> Iterator[Callable[[Callable[[str], object]], Prefetched]]:
    made: list[Prefetched] = []

    def open_with(encode: Callable[[str], object]) -> Prefetched:
        made.append(Prefetched(encode))
        return made[-1]

    yield open_with
    for one in made:
        one.prefetcher.close()


def test_the_first_prompt_is_taken_at_once(make):
    assert make(Slow())("gold") == "gold"


def test_the_old_prompt_stays_until_the_new_one_is_encoded(make):
    slow = Slow()
    resolve = make(slow)
    resolve("gold")
    assert [resolve("ice") for _ in range(3)] == ["gold"] * 3
    slow.go.set()
    wait_for(lambda: resolve("ice") == "ice", "the new prompt")
    assert slow.seen == ["ice"]


def test_a_prompt_that_is_quickly_encoded_is_in_time(make):
    resolve = make(lambda prompt: prompt)
    resolve("gold")
    wait_for(lambda: resolve("ice") == "ice", "the new prompt")


def test_of_several_prompts_in_a_row_the_last_one_counts(make):
    slow = Slow()
    resolve = make(slow)
    resolve("gold")
    for prompt in ("ice", "lava", "candy"):
        assert resolve(prompt) == "gold"
    slow.go.set()
    wait_for(lambda: resolve("candy") == "candy", "the last prompt")
    assert slow.seen == ["ice", "candy"]


def test_back_to_the_old_prompt_is_at_once(make):
    resolve = make(Slow())
    resolve("gold")
    assert resolve("ice") == "gold"
    assert resolve("gold") == "gold"


def test_a_prompt_that_cannot_be_encoded_is_told_once_and_the_one_before_stays(make):
    def refuse(prompt: str) -> object:
        raise ValueError("no room\nfor it")

    resolve = make(refuse)
    resolve("gold")
    wait_for(lambda: resolve("ice") == "gold" and resolve.faults, "the fault")
    assert [resolve("ice") for _ in range(3)] == ["gold"] * 3
    assert resolve.faults == [("/vace/prompt", "no room for it; the prompt before stays")]


def test_a_prompt_that_could_not_be_encoded_is_tried_again_after_a_while(make):
    tried = []

    def refuse_once(prompt: str) -> object:
        tried.append(prompt)
        if len(tried) == 1:
            raise MemoryError("no room")
        return prompt

    resolve = make(refuse_once)
    resolve("gold")
    wait_for(lambda: resolve("ice") == "gold" and resolve.faults, "the fault")
    resolve.now += AGAIN_SECONDS
    wait_for(lambda: resolve("ice") == "ice", "the prompt")
    assert tried == ["ice", "ice"]


def test_after_a_prompt_that_cannot_be_encoded_the_next_one_can(make):
    def refuse_ice(prompt: str) -> object:
        if prompt == "ice":
            raise RuntimeError("no")
        return prompt

    resolve = make(refuse_ice)
    resolve("gold")
    wait_for(lambda: resolve("ice") == "gold" and resolve.faults, "the fault")
    wait_for(lambda: resolve("lava") == "lava", "another prompt")


def test_a_blend_is_taken_when_all_its_prompts_are_encoded(make):
    slow = Slow()
    resolve = make(slow)
    resolve("gold")
    blend = {BLEND: ("gold", "1", "ice", "2", "lava", "1")}
    assert resolve("gold", **blend) == "gold"
    slow.go.set()
    wait_for(lambda: resolve("gold", **blend) == {"gold": 0.25, "ice": 0.5, "lava": 0.25}, "the blend")
    assert slow.seen == ["ice", "lava"]


def test_the_other_end_of_the_crossfader_is_encoded_before_the_fader_moves(make):
    seen: list[str] = []
    resolve = make(seen.append)
    resolve("gold")
    wait_for(lambda: resolve("gold", **{B: "ice"}) == {"gold": 1.0, "ice": 0.0}, "the other prompt")
    assert resolve("gold", **{B: "ice", AB: 0.25}) == {"gold": 0.75, "ice": 0.25}
    assert seen == ["ice"]


@pytest.mark.parametrize(("values", "address"), [({B: "ice"}, B), ({BLEND: ("ice", "1")}, BLEND)])
def test_a_prompt_that_cannot_be_encoded_is_told_at_the_control_that_has_it(make, values, address):
    def refuse(prompt: str) -> object:
        raise ValueError("no room")

    resolve = make(refuse)
    resolve("gold")
    wait_for(lambda: resolve("gold", **values) == "gold" and resolve.faults, "the fault")
    assert resolve.faults == [(address, "no room; the prompt before stays")]
