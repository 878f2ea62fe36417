"""What a control makes of what controllers send."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control.parameters import MAX_TEXT, MAX_TEXTS, Accepted, Control, ControlError, ControlTable

SCALE = Control("/t/scale", "float", 1.0, "", low=0.0, high=2.0)
SEED = Control("/t/seed", "int", 0, "", low=0, high=2**31 - 1)
FREEZE = Control("/t/freeze", "bool", False, "")
PROMPT = Control("/t/prompt", "string", "", "")
LOOK = Control("/t/look", "strings", (), "")
BOX = Control("/t/box", "floats", (0.0, 0.0, 1.0, 1.0), "", low=-1.0, high=2.0, counts=(4,))
PATH = Control("/t/path", "floats", (0.0, 0.0), "", counts=(2, 4, 6))
KIND = Control("/t/kind", "choice", "depth", "", choices=("depth", "scribble"))
RESET = Control("/t/reset", "trigger", False, "")
ROWS = (SCALE, SEED, FREEZE, PROMPT, LOOK, KIND, RESET)


@pytest.mark.parametrize(
    ("control", "sent", "taken"),
    [
        (SCALE, 1, 1.0),
        (SCALE, "0.5", 0.5),
        (SCALE, True, 1.0),
        (SEED, 3.7, 4),
        (SEED, "12", 12),
        (FREEZE, 1.0, True),
        (FREEZE, 0.0, False),
        (FREEZE, 0, False),
        (FREEZE, "on", True),
        (FREEZE, " False ", False),
        (PROMPT, " a house\n of\tice\x07 ", "a house  of ice"),
        (PROMPT, "caf\u00e9 \U0001f30a", "caf\u00e9 \U0001f30a"),
        (PROMPT, "left\u202eright", "leftright"),
        (PROMPT, 7, "7"),
        (LOOK, ["a.png", "b.png"], ("a.png", "b.png")),
        (LOOK, "a.png", ("a.png",)),
        (LOOK, (), ()),
        (BOX, (0, 0.25, "0.5", 1), (0.0, 0.25, 0.5, 1.0)),
        (BOX, "0 0.25, 0.5 1", (0.0, 0.25, 0.5, 1.0)),
        (BOX, ["0 0.25 0.5 1"], (0.0, 0.25, 0.5, 1.0)),
        (PATH, (1, 2, 3, 4), (1.0, 2.0, 3.0, 4.0)),
        (KIND, "SCRIBBLE", "scribble"),
        (KIND, 1.0, "scribble"),
        (KIND, "0", "depth"),
        (RESET, 1.0, True),
    ],
)
def test_a_control_takes_what_controllers_send_for_it(control: Control, sent: Any, taken: Any):
    accepted = control.accept(sent)
    assert accepted.value == taken
    assert type(accepted.value) is type(taken)
    assert accepted.report is None


@pytest.mark.parametrize(
    ("control", "sent", "used"), [(SCALE, 5, 2.0), (SCALE, -0.1, 0.0), (SEED, 1e20, 2**31 - 1), (SEED, -3.0, 0)]
)
def test_a_number_out_of_range_is_clamped_and_that_is_said(control: Control, sent: float, used: float):
    accepted = control.accept(sent)
    assert accepted.value == used
    assert accepted.report is not None
    assert control.address in accepted.report
    assert str(int(used)) in accepted.report


@pytest.mark.parametrize(
    "sent", [(), (0.5,), 0.5, (0, 0, 1), (0, 0, 1, 1, 1), (0, 0, 1, math.nan), (0, 0, 1, "wide"), "0 0 1", "", None]
)
def test_a_list_of_numbers_is_taken_whole_or_not_at_all(sent: Any):
    with pytest.raises(ControlError, match=r"/t/box takes 4 numbers -1 to 2, got "):
        BOX.accept(sent)


def test_a_list_of_numbers_may_have_one_of_several_lengths():
    with pytest.raises(ControlError, match="/t/path takes 2, 4 and so on to 6 numbers, got"):
        PATH.accept((1, 2, 3))
    with pytest.raises(ValueError, match="default"):
        Control("/t/box", "floats", (0.0, 1.0), "", counts=(4,))


def test_of_a_list_the_number_out_of_range_is_clamped_and_that_is_said():
    accepted = BOX.accept((0.0, 5.0, 0.5, 0.5))
    assert accepted.value == (0.0, 2.0, 0.5, 0.5)
    assert accepted.report is not None
    assert "got 5: 2 is used" in accepted.report


def test_a_bound_rounded_to_32_bits_is_in_range():
    opacity = Control("/t/opacity", "float", 0.0, "", low=0.0, high=0.3)
    accepted = opacity.accept(0.30000001192092896)
    assert (accepted.value, accepted.report) == (0.3, None)


@pytest.mark.parametrize("control", [SCALE, SEED, FREEZE, KIND, RESET, BOX])
@pytest.mark.parametrize("sent", [math.nan, math.inf, "nan", "-inf", "", "a lot", None, b"1", [1], 10**400])
def test_what_makes_no_sense_is_refused_with_its_address(control: Control, sent: Any):
    with pytest.raises(ControlError, match=control.address):
        control.accept(sent)


def test_texts_are_cut_at_a_length_and_that_is_said():
    accepted = PROMPT.accept("x" * (MAX_TEXT + 1))
    assert accepted.value == "x" * MAX_TEXT
    assert accepted.report is not None
    many = LOOK.accept(["a"] * (MAX_TEXTS + 1))
    assert len(many.value) == MAX_TEXTS  # type: ignore[arg-type]
    assert many.report is not None


def test_an_error_is_one_short_line_whatever_was_sent():
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for sent in (deep, "x" * 100_000, "two\nlines", ["y"] * 100_000):
        with pytest.raises(ControlError) as refusal:
            SCALE.accept(sent)
        assert len(str(refusal.value)) < 200
        assert "\n" not in str(refusal.value)
    while deep:  # so that it is not taken apart by recursion
        deep = deep[0]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ROWS), st.one_of(st.floats(), st.integers(), st.text(), st.binary(), st.booleans(), st.none()))
def test_nothing_sent_leads_to_anything_but_a_value_in_range_or_a_refusal(control: Control, sent: Any):
    try:
        value = control.accept(sent).value
    except ControlError:
        return
    if control.low is not None and control.high is not None:
        assert control.low <= value <= control.high  # type: ignore[operator]
    if control.choices:
        assert value in control.choices
    if isinstance(value, str):
        assert not {unicodedata.category(character) for character in value} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert control.accept(value).value == value


def test_a_table_names_the_nearest_control():
    table = ControlTable(ROWS)
    assert table["/t/scale"] is SCALE
    assert [row.address for row in table] == [row.address for row in ROWS]
    with pytest.raises(ControlError, match="did you mean /t/prompt"):
        table["/t/promt"]
    with pytest.raises(ControlError, match="there is no control"):
        table["x" * 65_000]


def test_a_table_wants_each_address_once_and_a_choice_that_can_be_chosen():
    with pytest.raises(ValueError, match="declared twice"):
        ControlTable([SCALE, SCALE])
    with pytest.raises(ValueError, match="is not one of"):
        Control("/t/kind", "choice", "flow", "", choices=("depth",))


def test_a_check_refuses_a_value_with_its_reason_and_takes_the_rest_as_it_is():
    def known(name: str) -> None:
        if name not in ("ice", "lava"):
            raise ValueError(f"{name!r} is no look; did you mean ice?")

    look = Control("/t/look", "string", "ice", "", check=known)
    assert look.accept(" lava ").value == "lava"
    with pytest.raises(ControlError, match=r"/t/look: 'icy' is no look; did you mean ice\?"):
        look.accept("icy")


def test_what_is_done_with_a_control_inside_the_program_is_told_to_no_other():
    told = Control("/t/look", "string", "", "", check=str, preset=False, live_only=True, own_option=True).describe()
    assert told == Control("/t/look", "string", "", "").describe()
    assert list(told) == [
        "address", "type", "default", "doc", "low", "high", "unit", "acts", "choices", "counts", "dangerous", "event",
        "also", "offers", "means",
    ]  # fmt: skip


NUMBER = Control("/vace/scale", "float", 1.0, "", low=0.0, high=2.0)
SEED = Control("/vace/seed", "int", 0, "", low=0, high=2**63 - 1, draws=True)


@pytest.mark.parametrize(
    ("sent", "taken"), [("0,5", 0.5), ("+0,5", 0.5), (" 1,25 ", 1.25), ('"0.5"', 0.5), ("'0,5'", 0.5)]
)
def test_a_number_may_have_a_decimal_comma_and_quotation_marks(sent: str, taken: float):
    assert NUMBER.accept(sent) == Accepted(taken)


@pytest.mark.parametrize("sent", ["1,000,5", ",5", "0,", "0,5 0,5", '"', '""'])
def test_what_only_looks_like_a_number_is_refused(sent: str):
    with pytest.raises(ControlError, match="takes a number"):
        NUMBER.accept(sent)


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("0,5 0,25", (0.5, 0.25)),
        ("0.5, 0.25", (0.5, 0.25)),
        ("0.5,0.25", (0.5, 0.25)),
        ("1,0", (1.0, 0.0)),
        ('"0.5 0.25"', (0.5, 0.25)),
        (["0,5", 0.25], (0.5, 0.25)),
    ],
)
def test_commas_stand_between_numbers_or_in_them_where_only_that_gives_as_many_as_wanted(sent: object, taken: tuple):
    assert Control("/vace/box", "floats", (0.0, 1.0), "", counts=(2,)).accept(sent) == Accepted(taken)


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ('"a city of coral"', "a city of coral"),
        ("'a city of coral'", "a city of coral"),
        ("\u201ca city\u201d", "a city"),
        (' "a city" ', "a city"),
        ('"a" and "b"', '"a" and "b"'),
        ('"a city', '"a city'),
        ('a "city"', 'a "city"'),
        ("it's 'nice'", "it's 'nice'"),
        ('""', ""),
        ('"', '"'),
    ],
)
def test_quotation_marks_around_a_whole_text_are_taken_off(sent: str, taken: str):
    assert Control("/vace/prompt", "string", "", "").accept(sent) == Accepted(taken)
    assert Control("/vace/reference", "strings", (), "").accept([sent, "b"]) == Accepted((taken, "b"))


def test_choices_and_switches_may_have_quotation_marks():
    assert Control("/vace/control", "choice", "a", "", choices=("a", "b")).accept('"B"') == Accepted("b")
    assert Control("/vace/freeze", "bool", False, "").accept("'on'") == Accepted(True)


@pytest.mark.parametrize("seed", [804822466654819, 3698135662, 2**63 - 1, 2**53 + 1])
def test_a_whole_number_is_exact_however_large(seed: int):
    assert SEED.accept(seed) == SEED.accept(str(seed)) == SEED.accept(f'"{seed}"') == Accepted(seed)


def test_a_seed_beyond_64_bits_is_clamped_and_said():
    accepted = SEED.accept(2**64)
    assert accepted.value == 2**63 - 1
    assert "18446744073709551616" in str(accepted.report)


@pytest.mark.parametrize("sent", [-1, -1.0, "-1"])
def test_minus_one_draws_a_seed_and_says_which(sent: object):
    drawn = [SEED.accept(sent) for _ in range(8)]
    assert len({accepted.value for accepted in drawn}) > 1
    for accepted in drawn:
        assert 0 <= accepted.value < 2**31  # type: ignore[operator]
        assert str(accepted.value) in str(accepted.report)
    assert "takes" in str(SEED.accept(-2).report)
    assert NUMBER.accept(-1).value == 0.0, "other controls have a range"
