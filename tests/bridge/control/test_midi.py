import sys
from collections.abc import Callable

import mido
import pytest

from bridge.control import midi
from bridge.control.mailbox import Mailbox
from bridge.control.midi import FORGET, LEARN, MidiMap, MidiPort
from bridge.control.midi_input import MidiInput, port_names
from bridge.control.parameters import Control, ControlError, ControlTable
from bridge.control.tempo.tempo import MidiClock
from bridge.errors import BridgeError
from tests.backend.waiting import wait_for

TABLE = ControlTable(
    [
        Control("/vace/scale", "float", 1.0, "", low=0.0, high=2.0),
        Control("/vace/prompt", "string", "", ""),
        Control("/vace/control", "choice", "depth", "", choices=("depth", "scribble", "none")),
        Control("/vace/freeze", "bool", False, ""),
        Control("/vace/reset", "trigger", False, ""),
        Control("/vace/prompt/go", "int", 0, "", low=0, high=8, event=True),
        Control(LEARN, "string", "", "", event=True),
        Control(FORGET, "string", "", "", event=True),
    ]
)


class Desk:
    """A map with its mailbox, and what it told."""

    def __init__(self, bindings: dict[str, str] | None = None) -> None:
        self.mailbox, self.told = Mailbox(TABLE), []
        self.map = MidiMap(TABLE, self.mailbox, bindings or {}, self.told.append)

    def knob(self, number: int, value: int) -> None:
        self.map.hear(mido.Message("control_change", channel=0, control=number, value=value))

    def key(self, number: int, velocity: int) -> None:
        self.map.hear(mido.Message("note_on", channel=9, note=number, velocity=velocity))


def test_the_next_knob_that_is_moved_is_learnt_and_sets_the_whole_range():
    desk = Desk()
    desk.mailbox.set(LEARN, "/vace/scale")
    desk.knob(74, 60)
    assert desk.map.bindings == {"cc 1/74": "/vace/scale"}
    assert desk.mailbox.get("/vace/scale") == 1.0, "the one that taught it moved nothing"
    for value, scale in ((70, 140 / 127), (0, 0.0), (127, 2.0)):
        desk.knob(74, value)
        assert desk.mailbox.get("/vace/scale") == pytest.approx(scale)
    desk.knob(75, 0)
    assert desk.mailbox.get("/vace/scale") == pytest.approx(2.0)


def test_a_knob_takes_a_number_along_only_when_it_comes_past_it():
    desk = Desk({"cc 1/74": "/vace/scale"})
    desk.knob(74, 10)
    desk.knob(74, 50)
    assert desk.mailbox.get("/vace/scale") == 1.0, "no jump"
    desk.knob(74, 80)
    assert desk.mailbox.get("/vace/scale") == pytest.approx(160 / 127)
    desk.mailbox.set("/vace/scale", 0.2)
    desk.knob(74, 90)
    assert desk.mailbox.get("/vace/scale") == 0.2, "somebody else has moved it since"
    desk.knob(74, 13)
    assert desk.mailbox.get("/vace/scale") == pytest.approx(26 / 127), "near enough"


def test_a_key_goes_on_to_the_next_choice_and_sets_a_number_as_hard_as_it_is_pressed():
    desk = Desk({"note 10/41": "/vace/control", "note 10/42": "/vace/scale"})
    seen = []
    for _ in range(4):
        desk.key(41, 100)
        desk.key(41, 0)
        seen.append(desk.mailbox.get("/vace/control"))
    assert seen == ["scribble", "none", "depth", "scribble"]
    desk.key(42, 127)
    desk.key(42, 0)
    assert desk.mailbox.get("/vace/scale") == 2.0


def test_a_key_whose_value_is_refused_later_says_so():
    desk = Desk({"note 10/38": "/vace/prompt/go 3"})

    def empty(*_: object) -> None:
        raise ControlError("slot 3 is empty")

    desk.mailbox.listen("/vace/prompt/go", empty)
    desk.key(38, 100)
    assert desk.told == ["slot 3 is empty"]


def test_keys_press_triggers_turn_switches_and_send_what_was_learnt_with_them():
    desk = Desk({"note 10/36": "/vace/reset", "note 10/37": "/vace/freeze", "note 10/38": "/vace/prompt/go 3"})
    went = []
    desk.mailbox.listen("/vace/prompt/go", lambda value, _: went.append(value))
    for number in (36, 37, 38):
        desk.key(number, 100)
        desk.key(number, 0)
    assert desk.mailbox.events() == ["/vace/reset"]
    assert desk.mailbox.get("/vace/freeze") is True
    assert went == [3]
    desk.key(37, 100)
    assert desk.mailbox.get("/vace/freeze") is False


def test_a_knob_goes_through_choices_and_a_text_can_be_bound_to_a_key():
    desk = Desk({"cc 1/1": "/vace/control", "note 10/40": "/vace/prompt ice in fog"})
    seen = []
    for value in (0, 64, 127):
        desk.knob(1, value)
        seen.append(desk.mailbox.get("/vace/control"))
    assert seen == ["depth", "scribble", "none"]
    desk.key(40, 1)
    assert desk.mailbox.get("/vace/prompt") == "ice in fog"


@pytest.mark.parametrize("target", ["/vace/nothing", "/vace/prompt", "/vace/prompt/go", "/vace/scale loud", "scale"])
def test_what_no_knob_can_set_is_not_learnt_and_said(target: str):
    desk = Desk({"cc 1/3": target})
    assert desk.map.bindings == {}
    desk.mailbox.set(LEARN, target)
    desk.knob(74, 60)
    assert desk.map.bindings == {}
    assert target in desk.told[0]


