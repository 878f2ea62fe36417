from backend.measure.bench.cadence import Intervals, bridge_row


def test_intervals_are_between_frames_that_differ():
    intervals = Intervals()
    for shows, now in ((1, 0.0), (1, 0.01), (2, 0.04), (2, 0.05), (3, 0.1)):
        intervals.add(shows, now)
    assert intervals.percentiles == [40.2, 50.0, 59.8]
    assert intervals.spread == 19.6
    assert Intervals().spread == 0.0


def test_the_bridges_row_has_both_ways_and_their_ratio():
    row = bridge_row("tiny", (8, 16), frames=5)
    assert row["plain_ms"] > 0
    assert row["ours_ms"] > 0
    assert row["ratio"] > 0
