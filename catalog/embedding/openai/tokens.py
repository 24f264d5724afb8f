"""Estimated tokens: the endpoint's tokenizer is not available here."""

from __future__ import annotations

import re

# Roughly what byte-pair encodings do, erring towards too many: short words are one token each, digits go three to a
# token, other alphabets two letters, and everything else, such as Chinese characters, is one token per character.
TOKEN = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,3}|[À-ɏͰ-ۿ]{1,2}|\S")


def token_offsets(text: str) -> list[tuple[int, int]]:
    """First and last-plus-one character of each token."""
    return [match.span() for match in TOKEN.finditer(text)]


def cut(text: str, *, max_tokens: int) -> tuple[str, int]:
    """The text cut to `max_tokens` tokens, and its number of tokens."""
    if len(text) <= max_tokens:  # no token is shorter than a character
        return text, len(token_offsets(text))
    count = 0
    for count, match in enumerate(TOKEN.finditer(text), 1):
        if count == max_tokens:
            return text[: match.end()], count
    return text, count
