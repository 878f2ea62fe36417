"""The figures for Prometheus, read by its own reader."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from backend.front.status import FrontStatus
from backend.panel.metrics import exposition, field_docs
from bridge.control.osc.counters import OscCounters
from bridge.counts import Count
from bridge.web.counters import WebCounters
from tests.backend.panel.statuses import front_status


def exposed(figures: object, accept: str = "") -> dict[str, Metric]:
    text, content_type = exposition(lambda: {"vace": figures}, accept)
    read = read_openmetrics if "openmetrics" in content_type else read_text
    return {family.name: family for family in read(text.decode())}


def value(families: dict[str, Metric], name: str) -> float:
    (sample,) = families[name].samples
    return sample.value


def test_every_field_of_the_status_is_there_with_its_docstring():
    families = exposed(front_status(state="running", osc=OscCounters()))
    for field in fields(FrontStatus):
        if field.name == "osc":
            continue
        name = f"vace_{field.name}"
        family = families.get(name) or families[f"{name}_info"]
        assert family.documentation == field_docs(FrontStatus)[field.name]
    for field in fields(OscCounters):
        assert f"vace_osc_{field.name}" in families


def test_a_number_is_its_value_and_a_word_is_a_label():
    families = exposed(front_status(state='say "no"\nplease', output_fps=29.97, chunks=12))
    assert value(families, "vace_output_fps") == 29.97
    assert value(families, "vace_chunks") == 12
    assert families["vace_state_info"].samples[0].labels == {"state": 'say "no"\nplease'}
    assert not [name for name in families if "osc" in name]


def test_what_only_grows_is_a_counter_and_what_may_fall_is_not():
    families = exposed(front_status(osc=OscCounters()))
    counters = {name for name, family in families.items() if family.type == "counter"}
    assert {"vace_ticks", "vace_ticks_missed", "vace_restarts", "vace_not_sent", "vace_osc_messages"} <= counters
    assert not {"vace_output_fps", "vace_latency_ms", "vace_width", "vace_osc_subscribers"} & counters
    text, content_type = exposition(lambda: {"vace": front_status()}, "")
    assert content_type.startswith("text/plain; version=0.0.4")
    assert b"# TYPE vace_ticks_total counter\nvace_ticks_total 0.0\n" in text


@dataclass(frozen=True)
class Grown:
    """A status that somebody adds to."""

    new: Count
    """How often something new
    happened."""
    unsaid_ms: float
    kept: tuple[str, ...] = ("a", "b")
    on: bool = True
    nothing: float | None = None


def test_a_new_field_appears_by_itself():
    families = exposed(Grown(3, float("nan")))
    assert (families["vace_new"].type, families["vace_new"].documentation) == (
        "counter",
        "How often something new happened.",
    )
    assert families["vace_unsaid_ms"].documentation == "unsaid ms"
    assert value(families, "vace_unsaid_ms") != value(families, "vace_unsaid_ms")
    assert value(families, "vace_kept_size") == 2
    assert value(families, "vace_on") == 1
    assert "vace_nothing" not in families


@pytest.mark.parametrize("figures", [front_status(), WebCounters()])
def test_openmetrics_is_given_to_those_who_ask_for_it(figures: object):
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    assert exposed(figures, accept)
    assert exposition(lambda: {"vace": figures}, accept)[1].startswith("application/openmetrics-text; version=1.")


@pytest.mark.parametrize(
    "accept", ["nonsense", "text/plain;version=abc", "application/openmetrics-text;version=,", "," * 50]
)
def test_whatever_is_asked_for_there_is_an_answer(accept: str):
    assert exposed(front_status(), accept)
