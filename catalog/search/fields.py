"""What filters may name: item columns and attributes, and values converted to an attribute's kind."""

from __future__ import annotations

from catalog.models import Attribute
from catalog.search.filters import FilterError, Value

COLUMNS = ("category", "external_id", "language")


def typed_value(value: Value, attribute: Attribute) -> str | float | int | bool:
    """The value converted to the attribute's kind."""
    match attribute.kind:
        case Attribute.Kind.TEXT:
            return value.text
        case Attribute.Kind.BOOLEAN:
            if value.text.lower() in ("true", "false"):
                return value.text.lower() == "true"
            raise FilterError(f"{attribute.name} is true or false.", position=value.position, expected="true or false")
    try:
        number = float(value.text)
    except ValueError:
        number = float("nan")
    if value.quoted or number != number or number in (float("inf"), float("-inf")):
        raise FilterError(f"{attribute.name} is a number.", position=value.position, expected="a number")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
