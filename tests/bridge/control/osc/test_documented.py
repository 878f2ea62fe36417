"""What the docs say of OSC is so: every message is one, every example does what stands beside it, every limit is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from backend.cli.run_options import SHORTEST_TOKEN
from backend.controls.table import TABLE
from bridge.control.normalised import normalised_controls
from bridge.control.osc import event_list, framing, limits, packets, patterns, replies, subscribers, tcp, token
from bridge.control.osc.peers import as_arguments
from bridge.control.parameters import MAX_TEXT, in_words
from tests.bridge.control.osc.listener import Listener
from tests.bridge.control.osc.stage import Stage

DOCS = Path(__file__).parents[4] / "docs"
PAGE = (DOCS / "reference" / "osc.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^\| `(/vace/[^`]*)` \| (?:`([^`]*)` is|answers) `([^`]*)` \|$", re.MULTILINE)
EXAMPLES = EXAMPLE.findall(PAGE)
ADDRESS = re.compile(r"`(/vace/[\w/*{},\[\]!?-]+)")
ASKED = {
    "/vace/get", "/vace/dump", "/vace/ping", "/vace/pong", "/vace/status", "/vace/preset/list", "/vace/cue/list",
    "/vace/subscribe", "/vace/unsubscribe", "/vace/token", "/vace/token/accepted", "/vace/error",
    "/vace/events", "/vace/event", "/vace/n", "/vace/n/",
}  # fmt: skip


def typed(word: str, quoted: bool) -> object:
    """An argument as a host would send it: what is no number, or is quoted, as a text."""
    if not quoted:
        for kind in (int, float):
            try:
                return kind(word)
            except ValueError:
                continue
    return word


def arguments(text: str) -> list[object]:
    found = shlex.split(text, posix=True)
    quoted = [word.startswith(('"', "'")) for word in shlex.split(text, posix=False)]
    return [typed(word, was) for word, was in zip(found, quoted, strict=True)]


def test_there_are_examples():
    assert len(EXAMPLES) == PAGE.split("## Types")[0].count("\n| `/vace/") > 15


@pytest.mark.parametrize(("sent", "address", "expected"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_an_example_does_what_stands_beside_it(sent: str, address: str, expected: str):
    stage, peer = Stage(table=TABLE), Listener()
    where, *values = arguments(sent)
    stage.send(peer, str(where), *values)
    if address:
        value = stage.mailbox.get(address)
        assert in_words(as_arguments(value)[0] if isinstance(value, bool) else value) == expected
        assert peer.told() == []
        return
    [(answered, said)] = peer.told()
    assert (answered, [*map(str, said)][: len(expected.split()) - 1]) == (
        expected.split()[0],
        [str(float(word)) if answered == "/vace/scale" else word for word in expected.split()[1:]],
    )


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.md")), ids=lambda page: page.name)
def test_every_address_in_the_docs_is_one(page: Path):
    known = {row.address for row in TABLE} | set(normalised_controls(TABLE)) | ASKED
    for named in set(ADDRESS.findall(page.read_text(encoding="utf-8"))):
        named = named.removesuffix("?VALUE")  # an attribute of OSCQuery
        if patterns.is_pattern(named):
            pattern = patterns.Pattern(named)
            assert any(map(pattern.matches, known)), named
        else:
            beginning = f"{named.rstrip('/')}/"
            assert named in known or any(address.startswith(beginning) for address in known), named


def test_every_limit_is_the_one_that_holds():
    table = PAGE.split("## Limits")[1].split("## Who")[0]
    for said in (
        f"{packets.MAX_BYTES:,} bytes by UDP, {framing.MAX_PACKET // 2**20} MB by TCP",
        f"{packets.MAX_ARGUMENTS:,} of a message, {packets.MAX_ARGUMENTS_IN_ALL:,} of a packet",
        f"{packets.MAX_MESSAGES:,}, nested {packets.MAX_NESTING} deep",
        f"{MAX_TEXT:,} characters",
        f"{patterns.MAX_PATTERN} characters",
        f"| errors | {replies.ERRORS_PER_SECOND} a second",
        f"| answers | {replies.ANSWERS_PER_SECOND} a second",
        f"| events in an answer | {event_list.MOST_EVENTS}, and {packets.MAX_BYTES:,} bytes",
        f"{tcp.MAX_CONNECTIONS}, and {tcp.MAX_FROM_ONE} from one other machine",
        f"within {tcp.SILENT_SECONDS:g} seconds",
        f"{subscribers.MAX_SUBSCRIBERS}, each for a minute",
        f"{token.TRIES} a minute",
    ):
        assert said in table, said
    assert (limits.ANSWER_FACTOR, tcp.MAX_WAITING, subscribers.LIFE_SECONDS) == (4, 2**19, 60.0)
    assert f"{SHORTEST_TOKEN} characters or more" in PAGE
    costly = patterns.MAX_PATTERN * (len(TABLE) + len(normalised_controls(TABLE)))
    assert 13 < patterns.STEPS_PER_PACKET / costly < 19
    assert 50 < patterns.STEPS_PER_SECOND / costly < 70


def test_every_type_in_the_docs_has_the_length_that_it_has():
    rows = dict(re.findall(r"^\| ((?:`.`[, ]*)+) \| ([\d, ]+|none) \|", PAGE.split("## Types")[1], re.MULTILINE))
    said = {
        tag: 0 if length == "none" else int(length)
        for tags, lengths in rows.items()
        for tag, length in zip(
            re.findall(r"`(.)`", tags),
            (lengths.split(", ") * 4)[: len(re.findall(r"`(.)`", tags))],
            strict=True,
        )
    }
    fixed = {tag: number.size for tag, number in packets.NUMBERS.items()} | packets.NO_VALUE | {"c": 4}
    assert said == fixed | dict.fromkeys((*packets.VALUES, "[", "]"), 0)
