"""The latest value wins; triggers are kept in order."""

from __future__ import annotations

import threading

import pytest

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Control, ControlError, ControlTable
from bridge.control.presses import HOLD_SECONDS, MAX_EVENTS
from bridge.control.validation import Relative
from bridge.control.withdrawals import Withdrawal

TABLE = ControlTable(
    [
        Control("/t/scale", "float", 1.0, "", low=0.0, high=2.0),
        Control("/t/prompt", "string", "", ""),
        Control("/t/reset", "trigger", False, ""),
        Control("/t/again", "trigger", False, ""),
        Control("/t/go", "int", 0, "", low=0, high=8, event=True),
    ]
)


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_begins_with_the_defaults_and_keeps_the_latest_value():
    mailbox = Mailbox(TABLE)
    assert mailbox.snapshot() == {"/t/scale": 1.0, "/t/prompt": ""}
    for value in (0.1, 0.2, 0.3):
        assert mailbox.set("/t/scale", value) is None
    assert mailbox.get("/t/scale") == 0.3


def test_what_a_control_ends_goes_back_to_its_default_unless_it_comes_along():
    table = ControlTable(
        [Control("/t/one", "string", "", "", ends=("/t/several",)), Control("/t/several", "strings", (), "")]
    )
    mailbox, heard = Mailbox(table), []
    mailbox.listen("/t/several", lambda value, _: heard.append(value))
    mailbox.apply([("/t/one", "a"), ("/t/several", ["b", "c"])])
    assert mailbox.get("/t/several") == ("b", "c")
    mailbox.set("/t/one", "a")  # which it is already
    assert mailbox.get("/t/several") == ()
    assert heard == [("b", "c"), ()]
    mailbox.set("/t/several", ["d"])
    assert mailbox.set("/t/one", b"") is not None
    assert mailbox.get("/t/several") == ("d",)
    with pytest.raises(ValueError, match="/t/one also sets /t/gone, which is not declared"):
        ControlTable([Control("/t/one", "string", "", "", ends=("/t/gone",))])


def test_the_version_grows_when_a_value_changes_and_only_then():
    mailbox = Mailbox(TABLE)
    before = mailbox.version
    mailbox.set("/t/scale", 1.0)
    assert mailbox.version == before
    mailbox.set("/t/scale", 0.5)
    assert mailbox.version > before


def test_each_report_comes_with_its_address_and_keeps_no_other_value_out():
    mailbox = Mailbox(TABLE)
    reports = mailbox.apply([("/t/prompt", "ice"), ("/t/scale", 9), ("/t/nothing", 1), ("/t/scale", "loud")])
    assert [address for address, _ in reports] == ["/t/scale", "/t/nothing", "/t/scale"]
    assert mailbox.snapshot() == {"/t/scale": 2.0, "/t/prompt": "ice"}
    assert "9" in (mailbox.set("/t/scale", 9) or "")


def test_a_button_pressed_and_let_go_is_one_event():
    mailbox = Mailbox(TABLE)
    for value in (1.0, 0.0):
        mailbox.set("/t/reset", value)
    assert mailbox.events() == ["/t/reset"]
    assert mailbox.events() == []


def test_a_fader_swept_up_or_a_button_held_down_is_one_event():
    clock = Clock()
    mailbox = Mailbox(TABLE, clock)
    for value in (0.0, 0.3, 0.6, 0.9, *[1.0] * 100):
        clock.now += 1 / 60
        mailbox.set("/t/reset", value)
    assert mailbox.events() == ["/t/reset"]


def test_a_button_that_never_says_it_was_let_go_can_be_pressed_again():
    clock = Clock()
    mailbox = Mailbox(TABLE, clock)
    for _ in range(2):
        clock.now += HOLD_SECONDS
        mailbox.set("/t/reset", 1)
    assert mailbox.events() == ["/t/reset"] * 2


