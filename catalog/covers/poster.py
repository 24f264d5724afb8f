"""A poster drawn from an item's own words, for items that come without a picture."""

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from catalog.covers.lettering import Lettering, fit_title, leading
from catalog.covers.motifs import MOTIFS
from catalog.covers.palettes import Palette, choose_palette
from catalog.covers.seed import Seed

TITLE_SIZES = (34, 30, 27, 24, 22, 20, 18, 16, 14, 12)
TITLE_BOX = (168, 64)
TITLE_TOP = 210
SUBTITLE_BOX = (150, 12)
MARGIN = 16

# Everything that XML 1.0 forbids, including surrogates.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SANS = "Helvetica Neue,Helvetica,Inter,Arial,sans-serif"
_GEOMETRIC = "Avenir Next,Futura,Century Gothic,Inter,Segoe UI,sans-serif"
_SERIF = "Iowan Old Style,Palatino Linotype,Palatino,Georgia,Liberation Serif,serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """The typeface of a title."""

    family: str
    weight: int
    tracking_em: float
    capitals: bool = False


FACES = (
    Face(family=_SANS, weight=700, tracking_em=-0.02),
    Face(family=_GEOMETRIC, weight=700, tracking_em=0.03, capitals=True),
    Face(family=_SERIF, weight=600, tracking_em=-0.01),
)


def cover_svg(*, title: str, subtitle: str, category: str, key: str) -> str:
    """Draw a 200 x 300 poster as SVG text; the same arguments always give the same poster.

    `key` chooses the motif, the lettering and one of the category's palettes; `subtitle` is a short line such as
    a year. Any text is safe: it is escaped, and characters that XML forbids are dropped.
    """
    seed = Seed(key)
    palette = choose_palette(category=category, seed=seed)
    motif = seed.choice(MOTIFS)(seed, palette)
    face = seed.choice(FACES)
    words = _printable(title)
    lettering = fit_title(
        words.upper() if face.capitals else words,
        width=int(TITLE_BOX[0] / (1 + max(face.tracking_em, 0))),
        height=TITLE_BOX[1],
        sizes=TITLE_SIZES,
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 300">'
        f'<path d="M0 0h200v300H0z" fill="{palette.ground}"/>'
        f'<svg width="200" height="200" viewBox="0 0 200 200">{motif}</svg>'
        f"{_title(lettering, face, palette)}{_footer(_printable(subtitle), palette)}</svg>"
    )


def _printable(text: str) -> str:
    return " ".join(_NOT_XML.sub("", text).split())


def _title(lettering: Lettering, face: Face, palette: Palette) -> str:
    size = lettering.size
    lines = "".join(
        f'<tspan x="{MARGIN}" y="{TITLE_TOP + size * 0.9 + index * leading(size):.1f}">{escape(line)}</tspan>'
        for index, line in enumerate(lettering.lines)
    )
    return (
        f'<text font-family="{face.family}" font-size="{size}" font-weight="{face.weight}" '
        f'letter-spacing="{size * face.tracking_em:.1f}" fill="{palette.ink}">{lines}</text>'
    )


def _footer(subtitle: str, palette: Palette) -> str:
    line = "".join(fit_title(subtitle, width=SUBTITLE_BOX[0], height=SUBTITLE_BOX[1], sizes=(9,)).lines)
    return (
        f'<path d="M16 277h168" stroke="{palette.ink}" stroke-opacity=".35"/>'
        f'<text x="{MARGIN}" y="289.5" font-family="{_SANS}" font-size="8.5" letter-spacing=".6" '
        f'fill="{palette.ink}" fill-opacity=".85">{escape(line)}</text>'
        f'<path d="M184 282.5v7" stroke="{palette.accent}" stroke-width="7"/>'
    )
