"""Decodes files as pictures. They may come from anybody, so their cost is limited before they are decoded."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from django.conf import settings

from catalog.pictures.errors import PictureBroken, PictureError, PictureTooLarge, PictureUnsupported

if TYPE_CHECKING:
    from PIL.Image import Image

#: Determined by the content, whatever the name. Formats that can contain programs or refer to other files are excluded.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
#: Start-of-scan markers in a JPEG: photographs have a dozen. Each scan is decoded over all pixels, however few its
#: bytes.
MOST_JPEG_SCANS = 100
#: The same for pictures with the most pixels allowed, for which a hundred scans would take five seconds.
MOST_JPEG_SCANS_OF_THE_LARGEST = 16
_SCAN = b"\xff\xda"
#: Encoders use fewer pixels than that.
LONGEST_SIDE_PIXELS = 640


def decoded(data: bytes) -> Image:
    """The picture in a file: upright, in RGB, transparency on white, scaled down to LONGEST_SIDE_PIXELS.

    Of an animation, the first frame. May briefly take some hundred megabytes, so callers take a `picture_turn`. Raises
    PictureTooLarge, PictureUnsupported and PictureBroken.
    """
    if len(data) > settings.PICTURE_MAX_BYTES:
        raise PictureTooLarge.of_bytes(settings.PICTURE_MAX_BYTES)
    try:
        return _decoded(data)
    except PictureError:
        raise
    except Exception as error:  # decoders raise errors of any kind
        raise PictureBroken(f"The picture is broken: {str(error)[:200] or type(error).__name__}.") from error


def _decoded(data: bytes) -> Image:
    import PIL.Image
    from PIL import ImageOps, UnidentifiedImageError

    side = (LONGEST_SIDE_PIXELS, LONGEST_SIDE_PIXELS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sizes, which are checked below
        try:
            image = PIL.Image.open(BytesIO(data), formats=FORMATS)
        except UnidentifiedImageError as error:
            raise PictureUnsupported(f"This is not a picture in one of the formats {', '.join(FORMATS)}.") from error
        except PIL.Image.DecompressionBombError as error:
            raise _too_many_pixels() from error
    pixels = image.width * image.height
    if pixels > settings.PICTURE_MAX_PIXELS:
        raise _too_many_pixels()
    if image.format in ("JPEG", "MPO") and data.count(_SCAN) > (most := _most_scans(pixels)):
        raise PictureTooLarge(f"A JPEG of {pixels:,} pixels may have at most {most} scans.")
    image.draft("RGB", side)  # makes the decoder scale a JPEG down while decoding
    image.thumbnail(side)
    return _on_white(ImageOps.exif_transpose(image))


def _most_scans(pixels: int) -> int:
    return min(MOST_JPEG_SCANS, MOST_JPEG_SCANS_OF_THE_LARGEST * settings.PICTURE_MAX_PIXELS // max(pixels, 1))


def _on_white(image: Image) -> Image:
    import PIL.Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    shown = image.convert("RGBA")
    white = PIL.Image.new("RGBA", shown.size, "white")
    return PIL.Image.alpha_composite(white, shown).convert("RGB")


def _too_many_pixels() -> PictureTooLarge:
    return PictureTooLarge(f"A picture may have at most {settings.PICTURE_MAX_PIXELS:,} pixels.")


def as_jpeg(image: Image) -> bytes:
    """The picture alone, without anything else its file contained."""
    file = BytesIO()
    image.save(file, "JPEG", quality=88, comment=b"")  # otherwise it keeps a comment it was read with
    return file.getvalue()
