"""Posts bodies that need not be JSON."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

SEARCH = "/api/v1/search"
JSON = "application/json"


def post(client: Client, body: object, path: str = SEARCH) -> Any:
    return client.post(path, body if isinstance(body, str | bytes) else json.dumps(body), content_type=JSON)
