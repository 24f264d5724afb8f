"""Checks what a language model wrote: only sentences that cite an existing passage are passed on.

The text is treated as plain text, whatever it contains. Markdown links and images are reduced to their words, so that a
client that renders it loads and links nothing that a passage made the model write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.answers.prompt import NO_ANSWER
from catalog.answers.queries import Sentence
from catalog.answers.sentences import boundaries

LONGEST_MARKER = 40
# [1], [1, 2], [2-4], [^1], 【1】
MARKER = re.compile(rf"[\[【]\s*\^?(\d[\d\s,;^–-]{{0,{LONGEST_MARKER}}})[\]】]")
MARKERS_AFTER = re.compile(rf"(?:[ \t]*{MARKER.pattern})*[.,;:!?]*")
RANGE = re.compile(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?")
LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|<(https?://[^>\s]*)>")
BULLET = re.compile(r"^\s*(?:[-*•#]+|\d{1,2}[.)])\s+")
EMPHASIS = re.compile(r"\*\*|__|`")


class CitationChecker:
    """Takes the text in pieces as they arrive and yields its sentences once complete.

    A sentence that cites none of the passages 1 to `passages` is dropped, and counted in `dropped`.
    """

    def __init__(self, *, passages: int) -> None:
        self._passages = passages
        self._rest = ""
        self.dropped = 0

    def feed(self, piece: str) -> Iterator[Sentence]:
        self._rest += piece
        while (end := self._whole_until()) > 0:
            sentence, self._rest = self._rest[:end], self._rest[end:]
            yield from self._checked(sentence)

    def finish(self) -> Iterator[Sentence]:
        """The text has ended, so the rest is a sentence too."""
        yield from self.feed("\n")
        rest, self._rest = self._rest, ""
        yield from self._checked(rest)

    def _whole_until(self) -> int:
        """The end of the first sentence, including its markers; 0 while more markers may follow."""
        for end in boundaries(self._rest):
            after = MARKERS_AFTER.match(self._rest, end)
            end = after.end() if after else end
            following = self._rest[end:].lstrip(" \t")
            if self._rest[:end].strip() and following and not following.startswith(("[", "【")):
                return end
            if len(following) > LONGEST_MARKER and following.startswith(("[", "【")):
                return end
        return 0

    def _checked(self, text: str) -> Iterator[Sentence]:
        text = LINK.sub(lambda link: link[1] or "", text)
        markers = tuple(
            dict.fromkeys(
                number for group in MARKER.findall(text) for number in _numbers(group) if 1 <= number <= self._passages
            )
        )
        plain = " ".join(EMPHASIS.sub("", BULLET.sub("", MARKER.sub("", text))).split())
        plain = re.sub(r"\s+([.,;:!?])", r"\1", plain)
        if not re.search(r"\w", plain) or plain.strip(" .!\"'").upper() == NO_ANSWER:
            return
        if markers:
            yield Sentence(text=plain, markers=markers)
        else:
            self.dropped += 1


def _numbers(group: str) -> Iterator[int]:
    """The numbers named by a group such as `1, 3-5`."""
    for first, last in RANGE.findall(group):
        yield from range(int(first), int(last or first) + 1)
