"""A small server of files, over real connections."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Self

from PIL.Image import Image

from tests.chat_server import Reply, failing, raw


class PictureServer:
    """Answers each path with its reply, and others with 404; keeps which were asked for."""

    def __init__(self, **replies: Reply) -> None:
        self.replies = replies
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def url(self, name: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self._server.server_address[1]}/{name}"

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
                owner.asked.append(self.path.lstrip("/"))
                owner.replies.get(self.path.lstrip("/"), failing(404))(self)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def file_of(image: Image, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture_reply(image: Image, kind: str = "PNG") -> Reply:
    return raw([file_of(image, kind)], content_type="application/octet-stream")
