"""When a chunk is tried again after some that failed."""

from dataclasses import replace

from backend.controls.settings import Settings
from backend.engine.retry import LONGEST_SECONDS, Retry


def test_at_once_after_the_first_failure_then_ever_later():
    retry, now, pauses = Retry(), 100.0, []
    for _ in range(8):
        retry.note_failure(now)
        began = now
        while retry.held(now):
            now += 0.05
        pauses.append(round(now - began, 1))
    assert pauses[0] == 0.0
    assert pauses[1:4] == sorted(pauses[1:4])
    assert pauses[-1] == LONGEST_SECONDS


def test_a_chunk_that_succeeds_ends_the_pauses():
    retry = Retry()
    for _ in range(5):
        retry.note_failure(100.0)
    retry.note_success()
    retry.note_failure(100.0)
    assert not retry.held(100.0)


def test_settings_that_change_are_tried_at_once_and_the_same_ones_are_not():
    retry = Retry()
    for _ in range(5):
        retry.note_failure(100.0)
    retry.note_settings(Settings())
    retry.note_settings(Settings())
    assert retry.held(100.1)
    retry.note_settings(replace(Settings(), scale=0.5))
    assert not retry.held(100.1)
