"""Why a picture cannot be fetched or used. The messages are shown to people."""

from __future__ import annotations

from typing import Self


class PictureError(Exception):
    """There is no picture. `code` names the reason for programs."""

    code = "no_picture"
    may_pass = False
    """Whether a later retry may help."""


class PictureUnavailable(PictureError):
    """It does not exist, or its server does not respond."""

    code = "picture_unavailable"
    may_pass = True


class PicturesBusy(PictureError):
    """Too many pictures are being read right now. Try again in a few seconds."""

    code = "pictures_busy"
    may_pass = True

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class PictureRefused(PictureError):
    """Its address is one that this site does not read from."""

    code = "picture_refused"


class PictureTooLarge(PictureError):
    """It has more bytes or pixels than this site accepts."""

    code = "picture_too_large"

    @classmethod
    def of_bytes(cls, most: int) -> Self:
        return cls(f"A picture may have at most {most:,} bytes.")


class PictureUnsupported(PictureError):
    """The file is not a picture, or in a format that this site does not read."""

    code = "unsupported_picture"


class PictureBroken(PictureError):
    """The file begins like a picture but cannot be decoded."""

    code = "broken_picture"
