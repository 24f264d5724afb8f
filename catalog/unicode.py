"""Normalises text that Unicode can write in several forms."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """The text in the form NFC: `é` as one character, not as an `e` followed by an accent.

    Files of some systems use the other form, which looks the same but is not equal. Items and queries are compared in
    this one; ids of other systems are left unchanged.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)
