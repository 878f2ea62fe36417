import logging

import pytest

from backend.front.fault_messages import ASKED_AGAIN_SECONDS, MOST_SAID, SAME_FAULT_SECONDS, FaultMessages
from bridge.threads import add_listener, report


def test_a_fault_that_lasts_is_told_once_in_ten_seconds_and_another_at_once(caplog):
    now, answered = [100.0], []
    faults = FaultMessages(lambda address, reason: answered.append((address, reason)), lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            faults.notify("/vace/first", "no such picture")
        faults.notify("/vace/last", "no such picture")
        faults.notify(None, "no memory left")
        now[0] += SAME_FAULT_SECONDS
        faults.notify("/vace/first", "no such picture")
    told = [("/vace/first", "no such picture"), ("/vace/last", "no such picture"), (None, "no memory left")]
    assert answered == [*told, told[0]]
    assert [record.getMessage() for record in caplog.records] == [reason for _, reason in answered]


def test_a_flood_of_different_faults_is_said_in_part_and_counted_whole(caplog):
    now, answered = [100.0], []
    faults = FaultMessages(lambda address, reason: answered.append(reason), lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for number in range(500):
            faults.notify(None, f"frame {number} is grey")
        assert len(answered) == len(caplog.records) == MOST_SAID
        now[0] += SAME_FAULT_SECONDS
        faults.notify(None, "no memory left")
    assert [record.getMessage() for record in caplog.records[MOST_SAID:]] == [
        f"and {500 - MOST_SAID} more faults, which the list of events holds", "no memory left",
    ]  # fmt: skip
    assert len(faults.events.as_list()) == 501


@pytest.mark.faults
def test_what_threads_survive_is_among_the_events():
    faults = FaultMessages(lambda address, reason: None)
    remove = add_listener(faults.survived)
    report("capture", ValueError("a frame of no rows"))
    report("capture", ValueError("a frame of no rows"))
    remove()
    [event] = faults.events.as_list()
    assert (event["reason"], event["count"]) == ("capture: ValueError: a frame of no rows", 2)


def test_who_sets_a_control_anew_hears_what_is_wrong_again():
    answered, now = [], [0.0]
    faults = FaultMessages(lambda address, reason: answered.append(now[0]), lambda: now[0])
    for when, asked in ((0.0, True), (3.0, True), (4.0, False), (4.5, True), (4.9, True), (6.0, False)):
        now[0] = when
        if asked:
            faults.asked_again("/vace/source")
        faults.notify("/vace/source", "no such file")
    assert answered == [0.0, 3.0, 4.5, 6.0]
    assert ASKED_AGAIN_SECONDS == 1.0


def test_setting_another_control_has_nothing_said_again():
    answered = []
    faults = FaultMessages(lambda address, reason: answered.append(reason), lambda: 5.0)
    for address in ("/vace/source", "/vace/scale"):
        faults.asked_again(address)
        faults.notify("/vace/source", "no such file")
    assert answered == ["no such file"]
