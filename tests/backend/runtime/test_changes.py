from backend.runtime.changes import ChangeDetector


def test_only_another_value_than_the_last_one_is_a_change():
    prompt = ChangeDetector("")
    assert [prompt.update(value) for value in ("", "red", "red", "blue", "red")] == [False, True, False, True, True]


def test_after_a_reset_the_initial_value_counts_as_the_last_one():
    reason = ChangeDetector("none")
    reason.update("no mask is seen")
    reason.reset()
    assert not reason.update("none")
    assert reason.update("no mask is seen")