def test_events_keep_their_order_and_the_oldest_are_dropped_and_counted():
    mailbox = Mailbox(TABLE)
    for address in ("/t/reset", *["/t/again"] * MAX_EVENTS):
        mailbox.set_all([(address, 1), (address, 0)])
    assert mailbox.events() == ["/t/again"] * MAX_EVENTS
    assert mailbox.dropped_events == 1


def test_a_trigger_has_no_value():
    with pytest.raises(ControlError, match="is a trigger"):
        Mailbox(TABLE).get("/t/reset")


def test_a_former_snapshot_is_restored_without_what_is_no_longer_there():
    mailbox = Mailbox(TABLE)
    mailbox.restore({"/t/scale": 0.25, "/t/gone": 1.0})
    assert mailbox.get("/t/scale") == 0.25


def test_no_reader_sees_half_of_what_was_set_together():
    mailbox = Mailbox(TABLE)
    halves = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            values = mailbox.snapshot()
            if values["/t/prompt"] and float(str(values["/t/prompt"])) != values["/t/scale"]:
                halves.append(values)

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(500):
        mailbox.set_all([("/t/scale", step / 500), ("/t/prompt", str(step / 500))])
    stop.set()
    reader.join()
    assert not halves


def test_an_event_counts_each_time_and_holds_no_value():
    mailbox, heard = Mailbox(TABLE), []
    mailbox.listen("/t/go", lambda value, when: heard.append(value))
    assert mailbox.apply([("/t/go", 3), ("/t/go", 3.0), ("/t/go", 11)])[0][0] == "/t/go"
    assert heard == [3, 3, 8]
    assert "/t/go" not in mailbox.snapshot()
    with pytest.raises(ControlError, match="is an event"):
        mailbox.get("/t/go")


def test_a_listener_hears_changes_only_and_finds_the_whole_packet_in_place():
    clock = Clock()
    mailbox, heard = Mailbox(TABLE, clock), []
    mailbox.listen("/t/scale", lambda value, when: heard.append((value, when, mailbox.get("/t/prompt"))))
    clock.now = 5.0
    mailbox.set_all([("/t/scale", 0.5), ("/t/prompt", "ice")])
    mailbox.set("/t/scale", 0.5)
    assert heard == [(0.5, 5.0, "ice")]
    with pytest.raises(ControlError):
        mailbox.listen("/t/nothing", lambda value, when: None)


def test_a_trigger_that_is_listened_to_is_not_queued_and_still_counts_once_a_press():
    mailbox, heard = Mailbox(TABLE), []
    mailbox.listen("/t/reset", lambda value, when: heard.append(value))
    for value in (1, 1, 0, 1):
        mailbox.set("/t/reset", value)
    assert (heard, mailbox.events()) == ([True, True], [])


def test_changes_are_remembered_with_who_made_them():
    mailbox = Mailbox(TABLE)
    mailbox.set("/t/prompt", "ice", origin="fader")
    seen = mailbox.version
    mailbox.set("/t/scale", 0.5)
    mailbox.set("/t/scale", 0.5, origin="fader")
    assert {address: (change.value, change.origin) for address, change in mailbox.since(0).items()} == {
        "/t/prompt": ("ice", "fader"),
        "/t/scale": (0.5, None),
    }
    assert list(mailbox.since(seen)) == ["/t/scale"]


def test_a_relative_value_is_added_to_what_is_there_when_it_is_taken():
    mailbox = Mailbox(TABLE)
    assert mailbox.apply([("/t/scale", 0.5), ("/t/scale", Relative(0.25)), ("/t/scale", Relative(0.25))]) == []
    assert mailbox.get("/t/scale") == 1.0
    for step, end in ((1e308, 2.0), (-1e308, 0.0)):
        assert mailbox.apply([("/t/scale", Relative(step))]) == []
        assert mailbox.get("/t/scale") == end


