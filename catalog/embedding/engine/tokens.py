"""Texts as tokens. The tokenizers library computes on all cores and without Python's lock, for many callers at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TokenIds = Sequence[int]
IntArray = NDArray[np.int64]


class Tokens:
    """A model's tokenizer, once as it cuts inputs to length and once without a limit."""

    def __init__(self, tokenizer_json: str, *, max_tokens: int, pad_id: int) -> None:
        from tokenizers import Tokenizer

        self._cut = Tokenizer.from_str(tokenizer_json)
        self._whole = Tokenizer.from_str(tokenizer_json)
        for tokenizer in (self._cut, self._whole):
            tokenizer.no_padding()
            tokenizer.no_truncation()
        self._cut.enable_truncation(max_tokens)
        self._pad_id = pad_id

    def ids(self, texts: Sequence[str]) -> list[TokenIds]:
        """The tokens of each text, special ones included, at least one: a text without any gets the padding token."""
        # Handing one text to other threads costs more than its tokens.
        encodings = [self._cut.encode(texts[0])] if len(texts) == 1 else self._cut.encode_batch_fast(list(texts))
        return [encoding.ids or [self._pad_id] for encoding in encodings]

    def offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """First and last-plus-one character of each token of each text, special tokens left out, however long."""
        encodings = self._whole.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.offsets for encoding in encodings]


def padded(tokens: Sequence[TokenIds], *, pad_id: int, multiple: int = 1) -> tuple[IntArray, IntArray]:
    """Ids and mask of shape (n, longest), padded on the right, the longest rounded up to a multiple.

    On the right for decoders too: a token sees only what is before it, so what is behind the last changes nothing.
    """
    longest = max(len(ids) for ids in tokens)
    width = -(-longest // multiple) * multiple
    ids = np.full((len(tokens), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(tokens), width), dtype=np.int64)
    for row, own in enumerate(tokens):
        ids[row, : len(own)] = own
        mask[row, : len(own)] = 1
    return ids, mask


def packed(tokens: Sequence[TokenIds], *, first_position: int = 0) -> tuple[IntArray, IntArray, NDArray[np.int32]]:
    """All tokens in one row without padding: ids and positions of shape (total,), and where each text begins.

    The last has shape (n + 1,), ends with the total, and is what variable-length attention takes as `cu_seqlens`.
    """
    starts = np.zeros(len(tokens) + 1, dtype=np.int32)
    np.cumsum([len(own) for own in tokens], out=starts[1:])
    ids = np.concatenate([np.asarray(own, dtype=np.int64) for own in tokens])
    positions = np.arange(len(ids), dtype=np.int64) - np.repeat(starts[:-1], np.diff(starts)) + first_position
    return ids, positions, starts
