"""Pages of rows in order of id: the cursor is the id to continue after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet
from rest_framework import serializers

from catalog.http.serializers import StrictSerializer

MAX_PAGE = 100
Row = TypeVar("Row", bound=Model)
# Signed, so that only cursors issued by this site are accepted.
_signer = Signer(salt="catalog.http.pages")


class CursorField(serializers.Field[int, str, str, Any]):
    """The id in a cursor."""

    default_error_messages = {"invalid_cursor": "Invalid cursor. Use the `next` of the previous page."}

    def to_internal_value(self, data: Any) -> int:
        try:
            return int(_signer.unsign(data))
        except (BadSignature, ValueError, TypeError, AttributeError):
            self.fail("invalid_cursor")


class PageParameters(StrictSerializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MAX_PAGE)
    cursor = CursorField(default=None, help_text="The `next` of the previous page.")


def page(
    rows: QuerySet[Row], describe: Callable[[Row], Any], *, limit: int, cursor: int | None, newest_first: bool = False
) -> dict[str, Any]:
    """The rows after the cursor and the next cursor, None at the end. One query for any page."""
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor) if newest_first else rows.filter(pk__gt=cursor)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    following = _signer.sign(str(found[limit - 1].pk)) if len(found) > limit else None
    return {"results": [describe(row) for row in found[:limit]], "next": following}