@pytest.mark.parametrize("address", ["/t/prompt", "/t/reset", "/t/go"])
def test_only_a_number_that_is_held_can_be_raised(address: str):
    assert "raised" in Mailbox(TABLE).apply([(address, Relative(1.0))])[0][1]


@pytest.mark.parametrize("amount", [float("nan"), float("inf")])
def test_a_step_without_end_is_refused(amount: float):
    mailbox = Mailbox(TABLE)
    assert "finite" in mailbox.apply([("/t/scale", Relative(amount))])[0][1]
    assert mailbox.get("/t/scale") == 1.0


def test_a_listener_may_refuse_and_the_sender_is_told():
    mailbox = Mailbox(TABLE)

    def refuse(value, when):
        raise ControlError(f"slot {value} is empty")

    mailbox.listen("/t/go", refuse)
    assert mailbox.apply([("/t/go", 3), ("/t/scale", 0.5)]) == [("/t/go", "slot 3 is empty")]
    assert mailbox.get("/t/scale") == 0.5


class TestValuesThatAreLookedAtFirst:
    """What waits is not there yet, for anybody; it comes as a whole or not at all."""

    def mailbox(self) -> Mailbox:
        mailbox = Mailbox(TABLE)
        mailbox.check_later("/t/prompt", lambda value: value != "at once")
        return mailbox

    def test_a_value_waits_until_it_is_confirmed(self):
        mailbox, heard = self.mailbox(), []
        mailbox.listen("/t/prompt", lambda value, when: heard.append(value))
        assert mailbox.set("/t/prompt", "a file", origin="me") is None
        assert mailbox.get("/t/prompt") == mailbox.snapshot()["/t/prompt"] == ""
        assert mailbox.wanted("/t/prompt") == "a file"
        assert not heard
        mailbox.confirm("/t/prompt", "a file")
        assert mailbox.get("/t/prompt") == mailbox.wanted("/t/prompt") == "a file"
        assert heard == ["a file"]
        assert mailbox.since(0)["/t/prompt"].origin == "me"

    def test_a_refused_value_is_gone_and_who_shows_it_is_told_the_kept_one(self):
        mailbox = self.mailbox()
        mailbox.set("/t/prompt", "at once")
        mailbox.set("/t/prompt", "a file", origin="me")
        before = mailbox.version
        mailbox.refuse("/t/prompt", "a file")
        assert mailbox.get("/t/prompt") == mailbox.wanted("/t/prompt") == "at once"
        change = mailbox.since(before)["/t/prompt"]
        assert (change.value, change.origin) == ("at once", None)

    @pytest.mark.parametrize("later", ["another file", "at once", ""])
    @pytest.mark.parametrize("answer", ["confirm", "refuse"])
    def test_an_answer_to_what_is_no_longer_wanted_does_nothing(self, later, answer):
        mailbox = self.mailbox()
        mailbox.set("/t/prompt", "a file")
        mailbox.set("/t/prompt", later)
        getattr(mailbox, answer)("/t/prompt", "a file")
        assert mailbox.wanted("/t/prompt") == later
        assert mailbox.get("/t/prompt") == ("" if later == "another file" else later)

    def test_what_a_listener_refuses_of_a_confirmed_value_is_told(self):
        mailbox = self.mailbox()

        def refuse(value, when):
            raise ControlError("no")

        mailbox.listen("/t/prompt", refuse)
        mailbox.set("/t/prompt", "a file")
        assert mailbox.confirm("/t/prompt", "a file") == [("/t/prompt", "no")]

    def test_all_that_is_wanted_has_what_waits_in_the_place_of_what_it_would_replace(self):
        mailbox = self.mailbox()
        mailbox.set("/t/prompt", "a file")
        values, _ = mailbox.wanted_values()
        assert (values["/t/prompt"], mailbox.snapshot()["/t/prompt"]) == ("a file", "")
        assert values["/t/scale"] == mailbox.get("/t/scale")


