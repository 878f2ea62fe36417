"""The list of what has happened."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime

from backend.runtime.events import LONGEST_TEXT, MOST_EVENTS, OVER_SECONDS, Event, Events


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_fault_is_there_once_with_its_count_and_times():
    events = Events(clock := Clock())
    events.add("no such picture", "/vace/first")
    clock.now += 5
    events.add("no memory left")
    clock.now += 5
    events.add("no such picture", "/vace/first")
    memory, picture = events.as_list()
    assert picture == {
        "reason": "no such picture", "address": "/vace/first", "count": 2, "first": 1000.0, "last": 1010.0,
        "ended": None,
    }  # fmt: skip
    assert (memory["reason"], memory["address"], memory["count"]) == ("no memory left", "", 1)
    assert events.total == 3
    assert json.loads(json.dumps(events.as_list())) == events.as_list()


def test_a_fault_that_is_not_seen_any_more_has_ended_and_may_begin_again():
    events = Events(clock := Clock())
    events.add("no memory left")
    clock.now += OVER_SECONDS
    assert events.as_list()[0]["ended"] is None
    clock.now += 0.1
    assert events.as_list()[0]["ended"] == 1000.0
    events.add("no memory left")
    [again] = events.as_list()
    assert (again["count"], again["first"], again["last"], again["ended"]) == (2, 1000.0, clock.now, None)


def test_what_a_control_was_blamed_for_ends_when_it_is_mended():
    events = Events(clock := Clock())
    events.add("no such picture", "/vace/first")
    events.add("no such picture", "/vace/last")
    clock.now += 1
    events.end("/vace/first")
    assert [event["ended"] for event in events.as_list()] == [1001.0, None]


def test_the_newest_are_given_in_their_order_as_copies():
    events = Events(clock := Clock())
    for reason in ("one", "two", "three", "one"):
        clock.now += 10
        events.add(reason)
    two, three, one = events.newest(10)
    assert [two.reason, three.reason, one.reason] == ["two", "three", "one"]
    assert events.newest(2) == [three, one]
    clock.now += 1
    assert [event.ended for event in events.newest(3)] == [None, None, None]
    clock.now += 20
    assert [event.ended for event in events.newest(3)] == [1020.0, 1030.0, None]
    assert two.ended is None, "what was given does not change"


def test_an_event_is_a_message_with_a_time_that_everybody_can_read():
    seen = datetime(2026, 11, 28, 20, 4, 11, tzinfo=UTC)
    lasting = Event("no such picture", "/vace/first", 3, 0.0, seen.timestamp())
    time, *rest = lasting.as_message()
    assert datetime.fromisoformat(time) == seen
    assert datetime.fromisoformat(time).utcoffset() is not None
    assert rest == ["/vace/first", "no such picture", 3, 0]
    assert replace(lasting, ended=1.0).as_message()[-1] == 1


def test_half_a_character_of_a_name_keeps_nobody_from_telling_the_rest():
    events = Events()
    events.add("there is no picture /tmp/\udcff.png")
    [event] = events.newest(1)
    assert event.reason.encode() == b"there is no picture /tmp/?.png"


def test_a_flood_of_different_faults_costs_no_memory():
    events = Events()
    for number in range(3 * MOST_EVENTS):
        events.add(f"{number} " + "x" * 10_000)
    held = events.as_list()
    assert len(held) == MOST_EVENTS
    assert held[-1]["reason"].startswith(f"{3 * MOST_EVENTS - 1} x")  # type: ignore[union-attr]
    assert all(len(event["reason"]) <= LONGEST_TEXT for event in held)  # type: ignore[arg-type]
    assert events.total == 3 * MOST_EVENTS


def test_many_threads_lose_nothing():
    events = Events()
    threads = [
        threading.Thread(target=lambda: [events.add(f"{number % 7}") for number in range(500)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(event["count"] for event in events.as_list()) == events.total == 2000  # type: ignore[misc]
