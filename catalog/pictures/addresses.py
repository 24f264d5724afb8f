"""The address of an item's picture: a URL, or a path under PICTURE_ROOT."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from catalog.pictures.errors import PictureRefused

_check_url = URLValidator(schemes=["http", "https"])
#: Relative, of plain names, with a picture's extension. The actual format is determined by the content.
_PATH = re.compile(r"[\w .+@()-]+(/[\w .+@()-]+)*\.(jpe?g|png|webp|gif|avif)", re.IGNORECASE)
NEEDED = "Use an http or https URL, or the path of a picture under PICTURE_ROOT such as covers/alien.jpg."


def check_picture_address(address: str) -> None:
    """Raises ValidationError."""
    if is_local(address):
        if not _PATH.fullmatch(address) or ".." in address.split("/") or "." in address.split("/"):
            raise ValidationError(NEEDED, code="invalid")
        return
    try:
        _check_url(address)
    except ValidationError as error:
        raise ValidationError(NEEDED, code="invalid") from error


def is_local(address: str) -> bool:
    return "://" not in address


def local_path(address: str) -> Path:
    """The file of a local picture, with links resolved. Raises PictureRefused if it is outside PICTURE_ROOT."""
    root = Path(settings.PICTURE_ROOT).resolve()
    try:
        path = (root / address).resolve()
    except (RuntimeError, ValueError) as error:  # circular links, a NUL
        raise PictureRefused("The path does not exist.") from error
    if not path.is_relative_to(root):
        raise PictureRefused("The path is outside PICTURE_ROOT.")
    return path
