"""Texts as tokens. The tokenizers library uses all cores and releases Python's lock, for many callers at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TokenIds = Sequence[int]
IntArray = NDArray[np.int64]


#: Texts whose tokens are kept for a later call.
MOST_AHEAD = 4_096


class Tokens:
    """A model's tokenizer, once truncating inputs and once without a limit."""

    def __init__(self, tokenizer_json: str, *, max_tokens: int, pad_id: int) -> None:
        from tokenizers import Tokenizer

        self._cut = Tokenizer.from_str(tokenizer_json)
        self._whole = Tokenizer.from_str(tokenizer_json)
        for tokenizer in (self._cut, self._whole):
            tokenizer.no_padding()
            tokenizer.no_truncation()
        self._cut.enable_truncation(max_tokens)
        self._max_tokens = max_tokens
        self._pad_id = pad_id
        special = self._whole.encode("a").special_tokens_mask
        self._before = special.index(0) if 0 in special else 0
        self._after = sum(special) - self._before
        self._ahead: dict[str, TokenIds] = {}

    def ids(self, texts: Sequence[str]) -> list[TokenIds]:
        """The tokens of each text, including special ones, at least one: a text without any gets the padding token."""
        ahead = [self._ahead.pop(text, None) for text in texts] if self._ahead else [None] * len(texts)
        left = [text for text, known in zip(texts, ahead, strict=True) if known is None]
        # Handing a single text to other threads costs more than tokenizing it.
        encodings = [self._cut.encode(left[0])] if len(left) == 1 else self._cut.encode_batch_fast(left)
        found = iter([encoding.ids or [self._pad_id] for encoding in encodings])
        return [next(found) if known is None else known for known in ahead]

    def offsets(self, texts: Sequence[str], *, read_next: bool) -> list[list[tuple[int, int]]]:
        """First and last-plus-one character of each token of each text, without special tokens, however long.

        With `read_next` the tokens of texts that are not too long are kept for `ids`: most documents are one passage.
        """
        encodings = self._whole.encode_batch(list(texts))
        if read_next:
            if len(self._ahead) + len(texts) > MOST_AHEAD:
                self._ahead.clear()
            for text, encoding in zip(texts, encodings, strict=True):
                if 0 < len(encoding) <= self._max_tokens:
                    self._ahead[text] = encoding.ids
        return [encoding.offsets[self._before : len(encoding) - self._after] for encoding in encodings]


def padded(tokens: Sequence[TokenIds], *, pad_id: int, multiple: int = 1) -> tuple[IntArray, IntArray]:
    """Ids and mask of shape (n, longest), padded on the right, with the longest rounded up to a multiple.

    On the right for decoders too: a token sees only what precedes it, so padding after the last one changes nothing.
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
