"""Titles broken into lines and sized to fit a cover."""

import unicodedata
from dataclasses import dataclass

MAX_LINES = 4
THIN = frozenset("iljI.,:;'!|()[]·’ ")
NARROW = frozenset("tfr")
WIDE = frozenset("mwMW@%&—")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """Lines of text and the font size at which they fit."""

    lines: tuple[str, ...]
    size: int


def text_width_em(text: str) -> float:
    """Estimate the width of text in units of its font size, based on DejaVu Bold: no fallback face is wider."""
    return sum(_glyph_width_em(glyph) for glyph in text)


def _glyph_width_em(glyph: str) -> float:
    if unicodedata.combining(glyph):
        return 0
    if unicodedata.east_asian_width(glyph) in "WF":
        return 1.02
    if glyph in THIN:
        return 0.4
    if glyph in NARROW:
        return 0.49
    if glyph in WIDE:
        return 1.08
    return 0.81 if glyph.isupper() else 0.7


def fit_title(title: str, *, width: int, height: int, sizes: tuple[int, ...]) -> Lettering:
    """Set a title as large as its box allows; one that is too long even at the smallest size is truncated."""
    words = title.split()
    for size in sizes:
        lines = _wrap(words, width / size)
        fits_down = len(lines) <= min(MAX_LINES, int(height // leading(size)))
        if fits_down and all(text_width_em(line) <= width / size for line in lines):
            return Lettering(lines=tuple(lines), size=size)
    smallest = sizes[-1]
    return Lettering(lines=_shorten(words, width / smallest, int(height // leading(smallest))), size=smallest)


def leading(size: int) -> float:
    """The distance from one baseline to the next."""
    return size * 1.08


def _wrap(words: list[str], limit_em: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width_em(joined) <= limit_em:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def _shorten(words: list[str], limit_em: float, max_lines: int) -> tuple[str, ...]:
    """Break even inside words, as scripts without spaces need, and end with an ellipsis if text is left over."""
    pieces = [piece for word in words for piece in _break_word(word, limit_em)]
    lines = _wrap(pieces, limit_em)
    kept = lines[:max_lines]
    if len(lines) > max_lines:
        last = kept[-1]
        while last and text_width_em(f"{last}…") > limit_em:
            last = last[:-1]
        kept[-1] = f"{last.rstrip()}…"
    return tuple(kept)


def _break_word(word: str, limit_em: float) -> list[str]:
    pieces = [""]
    for glyph in word:
        if text_width_em(pieces[-1] + glyph) > limit_em:
            pieces.append("")
        pieces[-1] += glyph
    return pieces
