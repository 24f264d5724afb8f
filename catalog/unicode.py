"""One form for text that Unicode can write in several."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """The text in the form NFC: `é` as one character, not as an `e` with an accent after it.

    Files of some systems have the other form, which looks the same and is not equal. Items and what is asked of them
    are compared in this one; ids of other systems stay as they are.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)
