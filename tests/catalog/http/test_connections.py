"""Connections of this process that the peer closes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.http.connections import hang_up

LOCAL = "127.0.0.1"


@pytest.fixture
def accepted() -> Iterator[socket.socket]:
    """The server's end of a connection whose other end is open and silent."""
    with socket.create_server((LOCAL, 0)) as server, socket.create_connection(server.getsockname()):
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            yield connection


def port_of(connection: socket.socket) -> int:
    return int(connection.getsockname()[1])


def test_a_read_of_a_connection_that_is_hung_up_on_ends(accepted):
    assert hang_up(LOCAL, port=port_of(accepted), silent_s=0) == 1
    assert accepted.recv(1) == b""


def test_connections_of_others_to_other_ports_and_that_were_answered_of_late_are_left(accepted):
    assert hang_up("127.0.0.2", port=port_of(accepted), silent_s=0) == 0
    assert hang_up(LOCAL, port=1, silent_s=0) == 0
    accepted.sendall(b"answer")
    assert hang_up(LOCAL, port=port_of(accepted), silent_s=600) == 0


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_looking_for_connections_leaves_no_file_open(accepted, tmp_path):
    with (tmp_path / "file").open("w"):
        before = open_files()
        hang_up(LOCAL, port=port_of(accepted), silent_s=0)
        assert open_files() == before
