"""The status of a show that nobody runs."""

from dataclasses import fields
from typing import Any

from backend.front.status import FrontStatus

NOTHING = {"str": "", "float": 0.0, "int": 0, "Count": 0}


def front_status(**known: Any) -> FrontStatus:
    """A status with these values; the others are zero, or empty."""
    values: dict[str, Any] = {field.name: NOTHING.get(str(field.type)) for field in fields(FrontStatus)}
    return FrontStatus(**values | known)
