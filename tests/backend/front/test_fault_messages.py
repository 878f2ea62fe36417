import logging

from backend.front.fault_messages import SAME_FAULT_SECONDS, FaultMessages


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
