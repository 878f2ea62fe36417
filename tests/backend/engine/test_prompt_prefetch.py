"""A new prompt: the show goes on under the old one while it is encoded."""

from __future__ import annotations

import threading

from backend.engine.prompt_prefetch import PromptPrefetcher

from ..waiting import wait_for


class Slow:
    """An encoder that takes as long as it is let."""

    def __init__(self) -> None:
        self.go, self.seen = threading.Event(), []

    def __call__(self, prompt: str) -> str:
        self.seen.append(prompt)
        assert self.go.wait(10)
        return prompt


def test_the_first_prompt_is_taken_at_once():
    assert PromptPrefetcher(Slow()).resolve("gold") == "gold"


def test_the_old_prompt_stays_until_the_new_one_is_encoded():
    slow = Slow()
    prefetcher = PromptPrefetcher(slow)
    prefetcher.resolve("gold")
    assert [prefetcher.resolve("ice") for _ in range(3)] == ["gold"] * 3
    slow.go.set()
    wait_for(lambda: prefetcher.resolve("ice") == "ice", "the new prompt")
    assert slow.seen == ["ice"]


def test_a_prompt_that_is_quickly_encoded_is_in_time():
    prefetcher = PromptPrefetcher(lambda prompt: prompt)
    prefetcher.resolve("gold")
    assert prefetcher.resolve("ice") == "ice"


def test_of_several_prompts_in_a_row_the_last_one_counts():
    slow = Slow()
    prefetcher = PromptPrefetcher(slow)
    prefetcher.resolve("gold")
    for prompt in ("ice", "lava", "candy"):
        assert prefetcher.resolve(prompt) == "gold"
    slow.go.set()
    wait_for(lambda: prefetcher.resolve("candy") == "candy", "the last prompt")
    assert slow.seen == ["ice", "candy"]


def test_back_to_the_old_prompt_is_at_once():
    prefetcher = PromptPrefetcher(Slow())
    prefetcher.resolve("gold")
    assert prefetcher.resolve("ice") == "gold"
    assert prefetcher.resolve("gold") == "gold"


def test_a_prompt_that_cannot_be_encoded_is_left_to_whoever_needs_it():
    def refuse(prompt: str) -> object:
        raise ValueError("no")

    prefetcher = PromptPrefetcher(refuse)
    prefetcher.resolve("gold")
    assert prefetcher.resolve("ice") == "ice"
