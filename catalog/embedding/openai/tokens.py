"""Tokens by estimate: the endpoint's tokenizer is not at hand."""

from __future__ import annotations

import re

# About what byte-pair encodings make of texts, on the side of too many: short words are one token each, figures go
# three to a token, other alphabets two letters, and everything else, such as Chinese characters, is one by one.
TOKEN = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,3}|[À-ɏͰ-ۿ]{1,2}|\S")


def token_offsets(text: str) -> list[tuple[int, int]]:
    """First and last-plus-one character of each token."""
    return [match.span() for match in TOKEN.finditer(text)]


def cut(text: str, *, max_tokens: int) -> tuple[str, int]:
    """The text up to `max_tokens` tokens, and how many it has."""
    if len(text) <= max_tokens:  # no token is shorter than a character
        return text, len(token_offsets(text))
    count = 0
    for count, match in enumerate(TOKEN.finditer(text), 1):
        if count == max_tokens:
            return text[: match.end()], count
    return text, count
