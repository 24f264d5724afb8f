"""The callers in tests: people with a session and programs with a key."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from catalog.http.authentication import create_key


class _Unreadable:
    """A body that must not be read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("The body was read.")

    readline = readlines = __iter__ = read


#: A large form whose body must not be read, for `Client.generic`.
UNREADABLE: dict[str, Any] = {
    "content_type": "multipart/form-data; boundary=x",
    "CONTENT_TYPE": "multipart/form-data; boundary=x",  # some clients use the one above only when there is data
    "CONTENT_LENGTH": "20000000",
    "wsgi.input": _Unreadable(),
}


def with_key(scope: str, **options: Any) -> APIClient:
    """A program whose key has this scope."""
    _, key = create_key(name=f"{scope} program", scope=scope)
    client = APIClient(**options)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def signed_in(username: str = "visitor", *, is_staff: bool = False, **options: Any) -> Client:
    """A browser in which somebody is signed in; it sends no CSRF token."""
    user = User.objects.filter(username=username).first() or User.objects.create_user(username, is_staff=is_staff)
    client = Client(**options)
    client.force_login(user)
    return client


def problem(response: Any, status: int, code: str | None = None, field: str | None = None) -> dict[str, Any]:
    """Check an error response of the API and return its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["code"] == code or code is None, body
    if field is not None:
        assert field in [row["field"] for row in body["errors"]], body
    return body