def test_what_was_learnt_can_be_forgotten_one_or_all():
    desk = Desk({"cc 1/1": "/vace/scale", "cc 1/2": "/vace/control", "cc 1/3": "/vace/freeze"})
    desk.mailbox.set(FORGET, "/vace/scale")
    assert list(desk.map.bindings) == ["cc 1/2", "cc 1/3"]
    desk.mailbox.set(FORGET, "all")
    assert (desk.map.bindings, desk.map.version, desk.told) == ({}, 2, [])
    desk.mailbox.set(FORGET, "/vace/scale")
    assert "nothing is bound" in desk.told[0]


def test_other_messages_do_nothing():
    desk = Desk()
    desk.mailbox.set(LEARN, "/vace/scale")
    for message in (mido.Message("pitchwheel", pitch=100), mido.Message("program_change"), mido.Message("sysex")):
        desk.map.hear(message)
    desk.key(36, 0)
    assert desk.map.bindings == {}


class Ports:
    """Stands for rtmidi2: the machine's MIDI inputs, and what is opened of them."""

    def __init__(self, *names: str) -> None:
        self.names, self.opened = list(names), []

    def get_in_ports(self) -> list[str]:
        return self.names

    def MidiIn(self, client: str) -> "Port":
        return Port(self)


class Port:
    """An input that is being opened; `callback` is then called with octets and seconds."""

    def __init__(self, ports: Ports) -> None:
        self.ports, self.ignored = ports, {}
        self.callback: Callable[[list[int], float], None] = lambda octets, seconds: None

    def ignore_types(self, **ignored: bool) -> None:
        self.ignored = ignored

    def open_port(self, number: int) -> None:
        if self.ports.names[number] == "Taken":
            raise RuntimeError("busy")
        self.ports.opened.append(self)

    def close_port(self) -> None:
        pass

    def send(self, message: mido.Message) -> None:
        self.callback(message.bytes(), 0.0)


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Ports:
    ports = Ports("nanoKONTROL2 CTRL", "Taken")
    monkeypatch.setitem(sys.modules, "rtmidi2", ports)
    monkeypatch.setattr(midi, "LOOK_SECONDS", 0.01)
    return ports


def test_a_port_is_found_by_a_part_of_its_name_and_taken_up_again_after_it_was_unplugged(ports: Ports):
    desk, clock = Desk({"cc 1/74": "/vace/scale"}), MidiClock()
    port = MidiPort("kontrol", clock, desk.map)
    assert port.name == "nanoKONTROL2 CTRL"
    ports.names.remove(port.name)
    wait_for(lambda: not port.connected, "the loss")
    ports.names.append("nanoKONTROL2 CTRL 1")
    wait_for(lambda: port.connected, "it again, under the number that the system gives it now")
    assert port.name == "nanoKONTROL2 CTRL 1"
    for value in (0, 127):
        ports.opened[-1].send(mido.Message("control_change", control=74, value=value))
    assert desk.mailbox.get("/vace/scale") == 2.0
    for kind in ("start", "clock", "clock"):
        ports.opened[-1].send(mido.Message(kind))
    assert clock.running
    port.close()
    assert not port.connected


@pytest.mark.faults
def test_a_message_that_brings_out_a_fault_does_not_end_the_ports_thread(ports: Ports, monkeypatch, caplog):
    desk = Desk({"cc 1/74": "/vace/scale"})
    port = MidiPort("kontrol", MidiClock(), desk.map)
    really, left = desk.map.hear, [2]

    def fail(message) -> None:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("a bug")
        really(message)

    monkeypatch.setattr(desk.map, "hear", fail)
    for value in (1, 2, 0, 127):
        ports.opened[-1].send(mido.Message("control_change", control=74, value=value))
    assert desk.mailbox.get("/vace/scale") == 2.0
    assert len([record for record in caplog.records if "a bug" in record.message]) == 1
    port.close()


@pytest.mark.faults
def test_a_thread_that_raises_looks_for_its_port_afterwards(ports: Ports, monkeypatch):
    port = MidiPort("kontrol", MidiClock(), Desk().map)
    left = [2]

    def names() -> list[str]:
        if left[0]:
            left[0] -= 1
            raise SystemError("the driver is gone")
        return ports.names

    monkeypatch.setattr(ports, "get_in_ports", names)
    wait_for(lambda: port._thread.faults == 2, "the faults")
    ports.names.remove(port.name)
    wait_for(lambda: not port.connected, "the loss")
    port.close()


@pytest.mark.parametrize(("name", "said"), [("Launchpad", "nanoKONTROL2 CTRL"), ("Taken", "another program")])
def test_a_port_that_cannot_be_had_is_named_with_those_that_can(ports: Ports, name: str, said: str):
    with pytest.raises(BridgeError, match=said):
        MidiPort(name, MidiClock(), Desk().map)


def test_the_clock_is_asked_for_and_what_is_no_message_is_left_out(ports: Ports):
    heard = []
    MidiInput("nanoKONTROL2 CTRL", heard.append)
    (port,) = ports.opened
    assert port.ignored == {"midi_sysex": True, "midi_time": False, "midi_sense": True}
    for octets in ([], [12], [0xB0, 74], [0xB0, 74, 127], [0xF8]):
        port.callback(octets, 0.0)
    assert [message.type for message in heard] == ["control_change", "clock"]


def test_a_machine_without_midi_says_so(ports: Ports, monkeypatch: pytest.MonkeyPatch):
    def missing() -> list[str]:
        raise RuntimeError("no sequencer")

    monkeypatch.setattr(ports, "get_in_ports", missing)
    with pytest.raises(BridgeError, match="no MIDI"):
        port_names()


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rtmidi2", None)
    with pytest.raises(BridgeError, match=r"python start\.py pip install rtmidi2"):
        port_names()
