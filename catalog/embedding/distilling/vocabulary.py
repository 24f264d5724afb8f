"""The words and subwords that a student knows: its teacher's, and those of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "[UNK]"
CONTINUES = "##"
# Tokenizer marks for the beginning of a word; the third kind, CONTINUES, marks its continuation.
BEGINS = ("▁", "Ġ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Tokens by their number, UNKNOWN first; a token that continues a word begins with CONTINUES."""

    tokens: list[str]
    strip_accents: bool

    def texts(self) -> list[str]:
        """Each token as a text for the teacher."""
        return [token.removeprefix(CONTINUES) or token for token in self.tokens]

    def tokenizer(self) -> Tokenizer:
        """Words are runs of letters or single signs in lower case; within each, the longest tokens match first."""
        from tokenizers import Tokenizer
        from tokenizers.models import WordPiece
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        numbers = {token: place for place, token in enumerate(self.tokens)}
        tokenizer = Tokenizer(WordPiece(numbers, unk_token=UNKNOWN, continuing_subword_prefix=CONTINUES))
        tokenizer.normalizer = BertNormalizer(lowercase=True, strip_accents=self.strip_accents)
        tokenizer.pre_tokenizer = BertPreTokenizer()
        return tokenizer


def vocabulary(teacher: Any, words: Iterable[str]) -> Vocabulary:
    """The teacher's tokens that are words or subwords, in lower case, and these words.

    `teacher` is a tokenizer of the transformers library; its tokens are in the order of their numbers, which for most
    models is that of their frequency. Every character that occurs is also a token by itself, so that no word spelt with
    them is unknown.
    """
    tokens: dict[str, None] = {UNKNOWN: None}
    found = _teachers(teacher)
    characters = {character for token in found for character in token.removeprefix(CONTINUES)}
    words = [word.lower() for word in words]
    characters.update(character for word in words for character in word if character.isalnum())
    for token in (*found, *words, *sorted(characters), *(CONTINUES + one for one in sorted(characters))):
        tokens.setdefault(token, None)
    return Vocabulary(tokens=list(tokens), strip_accents=_ids(teacher, "é") == _ids(teacher, "e"))


def _ids(teacher: Any, text: str) -> Sequence[int]:
    ids: Sequence[int] = teacher(text, add_special_tokens=False)["input_ids"]
    return ids


def _teachers(teacher: Any) -> list[str]:
    by_number = sorted(teacher.get_vocab().items(), key=lambda entry: entry[1])
    special = set(teacher.all_special_tokens)
    marks_beginnings = any(token.startswith(BEGINS) for token, _ in by_number)
    found = []
    for token, _ in by_number:
        if token in special:
            continue
        text, begins = _text(token, teacher, marks_beginnings=marks_beginnings)
        text = text.lower()
        if text and (text.isalnum() or (len(text) == 1 and text.isprintable() and not text.isspace())):
            found.append(text if begins or not text.isalnum() else CONTINUES + text)
    return found


def _text(token: str, teacher: Any, *, marks_beginnings: bool) -> tuple[str, bool]:
    """The text of a token, and whether it begins a word."""
    if not marks_beginnings:
        return token.removeprefix(CONTINUES), not token.startswith(CONTINUES)
    begins = token.startswith(BEGINS)
    if token.startswith("Ġ") or teacher.backend_tokenizer.decoder.__class__.__name__ == "ByteLevel":
        return teacher.backend_tokenizer.decoder.decode([token]).strip(), begins
    return token.removeprefix("▁"), begins
