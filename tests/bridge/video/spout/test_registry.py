"""Spout's tables: literal bytes, and a machine's life with senders that come, go, collide and die."""

from __future__ import annotations

import threading

import pytest

from bridge.errors import BridgeError
from bridge.video.spout.layout import SenderInfo, capacity, packed_name, packed_names, unpacked_names
from bridge.video.spout.registry import SpoutRegistry
from bridge.video.windows import windows_objects

from ..fake_windows import Machine


@pytest.fixture
def machine() -> Machine:
    return Machine()


def registry(machine: Machine) -> SpoutRegistry:
    return SpoutRegistry(machine.process())


def test_a_senders_entry_is_280_literal_bytes():
    entry = SenderInfo(0xC0000482, 640, 360, 87, r"C:\TD\TouchDesigner.exe", 1 << 30)
    literal = (
        bytes.fromhex("820400c0 80020000 68010000 57000000 00000000")
        + rb"C:\TD\TouchDesigner.exe".ljust(256, b"\0")
        + bytes.fromhex("00000040")
    )
    assert len(literal) == 280
    assert entry.packed() == literal
    assert SenderInfo.unpacked(literal + bytes(4096 - 280)) == entry


def test_a_program_path_that_is_too_long_is_cut_and_keeps_its_end():
    entry = SenderInfo(1, 2, 3, 4, "x" * 400)
    assert SenderInfo.unpacked(entry.packed()).host == "x" * 255


def test_a_list_is_256_bytes_a_name_in_the_order_of_bytes_up_to_an_empty_one():
    literal = b"A".ljust(256, b"\0") + b"TD".ljust(256, b"\0") + b"a".ljust(256, b"\0") + bytes(256)
    assert packed_names(["a", "TD", "A"]) == literal
    assert unpacked_names(literal + b"left behind".ljust(256, b"\0")) == ["A", "TD", "a"]
    assert unpacked_names(literal[:512]) == ["A", "TD"]
    assert unpacked_names(b"") == []


def test_a_name_without_an_end_does_not_run_into_the_next():
    assert unpacked_names(b"x" * 256 + b"y".ljust(256, b"\0")) == ["x" * 256, "y"]


def test_the_room_of_an_old_programs_list_is_not_overestimated():
    assert (capacity(4096), capacity(64 * 256), capacity(256 * 256)) == (10, 64, 256)


@pytest.mark.parametrize("name", ["", "x" * 256, "a\\b", "\u00e9t\u00e9", "a\0b"])
def test_a_name_that_spout_would_not_find_again_is_refused(name: str):
    with pytest.raises(BridgeError, match="can't be a sender's name"):
        packed_name(name)


def test_a_sender_is_seen_by_others_until_it_closes(machine: Machine):
    ours, theirs = registry(machine), registry(machine)
    assert (theirs.senders(), theirs.active(), theirs.info("card")) == ([], None, None)
    with ours.announce("card", 640, 360, 28, handle=7) as sender:
        assert theirs.senders() == ["card"]
        assert theirs.active() == "card"
        assert theirs.info("card") == SenderInfo(7, 640, 360, 28, r"C:\python\python.exe")
        sender.update(32, 16, 87, handle=9)
        assert theirs.info("card") == SenderInfo(9, 32, 16, 87, r"C:\python\python.exe")
    assert (theirs.senders(), theirs.active(), theirs.info("card")) == ([], None, None)
    assert machine.objects == {}


def test_a_name_that_is_taken_gets_a_number_and_says_so(machine: Machine):
    senders = [registry(machine).announce("card", 8, 8, 28) for _ in range(3)]
    assert [sender.name for sender in senders] == ["card", "card_1", "card_2"]
    senders[1].close()
    assert registry(machine).senders() == ["card", "card_2"]
    assert registry(machine).free_name("card") == "card_1"