class TestWithdrawals:
    """Whoever keeps values hears of those that turned out not to be had."""

    def mailbox(self) -> tuple[Mailbox, list[Withdrawal]]:
        mailbox, heard = Mailbox(TABLE), []
        mailbox.on_withdrawal(heard.append)
        return mailbox, heard

    def test_a_value_that_is_replaced_is_withdrawn(self):
        mailbox, heard = self.mailbox()
        mailbox.set("/t/prompt", "depth")
        mailbox.set("/t/prompt", "pose")
        asked = mailbox.version
        mailbox.set("/t/scale", 0.5)
        mailbox.replace("/t/prompt", "pose", "depth")
        (withdrawal,) = heard
        assert (withdrawal.address, withdrawal.value, withdrawal.used) == ("/t/prompt", "pose", "depth")
        assert withdrawal.asked <= asked < mailbox.version

    def test_so_is_one_that_somebody_has_replaced_already(self):
        mailbox, heard = self.mailbox()
        for value in ("pose", "depth"):
            mailbox.set("/t/prompt", value)
        mailbox.replace("/t/prompt", "pose", "none")
        assert mailbox.get("/t/prompt") == "depth"
        assert [(withdrawal.value, withdrawal.used) for withdrawal in heard] == [("pose", "none")]

    def test_of_a_value_that_was_asked_for_twice_the_second_time_counts(self):
        mailbox, heard = self.mailbox()
        mailbox.set("/t/prompt", "pose")
        mailbox.set("/t/prompt", "depth")
        between = mailbox.version
        mailbox.set("/t/prompt", "pose")
        mailbox.replace("/t/prompt", "pose", "depth")
        assert heard[0].asked >= between

    def test_a_value_that_is_refused_while_it_waits_is_withdrawn_also_after_another_took_its_place(self):
        mailbox, heard = self.mailbox()
        mailbox.check_later("/t/prompt", lambda value: True)
        mailbox.set("/t/prompt", "a file")
        mailbox.set("/t/prompt", "another file")
        for value in ("a file", "another file"):
            mailbox.refuse("/t/prompt", value)
        assert [(withdrawal.value, withdrawal.used) for withdrawal in heard] == [("a file", ""), ("another file", "")]

    def test_a_value_that_nobody_has_asked_for_is_not(self):
        mailbox, heard = self.mailbox()
        mailbox.replace("/t/prompt", "pose", "depth")
        assert not heard


def test_a_value_that_turned_out_not_to_be_had_is_replaced_unless_it_is_no_longer_there():
    mailbox, heard = Mailbox(TABLE), []
    mailbox.set("/t/prompt", "pose")
    mailbox.listen("/t/prompt", lambda value, _: heard.append(value))
    version = mailbox.version
    mailbox.replace("/t/prompt", "depth", "none")
    mailbox.replace("/t/prompt", "pose", "pose")
    assert (mailbox.get("/t/prompt"), mailbox.version, heard) == ("pose", version, [])
    mailbox.replace("/t/prompt", "pose", "depth")
    assert (mailbox.get("/t/prompt"), heard) == ("depth", ["depth"])
    assert mailbox.since(version)["/t/prompt"].origin is None, "so that whoever sent it hears of it too"


def test_what_only_this_show_knows_may_refuse_a_value_and_the_one_before_stays():
    mailbox = Mailbox(TABLE)

    def refuse(value: object) -> None:
        raise ControlError(f"{value} would do nothing")

    mailbox.check("/t/scale", refuse)
    assert mailbox.set_all([("/t/scale", 0.5), ("/t/prompt", "a")]) == "0.5 would do nothing"
    assert mailbox.set("/t/scale", Relative(0.25)) == "1.25 would do nothing"
    assert mailbox.snapshot() == {"/t/scale": 1.0, "/t/prompt": "a"}
    assert mailbox.set("/t/scale", 1.0) is None, "what is there already is not asked about"
