"""The figures of a show for Prometheus, one for each field of what they are told by.

The text is made by prometheus_client (Apache-2.0, kept by the Prometheus project, no packages of its own needed): it
knows what has to be escaped, and both forms that a scraper may ask for.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector, CollectorRegistry

OPENMETRICS = "application/openmetrics-text"
LONGEST_WORD = 500
"""Characters that are told of a text."""


class Figures(Collector):
    """What the objects hold that told() gives, each by the word that its figures begin with."""

    def __init__(self, told: Callable[[], dict[str, Any]]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        for prefix, figures in self._told().items():
            yield from families(prefix, figures)


def exposition(told: Callable[[], dict[str, Any]], accept: str) -> tuple[bytes, str]:
    """The text and its content type: OpenMetrics where the header `accept` has it, else Prometheus' own."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(told))
    if OPENMETRICS in accept:
        return openmetrics.generate_latest(registry), openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


def families(prefix: str, figures: Any) -> Iterator[Metric]:
    """One for each field of a dataclass: a number as it is, a word as a label, of what can be counted the size.

    A number whose type is Count only grows, and is a counter. What is None is left out.
    """
    docs = field_docs(type(figures))
    for field in fields(figures):
        yield from _family(f"{prefix}_{field.name}", docs[field.name], field, getattr(figures, field.name))


def _family(name: str, doc: str, field: Field[Any], value: Any) -> Iterator[Metric]:
    if is_dataclass(value):
        yield from families(name, value)
    elif isinstance(value, str):
        yield InfoMetricFamily(name, doc, {field.name: value[:LONGEST_WORD]})
    elif isinstance(value, bool | int | float):
        kind = CounterMetricFamily if field.type == "Count" else GaugeMetricFamily
        yield kind(name, doc, float(value))
    elif isinstance(value, Sized):
        yield GaugeMetricFamily(f"{name}_size", doc, len(value))


@cache
def field_docs(kind: type) -> dict[str, str]:
    """The docstring of each field of a dataclass, on one line; where it has none, its name in words."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    docs = {field.name: field.name.replace("_", " ") for field in fields(kind)}
    return docs | dict(_documented(body.body))


def _documented(lines: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, doc in zip(lines, lines[1:]):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(doc, ast.Expr)
            and isinstance(doc.value, ast.Constant)
        ):
            yield field.target.id, " ".join(str(doc.value.value).split())
