"""Several prompts at once: what is sent, what is refused, and what a chunk is made under."""

from __future__ import annotations

import pytest

from backend.controls.prompt_blend import MOST_PROMPTS, parse_blend
from backend.controls.settings import Settings
from backend.controls.table import TABLE
from bridge.control.mailbox import Mailbox

PROMPT, BLEND, B, AB = "/vace/prompt", "/vace/prompt/blend", "/vace/prompt/b", "/vace/prompt/ab"


def blend(mailbox: Mailbox) -> dict[str, float]:
    """What a chunk would be made under."""
    return dict(Settings.from_values(mailbox.snapshot()).blend)


def test_pairs_are_prompts_and_weights_that_add_up_to_1():
    assert parse_blend(("gold", "3", "ice, snowing", "1")) == (("gold", 0.75), ("ice, snowing", 0.25))
    assert parse_blend(("gold", "0,5", "gold", "0.5")) == (("gold", 1.0),)
    assert parse_blend(()) == ()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (["gold", 0.5, "ice"], "'ice' has no weight; send a weight after each prompt"),
        (["gold", "ice"], "'ice' after 'gold' is no weight from 0 to 1000000"),
        (["gold", -1.0], "'-1' after 'gold' is no weight from 0 to 1000000"),
        (["gold", "nan"], "'nan' after 'gold' is no weight"),
        (["gold", "inf"], "'inf' after 'gold' is no weight"),
        (["gold", 0, "ice", 0], "all weights are 0; give one prompt more"),
        (
            [part for n in range(9) for part in (f"p{n}", 1)],
            f"9 prompts at once are too many; send at most {MOST_PROMPTS}",
        ),
    ],
)
def test_what_is_no_blend_is_refused_by_name_and_the_one_before_stays(sent: list[object], told: str):
    mailbox = Mailbox(TABLE)
    mailbox.set(BLEND, ["gold", 1, "ice", 1])
    report = mailbox.set(BLEND, sent)
    assert report is not None
    assert report.startswith(f"{BLEND}: ")
    assert told in report
    assert blend(mailbox) == {"gold": 0.5, "ice": 0.5}


def test_a_blend_takes_the_prompts_place_until_a_prompt_or_an_empty_blend_is_sent():
    mailbox = Mailbox(TABLE)
    mailbox.set(PROMPT, "lava")
    for end in ((PROMPT, "lava"), (BLEND, [])):
        assert mailbox.set(BLEND, ["gold", 0.7, "ice", 0.3]) is None
        assert blend(mailbox) == pytest.approx({"gold": 0.7, "ice": 0.3})
        mailbox.set(*end)
        assert blend(mailbox) == {"lava": 1.0}


def test_a_blend_that_comes_with_a_prompt_stays_as_in_a_preset():
    mailbox = Mailbox(TABLE)
    mailbox.apply([(PROMPT, "lava"), (BLEND, ["gold", 1])])
    assert blend(mailbox) == {"gold": 1.0}
    mailbox.apply([(PROMPT, "ice"), (BLEND, ["gold", 1])])
    assert blend(mailbox) == {"gold": 1.0}
    restored = Mailbox(TABLE)
    restored.restore(mailbox.snapshot())
    assert restored.snapshot() == mailbox.snapshot()


def test_the_crossfader_goes_from_prompt_or_blend_to_the_other_prompt():
    mailbox = Mailbox(TABLE)
    mailbox.apply([(PROMPT, "lava"), (AB, 0.25)])
    assert blend(mailbox) == {"lava": 1.0}  # there is no other end yet
    mailbox.set(B, "ice")
    assert blend(mailbox) == {"lava": 0.75, "ice": 0.25}
    mailbox.set(BLEND, ["gold", 1, "ice", 1])
    assert blend(mailbox) == {"gold": 0.375, "ice": 0.625}
    mailbox.set(AB, 1.0)
    assert blend(mailbox) == {"gold": 0.0, "ice": 1.0}
