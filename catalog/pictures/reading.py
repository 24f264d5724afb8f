"""The bytes of an item's picture, from a file or over the network, within limits."""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings

from catalog.outgoing.endpoint import Endpoint, get
from catalog.outgoing.errors import EndpointError, EndpointFailed, EndpointMalformed, EndpointRefused
from catalog.pictures.addresses import is_local, local_path
from catalog.pictures.errors import PictureError, PictureRefused, PictureTooLarge, PictureUnavailable

MOST_REDIRECTS = 3
DEADLINE_S = 15.0
ACCEPTED = "image/jpeg, image/png, image/webp, image/avif, image/gif"


def read_picture(address: str) -> bytes:
    """The file at an address, whatever its content. Raises PictureError."""
    return _read_file(address) if is_local(address) else _fetch(address)


def _read_file(address: str) -> bytes:
    path = local_path(address)
    try:
        if not path.is_file():  # nor a pipe or a device, which may never end
            raise PictureUnavailable(f"There is no file {address} under PICTURE_ROOT.")
        with path.open("rb") as file:
            data = file.read(settings.PICTURE_MAX_BYTES + 1)
    except OSError as error:
        raise PictureUnavailable(f"The file {address} cannot be read: {error.strerror}.") from error
    if len(data) > settings.PICTURE_MAX_BYTES:
        raise PictureTooLarge.of_bytes(settings.PICTURE_MAX_BYTES)
    return data


def _fetch(address: str) -> bytes:
    """Follow a few redirects; each address on the way is checked like the first one."""
    for _ in range(1 + MOST_REDIRECTS):
        try:
            with get(_endpoint(address), accept=ACCEPTED) as reply:
                return reply.read()
        except EndpointFailed as error:
            if not error.location:
                raise PictureUnavailable(f"Its server refused it. {error}") from error
            address = _redirected(address, error.location)
        except EndpointError as error:
            raise _as_picture_error(error) from error
    raise PictureUnavailable(f"Its server redirects more than {MOST_REDIRECTS} times.")


def _redirected(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError as error:
        raise PictureRefused("Its server redirects to an invalid address.") from error


def _endpoint(address: str) -> Endpoint:
    return Endpoint(
        url=address,
        allow_private=settings.PICTURE_ALLOW_PRIVATE,
        read_timeout_s=DEADLINE_S / 2,
        deadline_s=DEADLINE_S,
        max_response_bytes=settings.PICTURE_MAX_BYTES,
    )


def _as_picture_error(error: EndpointError) -> PictureError:
    if isinstance(error, EndpointRefused):
        return PictureRefused(str(error))
    if isinstance(error, EndpointMalformed):
        return PictureTooLarge(str(error))
    return PictureUnavailable(str(error))