def test_a_killed_program_leaves_a_name_that_nobody_sees_and_anybody_may_have(machine: Machine):
    other = registry(machine).announce("other", 8, 8, 28)
    killed = machine.process()
    SpoutRegistry(killed).announce("card", 8, 8, 28)
    killed.kill()
    left = registry(machine)
    assert left.listed() == ["card", "other"]
    assert left.senders() == ["other"]
    left.forget_the_dead()
    assert left.listed() == ["other"]
    with left.announce("card", 8, 8, 28) as again:
        assert again.name == "card"
    other.close()


def test_another_sender_becomes_the_active_one_when_that_goes(machine: Machine):
    first, second = (registry(machine).announce(name, 8, 8, 28) for name in ("first", "second"))
    assert registry(machine).active() == "first"
    first.close()
    assert registry(machine).active() == "second"
    second.close()


def test_the_active_sender_can_be_chosen(machine: Machine):
    with registry(machine).announce("first", 8, 8, 28), registry(machine).announce("second", 8, 8, 28):
        registry(machine).choose("second")
        assert registry(machine).active() == "second"


def test_a_full_list_is_told_and_left_as_it_is(machine: Machine):
    old = machine.process().create_memory("SpoutSenderNames", 10 * 256)
    senders = [registry(machine).announce(f"sender{number}", 8, 8, 28) for number in range(10)]
    handles = {name: thing.handles for name, thing in machine.objects.items()}
    with pytest.raises(BridgeError, match="no room for another sender after 10"):
        registry(machine).announce("one more", 8, 8, 28)
    assert registry(machine).senders() == [sender.name for sender in senders]
    assert {name: thing.handles for name, thing in machine.objects.items()} == handles
    assert not any(old.data[10 * 256 :])


def test_frames_are_counted_for_any_number_of_onlookers(machine: Machine):
    with registry(machine).announce("card", 8, 8, 28) as sender:
        assert registry(machine).counter("card") is None
        sender.count_frame()
        counters = [registry(machine).counter("card") for _ in range(2)]
        assert [counter and counter.read() for counter in counters] == [1, 1]
        for _ in range(4):
            sender.count_frame()
        assert [counter and counter.read() for counter in counters * 2] == [5, 5, 5, 5]
        for counter in counters:
            assert counter is not None
            counter.close()


def test_an_onlooker_that_comes_while_another_looks_keeps_the_last_count(machine: Machine):
    with registry(machine).announce("card", 8, 8, 28) as sender:
        sender.count_frame()
        counter = registry(machine).counter("card")
        assert counter is not None
        assert counter.read() == 1
        busy = machine.process().open_semaphore("card_Count_Semaphore")
        assert busy is not None
        assert busy.acquire()
        assert busy.acquire()
        assert counter.read() == 1
        busy.close()
        counter.close()


def test_each_frame_sets_the_event_that_receivers_may_wait_for(machine: Machine):
    with registry(machine).announce("card", 8, 8, 28) as sender:
        sender.count_frame()
        event = machine.process().event("card_Sync_Event")
        assert event.wait(0)
        assert not event.wait(0)
        event.close()


def test_a_program_that_hangs_in_the_list_is_told_about_rather_than_waited_for(machine: Machine):
    with registry(machine).announce("card", 8, 8, 28):
        held, done = threading.Event(), threading.Event()

        def hang() -> None:
            mutex = machine.process().mutex("SpoutSenderNames_mutex")
            mutex.lock(1)
            held.set()
            done.wait(60)
            mutex.unlock()

        hanging = threading.Thread(target=hang)
        hanging.start()
        held.wait(60)
        with pytest.raises(BridgeError, match="keeps 'SpoutSenderNames_mutex' locked"):
            registry(machine).senders()
        done.set()
        hanging.join()


def test_elsewhere_than_on_windows_it_says_what_to_take_instead(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(BridgeError, match=r"spout: exists on Windows only; .*shm:NAME"):
        windows_objects("spout")
