"""OSC address patterns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control.osc.patterns import MAX_PATTERN, Pattern, is_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "not_matching"),
    [
        ("/vace/*", ["/vace/prompt", "/vace/"], ["/vace/mask/source", "/vac"]),
        ("/vace/*/source", ["/vace/mask/source"], ["/vace/source"]),
        ("/vace/s*e*", ["/vace/scale", "/vace/seed"], ["/vace/scal"]),
        ("/vace/fi?st", ["/vace/first"], ["/vace/fist", "/vace/fi/st"]),
        ("/vace/p[0-3]", ["/vace/p0", "/vace/p3"], ["/vace/p4", "/vace/p", "/vace/p00"]),
        ("/vace/p[!0-3]", ["/vace/p4", "/vace/p-"], ["/vace/p0", "/vace/p", "/vace/p/"]),
        ("/a[x-]", ["/ax", "/a-"], ["/ay"]),
        ("/a[^b]", ["/a^", "/ab"], ["/ac"]),
        ("/{first,last}", ["/first", "/last"], ["/firstlast", "/"]),
        ("/{a,}b", ["/ab", "/b"], ["/aab"]),
        ("/a.c*", ["/a.c"], ["/abc"]),
    ],
)
def test_a_pattern_means_what_osc_says(pattern: str, matching: list[str], not_matching: list[str]):
    assert is_pattern(pattern)
    assert [address for address in matching + not_matching if Pattern(pattern).matches(address)] == matching


@pytest.mark.parametrize("broken", ["/a[b", "/a]b", "/a{b", "/a[]", "/a}", "/" + "*" * MAX_PATTERN])
def test_a_broken_pattern_is_refused(broken: str):
    with pytest.raises(ValueError, match="address pattern"):
        Pattern(broken)


def test_a_contrived_pattern_takes_no_time():
    """As regular expressions these run for hours."""
    for pattern in ("*a" * 60 + "z", "{,a}" * 30 + "z", "*" * 120 + "z"):
        assert not Pattern(pattern).matches("a" * 300)


@settings(max_examples=100, deadline=None)
@given(st.text("/ab*?[]{},!-", max_size=30), st.text("/ab-", max_size=12))
def test_any_pattern_matches_or_does_not_or_is_refused(pattern: str, address: str):
    try:
        Pattern(pattern).matches(address)
    except ValueError:
        assert is_pattern(pattern)
    if not is_pattern(pattern):
        assert Pattern(pattern).matches(address) == (pattern == address)
