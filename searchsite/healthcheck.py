"""Check that the web server on this machine is alive, for `make run` and the container's health check."""

from __future__ import annotations

import http.client
import os
import sys

from searchsite.environment import optional_secret
from searchsite.hosts import reachable

_TIMEOUT_S = 5.0


def is_live(*, host: str, port: int, host_header: str = "localhost") -> bool:
    """Whether the server answers `/livez`; `host_header` must be one of its ALLOWED_HOSTS."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/livez", headers={"Host": host_header})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def allowed_host(allowed_hosts: str) -> str:
    """A host name that the server accepts: the first that is no wildcard."""
    names = (name.strip().lstrip(".") for name in allowed_hosts.split(","))
    return next((name for name in names if name not in ("", "*")), "localhost")


def main() -> int:
    host_header = allowed_host(optional_secret("ALLOWED_HOSTS"))
    port = int(os.environ.get("PORT", "8000"))
    return 0 if is_live(host="127.0.0.1", port=port, host_header=host_header) else 1


if __name__ == "__main__":
    sys.exit(main())
