"""How a field of Settings declares its control: `scale: float = setting(1.0, low=0.0, high=2.0, doc="...")`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, replace
from typing import Any, TypeVar, overload

from bridge.control.parameters import Control, ControlType, Value

T = TypeVar("T")
PREFIX = "/vace/"
ROW, MEANING = "row", "meaning"
"""Keys of a field's metadata: its control, still without an address, and what makes the field of the control's text."""


@overload
def setting(default: str, *, doc: str, meaning: Callable[[str], T], **properties: Any) -> T: ...
@overload
def setting(default: T, *, doc: str, **properties: Any) -> T: ...
def setting(default: Any, *, doc: str, meaning: Callable[[str], Any] | None = None, **properties: Any) -> Any:
    """A field whose value is that of a control; the control's address is made of the field's name.

    Its type is that of `default`; a str with `choices` is a choice, a tuple with `counts` holds numbers, one without
    holds texts. properties: the further fields of `Control`. meaning: makes the field's value of the text that the
    control holds; it must take every text that the control's `check` accepts.
    """
    row = Control("", _type_of(default, properties), default, doc, **properties)
    return field(default=meaning(default) if meaning is not None else default, metadata={ROW: row, MEANING: meaning})


def rows_of(settings: type) -> Iterator[Control]:
    """The controls that the fields of a dataclass declare, with their addresses."""
    for each in fields(settings):
        yield replace(each.metadata[ROW], address=address_of(each.name))


def fields_from(settings: type, values: Mapping[str, Value]) -> dict[str, Any]:
    """What each field of a dataclass is where the controls hold `values`, by address; KeyError if one is missing."""
    found: dict[str, Any] = {}
    for each in fields(settings):
        value, meaning = values[address_of(each.name)], each.metadata[MEANING]
        found[each.name] = value if meaning is None else meaning(value)
    return found


def field_of(address: str) -> str:
    """`/vace/mask/source` -> `mask_source`."""
    return address.removeprefix(PREFIX).replace("/", "_")


def address_of(field: str) -> str:
    """`mask_source` -> `/vace/mask/source`: every underscore of a field is a slash of its address."""
    return PREFIX + field.replace("_", "/")


def _type_of(default: Value, properties: Mapping[str, Any]) -> ControlType:
    match default:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "choice" if "choices" in properties else "string"
        case tuple():
            return "floats" if "counts" in properties else "strings"
