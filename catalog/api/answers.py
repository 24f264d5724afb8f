"""The API of answers: whole as JSON, or streamed as server-sent events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.answers.answering import answer_steps
from catalog.answers.passages import find_passages
from catalog.answers.queries import (
    DEFAULT_PASSAGES,
    MAX_PASSAGES,
    Answer,
    AnswerQuery,
    Citation,
    Found,
    Kind,
    Sentence,
    Source,
    TakenBack,
)
from catalog.api.search import ReadingView
from catalog.http.events import EVENT_STREAM, Event, event_response, guarded
from catalog.http.middleware import request_id
from catalog.http.serializers import StrictSerializer, checked
from catalog.search.queries import MAX_TEXT_CHARACTERS


class AnswerBody(StrictSerializer):
    q = serializers.CharField(max_length=MAX_TEXT_CHARACTERS, help_text="The question.")
    filter = serializers.CharField(default="", allow_blank=True, help_text="Which items may answer, as in a search.")
    passages = serializers.IntegerField(
        default=DEFAULT_PASSAGES,
        min_value=1,
        max_value=MAX_PASSAGES,
        help_text="The number of passages to answer from, at most.",
    )
    generate = serializers.BooleanField(
        default=True, help_text="Whether a language model may write the answer, if the site has one."
    )
    correct = serializers.BooleanField(default=True, help_text="Correct words that no item contains.")
    stream = serializers.BooleanField(default=False, help_text="Stream the answer while it is made.")
    version = serializers.IntegerField(default=None, allow_null=True, help_text="A live index version.")


class SpanSerializer(serializers.Serializer[Any]):
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class SourceSerializer(serializers.Serializer[Source]):
    marker = serializers.IntegerField(help_text="Its number in the text, in square brackets.")
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()
    passage = serializers.CharField()
    span = SpanSerializer(help_text="Position of the passage in the item's document, in characters from 0.")
    cosine = serializers.FloatField(allow_null=True)


class CitationSerializer(SourceSerializer):
    quotes = SpanSerializer(many=True, help_text="The parts of the passage quoted word for word in the answer.")


class SentenceSerializer(serializers.Serializer[Sentence]):
    text = serializers.CharField()
    markers = serializers.ListField(child=serializers.IntegerField())


class AnswerSerializer(serializers.Serializer[Answer]):
    question = serializers.CharField()
    answer = serializers.CharField(help_text="The sentences with their markers; empty when nothing is close.")
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    sentences = SentenceSerializer(many=True)
    citations = CitationSerializer(many=True, help_text="The passages that the answer cites.")
    passages = SourceSerializer(many=True, help_text="All passages that it could have cited.")
    note = serializers.CharField(help_text="Why the answer is empty, or not written by the language model.")
    dropped_sentences = serializers.IntegerField(
        help_text="Sentences by the language model that cite no existing passage."
    )
    degraded = serializers.BooleanField(help_text="True when search by meaning was unavailable.")
    degraded_reason = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    processing_ms = serializers.FloatField()
    request_id = serializers.CharField()


class EventStreamRenderer(renderers.JSONRenderer):
    """Lets callers ask for events; problems that occur before the first event are still JSON."""

    media_type = EVENT_STREAM
    format = "events"


class AnswersView(ReadingView):
    """Answer a question from the catalogue's passages."""

    throttle_scope = "answers"
    renderer_classes = [renderers.JSONRenderer, EventStreamRenderer]

    @extend_schema(
        operation_id="answer",
        request=AnswerBody,
        responses={
            (200, "application/json"): AnswerSerializer,
            (200, EVENT_STREAM): OpenApiResponse(
                str, description="Events sentence, taken_back and answer, or problem; the data of each is JSON."
            ),
        },
    )
    def post(self, request: Request) -> Response | StreamingHttpResponse:
        started = time.perf_counter()
        parameters = checked(AnswerBody(data=request.data))
        found = find_passages(
            AnswerQuery(
                text=parameters["q"],
                filter=parameters["filter"],
                passages=parameters["passages"],
                generate=parameters["generate"],
                correct=parameters["correct"],
                version_id=parameters["version"],
            )
        )
        events = _events(found, started=started, request_id=request_id(request._request))
        if parameters["stream"] or request.accepted_media_type == EVENT_STREAM:
            return event_response(guarded(events))
        *_, (_, data) = events
        return Response(data)


def _events(found: Found, *, started: float, request_id: str) -> Iterator[Event]:
    for step in answer_steps(found):
        if isinstance(step, Sentence):
            yield "sentence", {"text": step.text, "markers": step.markers}
        elif isinstance(step, TakenBack):
            yield "taken_back", {"reason": step.reason}
        else:
            processing_ms = round((time.perf_counter() - started) * 1000, 2)
            yield "answer", {**describe_answer(step), "processing_ms": processing_ms, "request_id": request_id}


def describe_answer(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.query.text,
        "answer": answer.text,
        "kind": answer.kind.value,
        "sentences": [{"text": sentence.text, "markers": sentence.markers} for sentence in answer.sentences],
        "citations": [_citation(citation) for citation in answer.citations],
        "passages": [_source(source) for source in answer.sources],
        "note": answer.note,
        "dropped_sentences": answer.dropped_sentences,
        "degraded": bool(answer.degraded_reason),
        "degraded_reason": answer.degraded_reason,
        "version": answer.version_id,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "marker": source.marker,
        "id": source.item.pk,
        "external_id": source.item.external_id,
        "title": source.item.title,
        "url": source.item.get_absolute_url(),
        "passage": source.text,
        "span": {"start": source.start, "end": source.end},
        "cosine": source.cosine,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {**_source(citation.source), "quotes": [{"start": start, "end": end} for start, end in citation.quotes]}
