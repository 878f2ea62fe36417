import pytest

from bridge.control.packets import Message
from bridge.control.setting import settings_in
from tests.bridge.control.every_type import EVERY_TYPE


@pytest.mark.parametrize(
    ("address", "arguments", "settings"),
    [
        ("/vace/scale", (0.5, "more"), [("/vace/scale", 0.5)]),
        ("/vace/reference", ("a", "b"), [("/vace/reference", ("a", "b"))]),
        ("/vace/reference", (), [("/vace/reference", ())]),
        ("/vace/reset", (1.0,), [("/vace/reset", 1.0)]),
        ("/vace/reset", (), [("/vace/reset", 1), ("/vace/reset", 0)]),
        ("/vace/reset", (None,), [("/vace/reset", 1), ("/vace/reset", 0)]),
        ("/vace/prompt/go", (2,), [("/vace/prompt/go", 2)]),
        ("/vace/prompt/go", (), [("/vace/prompt/go", 1)]),
        ("/vace/tempo/b*", (3,), [("/vace/tempo/bpm", 3), ("/vace/tempo/beats", 3)]),
    ],
)
def test_a_message_sets_what_its_address_means(address: str, arguments: tuple, settings: list):
    assert settings_in(Message(address, arguments), EVERY_TYPE) == (settings, [])


@pytest.mark.parametrize(
    ("address", "told"),
    [("/vace/scale", "needs a value"), ("/vace/scael", "did you mean"), ("/vace/zz*", "no control matches")],
)
def test_what_sets_nothing_is_refused_with_a_reason(address: str, told: str):
    settings, ((refused, reason),) = settings_in(Message(address, ()), EVERY_TYPE)
    assert (settings, refused) == ([], address)
    assert told in reason


def test_a_pattern_does_not_reach_what_is_dangerous():
    settings, refused = settings_in(Message("/vace/res*", (1,)), EVERY_TYPE)
    assert settings == []
    assert refused == [("/vace/res*", "no control matches /vace/res*")]
