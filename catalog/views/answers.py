"""The page of an answer, the same as events for the panel on the search page, and when that panel is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.answers.answering import answer_steps
from catalog.answers.passages import find_passages
from catalog.answers.queries import Answer, AnswerQuery, Citation, Found, Sentence, Source, TakenBack
from catalog.errors import InvalidQuery
from catalog.http.events import EVENT_STREAM, event_response, guarded
from catalog.http.problems import error_response
from catalog.http.throttling import caller_name, seconds_to_wait
from catalog.models import Attribute
from catalog.views.parameters import Asked, read_address

#: Shorter searches are names and subjects, which the results answer.
LEAST_WORDS = 3
ASKING = re.compile(
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|should|will|would|has|have"
    r"|wer|was|wen|wem|wessen|welche[rsmn]?|wann|wo|warum|wieso|weshalb|wie|qui|que|quoi|quels?|quelles?|quand|où"
    r"|pourquoi|comment|quién|qué|cuál|cuándo|dónde|cómo|chi|cosa|quale|quando|dove|perché|come)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPanel:
    """The panel above the results. It loads by itself, or waits to be asked."""

    address: str
    fills_itself: bool


def answer_panel(asked: Asked, *, typing: bool) -> AnswerPanel | None:
    """The panel for a search, if it has one; while typing, only a question mark marks the end of a question."""
    text = asked.text
    if len(text.split()) < LEAST_WORDS:
        return None
    ends = text.endswith(("?", "？", "؟"))
    return AnswerPanel(address=answer_address(asked), fills_itself=ends or (not typing and bool(ASKING.match(text))))


def answer_address(asked: Asked) -> str:
    """The answer's page for a search, with its filters."""
    return f"{reverse('answers')}?{urlsplit(asked.at_page(1).address).query}"


class AnswerView(View):
    """A page for people or, if the request accepts events, the answer as it is produced, in HTML."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = read_address(request.GET, list(Attribute.objects.all()))
        if not asked.text:
            return redirect("search")
        if wait_s := seconds_to_wait("answers", caller_name(request)):
            response = error_response(request, 429, "throttled", f"Too many questions. Try again in {wait_s} s.")
            response["Retry-After"] = str(wait_s)
            return response
        try:
            found = find_passages(AnswerQuery(text=asked.text, filter=asked.filter, correct=asked.correct))
        except InvalidQuery as error:
            return error_response(request, 400, error.code, str(error))
        if EVENT_STREAM in request.headers.get("Accept", ""):
            return event_response(guarded(_events(request, asked, found)))
        return _page(request, asked, found)


def _page(request: HttpRequest, asked: Asked, found: Found) -> HttpResponse:
    *_, answer = answer_steps(found)
    response = render(request, "catalog/answer.html", _context(asked, answer))
    patch_vary_headers(response, ["Accept"])
    return response


def _events(request: HttpRequest, asked: Asked, found: Found) -> Iterator[tuple[str, Any]]:
    items = {source.marker: source.item for source in found.sources}
    for step in answer_steps(found):
        if isinstance(step, Sentence):
            said = {"sentence": step, "references": [(marker, items[marker]) for marker in step.markers]}
            yield "sentence", {"html": render_to_string("catalog/_answer_sentence.html", said)}
        elif isinstance(step, TakenBack):
            yield "taken_back", {}
        else:
            html = render_to_string("catalog/_answer.html", _context(asked, step), request)
            yield "answer", {"html": html}


def _context(asked: Asked, answer: Any) -> dict[str, Any]:
    assert isinstance(answer, Answer)
    items = {source.marker: source.item for source in answer.sources}
    return {
        "asked": asked,
        "answer": answer,
        "address": answer_address(asked),
        "said": [
            {"sentence": sentence, "references": [(marker, items[marker]) for marker in sentence.markers]}
            for sentence in answer.sentences
        ],
        "cited": [(citation.source, _parts(citation)) for citation in answer.citations],
        "others": _others(answer),
    }


def _others(answer: Answer) -> list[Source]:
    named = {citation.source.marker for citation in answer.citations}
    return [source for source in answer.sources if source.marker not in named]


def _parts(citation: Citation) -> list[tuple[str, bool]]:
    """The passage in parts, each with whether it is quoted in the answer."""
    text, at = citation.source.text, 0
    parts: list[tuple[str, bool]] = []
    for start, end in sorted(citation.quotes):
        parts += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [part for part in [*parts, (text[at:], False)] if part[0]]
