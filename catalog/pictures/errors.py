"""Why a picture cannot be had or used. The messages are for people."""

from __future__ import annotations

from typing import Self


class PictureError(Exception):
    """There is no picture. `code` names the reason for programs."""

    code = "no_picture"
    may_pass = False
    """Whether trying again later may help."""


class PictureUnavailable(PictureError):
    """It is not there, or whoever has it does not answer."""

    code = "picture_unavailable"
    may_pass = True


class PicturesBusy(PictureError):
    """Many pictures are being read at this moment. Try again in a few seconds."""

    code = "pictures_busy"
    may_pass = True

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class PictureRefused(PictureError):
    """It is at an address that this site does not read from."""

    code = "picture_refused"


class PictureTooLarge(PictureError):
    """It has more bytes or pixels than this site takes."""

    code = "picture_too_large"

    @classmethod
    def of_bytes(cls, most: int) -> Self:
        return cls(f"A picture may have at most {most:,} bytes.")


class PictureUnsupported(PictureError):
    """The file is no picture, or of a format that this site does not read."""

    code = "unsupported_picture"


class PictureBroken(PictureError):
    """The file begins as a picture does and cannot be read as one."""

    code = "broken_picture"
