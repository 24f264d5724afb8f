"""What an item may contain. Every source, file or API, goes through `checked_item`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from catalog.pictures.addresses import check_picture_address
from catalog.unicode import composed

MAX_LENGTHS = {"external_id": 200, "title": 1_000, "body": 1_000_000, "category": 200, "image": 1_000, "language": 10}
MAX_ATTRIBUTES, MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTES_BYTES = 100, 100, 64 * 1024
# Every JSON reader holds integers up to this one exactly.
MAX_INTEGER = 2**53
REQUIRED = ("external_id", "title")
DEFAULTS: dict[str, Any] = {
    "body": "",
    "category": "",
    "attributes": {},
    "image": "",
    "language": "",
    "published": True,
}
FIELDS = (*REQUIRED, *DEFAULTS)
# Kept exactly as given: other systems know them in this form.
AS_GIVEN = ("external_id", "image")

# PostgreSQL stores no NUL, and lone surrogates are not text.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]*")


class ItemRefused(Exception):
    """An item that cannot be stored: `field` is the one at fault, `reason` says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


def checked_item(values: Any) -> dict[str, Any]:
    """Return the values of every field, with defaults for absent ones. Raises ItemRefused."""
    if not isinstance(values, Mapping):
        raise ItemRefused("", "Send an object with the fields of an item.")
    if unknown := sorted(set(values) - set(FIELDS)):
        raise ItemRefused(unknown[0], f"Unknown field. Known: {', '.join(FIELDS)}.")
    item = DEFAULTS | dict(values)
    for field, longest in MAX_LENGTHS.items():
        item[field] = _checked_text(field, item.get(field, ""), longest)
    for field in REQUIRED:
        if not item[field]:
            raise ItemRefused(field, "This field is required.")
    if item["image"]:
        _check_image(item["image"])
    if not _LANGUAGE.fullmatch(item["language"]):
        raise ItemRefused("language", "Use a language code such as en or pt-BR.")
    if not isinstance(item["published"], bool):
        raise ItemRefused("published", "Use true or false.")
    item["attributes"] = _checked_attributes(item["attributes"])
    return item


def _checked_text(field: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise ItemRefused(field, "Text is expected.")
    value = value.strip() if field in AS_GIVEN else composed(value.strip())
    if len(value) > longest:
        raise ItemRefused(field, f"At most {longest:,} characters are allowed; this has {len(value):,}.")
    _check_storable(field, value)
    return value


def _check_storable(field: str, text: str) -> None:
    if found := UNSTORABLE.search(text):
        raise ItemRefused(field, f"The character U+{ord(found[0]):04X} cannot be stored.")


def _check_image(address: str) -> None:
    try:
        check_picture_address(address)
    except ValidationError as error:
        raise ItemRefused("image", str(error.message)) from error


def _checked_attributes(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ItemRefused("attributes", "An object is expected.")
    if len(given) > MAX_ATTRIBUTES:
        raise ItemRefused("attributes", f"At most {MAX_ATTRIBUTES} attributes are allowed; there are {len(given)}.")
    attributes = {_checked_name(name): _checked_value(f"attributes.{name}", value) for name, value in given.items()}
    if len(attributes) < len(given):
        raise ItemRefused("attributes", "Two names differ only in their Unicode normalisation.")
    if len(json.dumps(attributes, ensure_ascii=False).encode()) > MAX_ATTRIBUTES_BYTES:
        raise ItemRefused("attributes", f"All attributes together may have at most {MAX_ATTRIBUTES_BYTES:,} bytes.")
    return attributes


def _checked_name(name: Any) -> str:
    if isinstance(name, str) and name.strip() and name.isprintable() and len(composed(name)) <= MAX_ATTRIBUTE_NAME:
        return composed(name)
    raise ItemRefused("attributes", f"A name must be printable and have 1 to {MAX_ATTRIBUTE_NAME} characters.")


def _checked_value(field: str, value: Any) -> Any:
    match value:
        case bool():
            return value
        case str():
            _check_storable(field, value)
            return composed(value)
        case int():
            if abs(value) > MAX_INTEGER:
                raise ItemRefused(field, "The number is too large to be stored exactly. Send it as text.")
            return value
        case float():
            if not math.isfinite(value):
                raise ItemRefused(field, "The number is not finite.")
            return value
        case list() if all(isinstance(entry, str) for entry in value):
            for entry in value:
                _check_storable(field, entry)
            return [*map(composed, value)]
    raise ItemRefused(field, "Use text, a number, true, false or a list of texts.")
