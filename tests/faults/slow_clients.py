"""Clients that hold connections and do not continue."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import Self

HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\nContent-Length: 900000\r\n\r\n"
SLOW_BODY = b"POST /api/v1/search HTTP/1.1\r\n" + HOST + JSON
SLOW_HEAD = b"GET / HTTP/1.1\r\n" + HOST + b"X-Long: "


class SlowClients:
    """`count` connections that begin with `start` and then send a byte per second; disconnected clients reconnect."""

    def __init__(self, port: int, *, start: bytes, count: int, reads: bool = True) -> None:
        self._port, self._start, self._reads = port, start, reads
        self._connections = [self._connect() for _ in range(count)]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self.answers: set[bytes] = set()
        """The first lines of the answers they received."""

    def _connect(self) -> socket.socket:
        connection = socket.socket()
        if not self._reads:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.connect(("127.0.0.1", self._port))
        connection.sendall(self._start)
        connection.setblocking(False)
        return connection

    def _drip(self) -> None:
        while not self._stopped.wait(1):
            for place, connection in enumerate(self._connections):
                if self._reads and self._is_over(connection):
                    connection.close()
                    self._connections[place] = self._connect()
                elif self._reads:
                    with contextlib.suppress(OSError):
                        connection.send(b" ")

    def _is_over(self, connection: socket.socket) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            if not selector.select(0):
                return False
        try:
            answer = connection.recv(4096)
        except OSError:
            return True
        if answer:
            self.answers.add(answer.splitlines()[0])
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for connection in self._connections:
            connection.close()
