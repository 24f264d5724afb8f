"""Decoding files as pictures: whatever they contain, the result is small, upright and RGB, or a reason why not."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

from catalog.pictures.decoding import LONGEST_SIDE_PIXELS, MOST_JPEG_SCANS, as_jpeg, decoded
from catalog.pictures.errors import PictureBroken, PictureTooLarge, PictureUnsupported
from tests.clip_checkpoints import picture
from tests.picture_server import file_of


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    colour = image.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_each_format_is_read_by_its_content(kind):
    image = decoded(file_of(picture("red"), kind))
    assert (image.mode, image.size) == ("RGB", (40, 30))
    red, green, blue = colour_at(image, 20, 15)
    assert red > 240
    assert max(green, blue) < 20


@pytest.mark.parametrize("data", [b"", b"GIF", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", b"x" * 9_999])
def test_what_is_no_picture_is_unsupported(data):
    with pytest.raises(PictureUnsupported):
        decoded(data)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM"])
def test_formats_that_are_not_taken_are_unsupported(kind):
    with pytest.raises(PictureUnsupported):
        decoded(file_of(picture("red", width=32, height=32), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_that_breaks_off_is_broken(kind):
    data = file_of(Image.effect_noise((200, 200), 50).convert("RGB"), kind)
    with pytest.raises(PictureBroken):
        decoded(data[: len(data) // 2])


def test_a_picture_of_too_many_pixels_is_refused_by_what_its_head_says(settings):
    settings.PICTURE_MAX_PIXELS = 1_000
    with pytest.raises(PictureTooLarge, match="1,000 pixels"):
        decoded(file_of(picture("red")))


@pytest.mark.parametrize("side", [30_000, 2**31 - 1])
def test_a_small_file_of_endless_pixels_is_not_decoded(side):
    with pytest.raises(PictureTooLarge):
        decoded(_png_of(side))


def test_a_large_picture_is_cut_down_and_keeps_its_shape():
    assert decoded(file_of(picture("red", width=1_600, height=400), "JPEG")).size == (LONGEST_SIDE_PIXELS, 160)


def test_a_picture_taken_sideways_is_put_upright():
    image = picture("red", width=40, height=20)
    image.paste("blue", (20, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated clockwise
    upright = decoded(file_of(image, "JPEG", exif=exif, quality=95))
    assert upright.size == (20, 40)
    assert colour_at(upright, 10, 5)[0] > 200
    assert colour_at(upright, 10, 35)[2] > 200


def test_what_is_transparent_is_white():
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert colour_at(decoded(file_of(image)), 5, 5) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_a_jpeg_made_of_it_holds_the_picture_alone(kind):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    file = file_of(picture("red"), kind, exif=exif, comment=b"secret place", xmp=b"secret place")
    assert b"secret place" in file
    data = as_jpeg(decoded(file))
    assert b"secret place" not in data
    assert decoded(data).size == (40, 30)


def test_a_jpeg_of_scans_without_end_is_not_decoded():
    file = file_of(picture("red"), "JPEG", progressive=True)
    scan = file[file.rindex(b"\xff\xda") : -2]
    assert decoded(file[:-2] + scan * 20 + file[-2:]).size == (40, 30)
    with pytest.raises(PictureTooLarge, match="scans"):
        decoded(file[:-2] + scan * MOST_JPEG_SCANS + file[-2:])


def test_the_more_pixels_the_fewer_scans(settings):
    file = file_of(picture("red"), "JPEG", progressive=True)
    scan = file[file.rindex(b"\xff\xda") : -2]
    many = file[:-2] + scan * 20 + file[-2:]
    settings.PICTURE_MAX_PIXELS = 40 * 30
    with pytest.raises(PictureTooLarge, match="at most 16 scans"):
        decoded(many)
    settings.PICTURE_MAX_PIXELS *= 2
    assert decoded(many).size == (40, 30)


def _png_of(side: int) -> bytes:
    """The header of a PNG that claims this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
