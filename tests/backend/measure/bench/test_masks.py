from backend.measure.bench.masks import CASES, mask_rows


def test_every_case_is_made_both_ways_alike_and_what_does_not_change_is_made_once():
    rows = list(mask_rows(32, 48))
    assert [row["name"].removeprefix("masks of a chunk, ") for row in rows] == list(CASES)
    assert all(row["difference"] <= 0.005 for row in rows)
    assert all(row["ours_ms"] > 0 and row["ratio"] > 0 for row in rows)
