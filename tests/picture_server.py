"""A small file server, over real connections."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

from PIL.Image import Image

from tests.chat_server import Reply, failing, raw
from tests.small_server import SmallServer


class PictureServer(SmallServer):
    """Answers each path with its reply, and other paths with 404; records the requested paths."""

    def __init__(self, **replies: Reply) -> None:
        self.replies = replies
        self.asked: list[str] = []
        super().__init__()

    def url(self, name: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{name}"

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.lstrip("/")
        self.asked.append(name)
        self.replies.get(name, failing(404))(handler)


def file_of(image: Image, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture_reply(image: Image, kind: str = "PNG") -> Reply:
    return raw([file_of(image, kind)], content_type="application/octet-stream")
