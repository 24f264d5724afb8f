"""Check that the web server on this machine is alive, for `make run` and the container's health check."""

from __future__ import annotations

import http.client
import os
import sys

_TIMEOUT_S = 5.0
# Addresses that reach a server bound to every address.
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def is_live(*, host: str, port: int, host_header: str = "localhost") -> bool:
    """Whether the server answers `/livez`; `host_header` must be one of its ALLOWED_HOSTS."""
    connection = http.client.HTTPConnection(_REACHABLE.get(host, host), port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/livez", headers={"Host": host_header})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def main() -> int:
    allowed = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    return 0 if is_live(host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), host_header=allowed) else 1


if __name__ == "__main__":
    sys.exit(main())
