"""Errors in the format of OpenAI's API, for the URLs below /v1/ that its clients call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

PREFIX = "/v1/"
TYPES = {429: "rate_limit_error"}


def speaks_openai(request: HttpRequest | Request) -> bool:
    return request.path.startswith(PREFIX)


def as_openai(problem: Mapping[str, Any]) -> dict[str, Any]:
    """A problem's body in the format of OpenAI's clients: message, type, the parameter at fault and a code."""
    usual = "server_error" if problem["status"] >= 500 else "invalid_request_error"
    errors = problem.get("errors", [])
    return {
        "error": {
            "message": problem["detail"],
            "type": TYPES.get(problem["status"], usual),
            "param": (errors[0]["field"] or None) if errors else None,
            "code": problem["code"],
        }
    }
