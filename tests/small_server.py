"""A small HTTP server in a thread, for servers that tests talk to over real connections."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class SmallServer:
    """Serves on its own port, or the given one, for the duration of a `with` block."""

    def __init__(self, *, port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_error(404)

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        handler.send_error(404)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.get(self)
                self.close_connection = True

            def do_POST(self) -> None:
                owner.post(self, self.rfile.read(int(self.headers["Content-Length"])))
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler
