"""A question in, an answer out, whole or streamed."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from catalog.answers.chat import chat_endpoint, written
from catalog.answers.citations import CitationChecker
from catalog.answers.extractive import extract
from catalog.answers.passages import find_passages
from catalog.answers.prompt import messages
from catalog.answers.queries import Answer, AnswerQuery, Citation, Found, Kind, Sentence, Step, TakenBack
from catalog.outgoing.endpoint import Endpoint
from catalog.outgoing.errors import EndpointError

logger = logging.getLogger(__name__)


def answer(query: AnswerQuery) -> Answer:
    """Answer a question. Raises InvalidQuery only: if anything else fails, there is an extractive answer."""
    *_, last = answer_steps(find_passages(query))
    assert isinstance(last, Answer)
    return last


def answer_steps(found: Found) -> Iterator[Step]:
    """The answer from these passages, step by step; the last step is the whole answer.

    Sentences of a language model come one by one, checked. If it fails after some of them, they are taken back and an
    extractive answer follows.
    """
    endpoint = chat_endpoint()
    if endpoint is None or not found.query.generate or not found.sources:
        yield from _extracted(found)
    else:
        yield from _generated(found, endpoint)


def _extracted(found: Found, *, note: str = "") -> Iterator[Step]:
    extracted = extract(found, note=note)
    yield from extracted.sentences
    yield extracted


def _generated(found: Found, endpoint: Endpoint) -> Iterator[Step]:
    checker = CitationChecker(passages=len(found.sources))
    said: list[Sentence] = []
    try:
        for piece in written(endpoint, messages(found.query.text, found.sources)):
            for sentence in checker.feed(piece):
                said.append(sentence)
                yield sentence
        for sentence in checker.finish():
            said.append(sentence)
            yield sentence
        failure = "" if said else _nothing_usable(checker)
    except EndpointError as error:
        logger.warning("The language model gave no answer: %s", error)
        failure = f"The language model gave no answer. {error}"
    if failure:
        if said:
            yield TakenBack(reason=failure)
        yield from _extracted(found, note=failure)
    else:
        yield _whole(found, said, dropped=checker.dropped)


def _nothing_usable(checker: CitationChecker) -> str:
    if checker.dropped:
        return "The language model cited no passage for what it wrote, so it is left out."
    return "The language model found no answer in the passages. These are the closest sentences."


def _whole(found: Found, said: list[Sentence], *, dropped: int) -> Answer:
    named = {marker for sentence in said for marker in sentence.markers}
    return Answer(
        query=found.query,
        kind=Kind.GENERATED,
        sentences=tuple(said),
        citations=tuple(Citation(source=source) for source in found.sources if source.marker in named),
        sources=found.sources,
        dropped_sentences=dropped,
        degraded_reason=found.degraded_reason,
        version_id=found.version.pk if found.version else None,
    )
