"""The server's connections, of which WSGI knows only the address at the other end."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

_OPEN_FILES = Path("/proc/self/fd")
# Linux's `struct tcp_info`: the milliseconds since data was last sent follow eight bytes and nine numbers.
_LAST_SENT = struct.Struct("@44xI")


def hang_up(peer: str, *, port: int, silent_s: float) -> int:
    """Stop reading from `peer`'s connections to `port` to which nothing has been sent for `silent_s` seconds.

    These are waiting for the rest of a request, idle, or have a request that takes that long to answer. Returns how
    many; 0 if the system does not list open files.
    """
    hung_up = 0
    for connection in _connections():
        with connection, contextlib.suppress(OSError):
            is_ours = connection.getsockname()[1] == port and connection.getpeername()[0] == peer
            if is_ours and _silent_s(connection) >= silent_s:
                connection.shutdown(socket.SHUT_RD)
                hung_up += 1
    return hung_up


def _connections() -> Iterator[socket.socket]:
    """Every TCP socket of this process, each under a duplicated number, so that it cannot be reused in the meantime."""
    try:
        numbers = [int(file.name) for file in _OPEN_FILES.iterdir()]
    except OSError:
        return
    for number in numbers:
        try:
            own = os.dup(number)
        except OSError:
            continue  # closed in the meantime
        try:
            connection = socket.socket(fileno=own)
        except OSError:
            os.close(own)  # another kind of file
            continue
        if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.type == socket.SOCK_STREAM:
            yield connection
        else:
            connection.close()


def _silent_s(connection: socket.socket) -> float:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_SENT.size)
    return float(_LAST_SENT.unpack(info)[0]) / 1000
